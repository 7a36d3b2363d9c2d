/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields in network order, wherever they lie. */
#ifndef MEDIA_BYTES_H
#define MEDIA_BYTES_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

static inline uint16_t read_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t read_be32(const uint8_t *bytes)
{
	rte_be32_t value;

	memcpy(&value, bytes, sizeof(value));
	return rte_be_to_cpu_32(value);
}

static inline void write_be16(uint8_t *bytes, uint16_t value)
{
	rte_be16_t wire = rte_cpu_to_be_16(value);

	memcpy(bytes, &wire, sizeof(wire));
}

static inline void write_be32(uint8_t *bytes, uint32_t value)
{
	rte_be32_t wire = rte_cpu_to_be_32(value);

	memcpy(bytes, &wire, sizeof(wire));
}

#endif
