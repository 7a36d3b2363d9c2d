/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads back what a capture wrote, and stops the test at whatever is malformed. */
#ifndef PCAPNG_READER_H
#define PCAPNG_READER_H

#include <stddef.h>
#include <stdint.h>

#define READER_PACKETS    8192
#define READER_INTERFACES 16

struct read_packet {
	uint32_t interface, queue, flags;
	uint64_t time;
	uint32_t length, captured;
	const uint8_t *data;
	char comment[160];
};

struct read_interface {
	char name[64];
	uint64_t received, lost, written; /* of its last statistics block */
	uint32_t statistics;              /* blocks */
};

struct read_file {
	uint8_t *bytes;
	size_t size;
	char comment[300];
	uint32_t n_packets, n_interfaces;
	struct read_packet packets[READER_PACKETS];
	struct read_interface interfaces[READER_INTERFACES];
};

/* From the descriptor's beginning where it has one, to its end. */
void pcapng_read(struct read_file *file, int fd);
void pcapng_free(struct read_file *file);

#endif
