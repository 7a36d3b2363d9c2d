/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the header extensions of a received packet say to us (RFC 8285), under the ids that its
 * sender has agreed to. Elements are walked once; they may lie about their lengths.
 */
#ifndef MEDIA_EXT_READ_H
#define MEDIA_EXT_READ_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/media.h>

/* Ids of one sender. */
struct ext_ids {
	bool any;
	uint8_t ids[SLUICE_EXTENSIONS]; /* by enum sluice_extension; 0: none */
	uint8_t kinds[16];              /* the other way for ids of one byte: enum + 1; 0: none */
};

/* A text or bytes of the packet. NULL: not there. */
struct ext_bytes {
	const uint8_t *bytes;
	uint8_t length;
};

struct ext_said {
	struct ext_bytes mid, rid, repaired_rid, dependency;
	uint32_t send_time; /* 24 bits, 6.18 s */
	uint16_t transport_number;
	bool has_send_time, has_transport_number;
	bool truncated; /* an element would run over the end */
};

void ext_ids_set(struct ext_ids *ids, const uint8_t extensions[SLUICE_EXTENSIONS_MAX]);

/* bytes: of elements, without the extension's own header. */
void ext_read(const struct ext_ids *ids, uint16_t profile, const uint8_t *bytes, uint16_t length,
              struct ext_said *said);

/* text: with a NUL. */
bool ext_bytes_are(const struct ext_bytes *bytes, const char *text);

#endif
