/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors as the RFCs print them. */
#ifndef SRTP_HEX_H
#define SRTP_HEX_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Returns how many bytes. */
static inline uint16_t hex_read(const char *text, uint8_t *bytes)
{
	uint16_t length = 0;
	unsigned int byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		bytes[length++] = byte;
	return length;
}

#endif
