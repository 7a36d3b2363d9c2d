/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ledger that another process wrote. Nothing in it is believed: its writer may have died in the
 * midst of a store, be of another version, or be no ledger's writer at all.
 */
#ifndef LEDGER_IMAGE_H
#define LEDGER_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/ledger.h>

struct ledger_taken; /* ledger/ledger.h */

struct ledger_section {
	const uint8_t *records;
	uint32_t count; /* 0: there is no such section */
	uint16_t record_size;
};

struct ledger_image {
	const uint8_t *bytes;
	size_t size;
	bool mapped;    /* by ledger_image_open */
	bool same_boot; /* its times are ours */
	uint64_t made;  /* Unix time, seconds */
	uint32_t version;
	struct ledger_section sections[SLUICE_LEDGER_KINDS];
};

/* 0; -ENOENT: no file; or -errno, with a line in why (SLUICE_API_ERROR_MAX bytes). */
int ledger_image_open(struct ledger_image *image, const char *path, char *why);
/* The same of bytes that are there while the image is in use, aligned to 8. */
int ledger_image_read(struct ledger_image *image, const void *bytes, size_t size, char *why);
void ledger_image_close(struct ledger_image *image);

/* The kernel's boot id. */
void ledger_boot_id(uint8_t id[16]);

enum ledger_record {
	LEDGER_NONE,
	LEDGER_WHOLE,
	LEDGER_TORN,
	LEDGER_BROKEN,
};

/* A copy of the record, of `size` bytes whatever the file's records have; only of a whole one is
 * *record anything. index: below the section's count. */
enum ledger_record ledger_image_record(const struct ledger_image *image,
                                       enum sluice_ledger_kind kind, uint32_t index, void *record,
                                       size_t size);

/* The same of a record that is to be taken over: what is there and not whole is counted. */
bool ledger_image_take(const struct ledger_image *image, struct ledger_taken *taken,
                       enum sluice_ledger_kind kind, uint32_t index, void *record, size_t size);

/* The time of a record that is torn: false where it is wrong as well. */
bool ledger_image_expires(const struct ledger_image *image, enum sluice_ledger_kind kind,
                          uint32_t index, uint32_t *expires);

static inline uint32_t ledger_image_count(const struct ledger_image *image,
                                          enum sluice_ledger_kind kind)
{
	return image->sections[kind].count;
}

#endif
