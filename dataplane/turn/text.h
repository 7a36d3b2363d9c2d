/* SPDX-License-Identifier: BSD-3-Clause */
/* Names come from the wire and from sockets: bytes, not strings. What people read of them is
 * printable. */
#ifndef TURN_TEXT_H
#define TURN_TEXT_H

#include <stddef.h>

#include <sluice/api.h>

#define TEXT_ADDR_MAX 56 /* "[IPv6]:port" */

/*
 * Bytes as ASCII, others as \xNN, cut at the last whole one that fits; what is left of `text` is
 * zeroed. A text that fills its room has no final NUL.
 */
void text_printable(char *text, size_t room, const void *bytes, size_t length);

/* "1.2.3.4:5", "[::1]:5"; without the port where it is 0. Returns text. */
const char *text_addr(char text[TEXT_ADDR_MAX], const struct sluice_addr *addr);

#endif
