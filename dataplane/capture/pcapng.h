/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcapng's blocks (draft-ietf-opsawg-pcapng), written in this host's byte order into a buffer that
 * its owner empties. Times are nanoseconds since 1970.
 */
#ifndef CAPTURE_PCAPNG_H
#define CAPTURE_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

struct pcapng {
	uint8_t *bytes;
	size_t length, room;
};

/* Any block but a packet's fits into so much; that of a packet needs its bytes besides. */
#define PCAPNG_BLOCK_MAX 1024

struct pcapng_interface {
	const char *name;
	const char *description;
	const uint8_t *mac; /* 6 bytes */
	uint32_t snap;
};

enum pcapng_direction { PCAPNG_UNKNOWN, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

struct pcapng_packet {
	uint32_t interface; /* of this section, counted from 0 */
	uint64_t time;
	uint32_t length, captured;
	const uint8_t *data;
	uint32_t queue;
	enum pcapng_direction direction;
	const char *comment;
};

struct pcapng_statistics {
	uint32_t interface;
	uint64_t begin, end; /* times */
	uint64_t received;   /* what passed the filter ... */
	uint64_t lost;       /* ... and was not written */
	uint64_t written;
};

/* The caller has seen to the room. */
void pcapng_section(struct pcapng *pcapng, const char *application, const char *comment);
void pcapng_interface(struct pcapng *pcapng, const struct pcapng_interface *interface);
void pcapng_packet(struct pcapng *pcapng, const struct pcapng_packet *packet);
void pcapng_statistics(struct pcapng *pcapng, const struct pcapng_statistics *statistics);

#endif
