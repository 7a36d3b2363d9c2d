/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of include/sluice/ledger.h, as this process writes it. A start makes a new file beside
 * the old one, takes over what the old one holds, and puts the new one in its place before the
 * first packet: whatever ends the start, one whole file is there.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_hash_crc.h>

#include <sluice/ledger.h>

struct ledger_image;

/* Records of one kind; a table that is not there has a count of 0. */
struct ledger_table {
	uint8_t *records;
	uint32_t count;
	uint16_t record_size;
	uint16_t kind;
};

/* What a start took: written by the control thread before the workers run. */
struct ledger_taken {
	uint32_t records; /* taken over, of all kinds */
	uint32_t expired; /* their time had run out */
	uint32_t torn;    /* the writer died over them */
	uint32_t broken;  /* the check, or what they say, is wrong */
	uint32_t no_room; /* the tables of this start are smaller */
	uint32_t foreign; /* what they belong to was not taken, or is configured no more */
	uint64_t ns;      /* that it took */
	/* of the file that was found */
	uint32_t found; /* enum sluice_ledger_found */
	uint32_t version;
	uint64_t age_s;
};

struct ledger {
	/* const after start */
	uint8_t *map;
	size_t size;
	uint64_t made; /* Unix time, seconds */
	char path[PATH_MAX], path_new[PATH_MAX + 8];
	struct ledger_image *old; /* control thread, until ledger_commit: what is taken; or NULL */
	struct ledger_table tables[SLUICE_LEDGER_KINDS];
	/* atomic; control thread: CLOCK_BOOTTIME, seconds, when worker.now was 0 */
	uint32_t epoch;
	struct ledger_taken taken; /* control thread */
	/* control thread: this host's keys, as they were written last */
	struct sluice_ledger_keys keys;
	bool keys_taken; /* they are those of the dataplane before */
	bool committed;
};

struct ledger_shape {
	uint16_t kind;
	uint16_t record_size;
	uint32_t count; /* 0: no section */
};

/* type: of include/sluice/ledger.h, a struct's tag. */
#define LEDGER_SHAPE(kind, type, count)                                                            \
	(struct ledger_shape)                                                                      \
	{                                                                                          \
		kind, sizeof(struct type), count                                                   \
	}

/*
 * Makes the new file and opens the one that is there. NULL with a line in why (SLUICE_API_ERROR_MAX
 * bytes) where there is no room for it.
 */
struct ledger *ledger_create(const char *path, const struct ledger_shape *shapes, uint32_t count,
                             char *why);
/* The new file takes the old one's place; what is not taken by now never will be. 0 or -errno. */
int ledger_commit(struct ledger *ledger);
/* Those of the old file that are whole, as they are now: a dataplane whose place is taken has
 * worked since ledger_create. False: there are none. */
bool ledger_keys_newest(const struct ledger *ledger, struct sluice_ledger_keys *newest);
/* Control thread: `keys` has changed. */
void ledger_keys_write(struct ledger *ledger);
/* The file stays where it is, if it was committed. */
void ledger_close(struct ledger *ledger);
/* How many records are there now: a walk over the table. */
uint32_t ledger_records(const struct ledger_table *table);
/* Records of another life must not be found by a later one. */
void ledger_remove(const char *path);

/* Control thread: worker.now of this moment. */
void ledger_clock_set(struct ledger *ledger, uint32_t now);
/* CLOCK_BOOTTIME, seconds. */
uint32_t ledger_boottime(void);

/* Times of the workers' clock in the file's, and back. */
static inline uint32_t ledger_time(const struct ledger *ledger, uint32_t worker_time)
{
	return worker_time + __atomic_load_n(&ledger->epoch, __ATOMIC_RELAXED);
}

/* -- records -- */

/* NULL: there is no ledger, or no room in it. */
static inline const struct ledger_table *ledger_at(const struct ledger *ledger,
                                                   enum sluice_ledger_kind kind, uint32_t index)
{
	if (ledger == NULL || index >= ledger->tables[kind].count)
		return NULL;
	return &ledger->tables[kind];
}

static inline uint64_t *ledger_words(const struct ledger_table *table, uint32_t index)
{
	return (uint64_t *)(table->records + (size_t)index * table->record_size);
}

/* words: of the record, its head (with 0 for a check) included, and without the time. */
static inline uint32_t ledger_check(uint16_t kind, uint32_t index, const uint64_t *words,
                                    uint32_t size)
{
	uint32_t check = rte_hash_crc_8byte((uint64_t)kind << 32 | index, words[0] >> 32);

	for (uint32_t i = 2; i < size / 8; i++)
		check = rte_hash_crc_8byte(words[i], check);
	return check;
}

/* Of a header, with 0 for a check. */
static inline uint32_t ledger_header_check(const struct sluice_ledger_header *header)
{
	uint64_t words[sizeof(*header) / 8];
	uint32_t check = UINT32_MAX;

	memcpy(words, header, sizeof(words));
	for (uint32_t i = 0; i < sizeof(*header) / 8; i++)
		check = rte_hash_crc_8byte(words[i], check);
	return check;
}

/* The record will be written soon: its lines are far away, and its page's translation too. */
static inline void ledger_expect(const struct ledger_table *table, uint32_t index)
{
	const uint8_t *record = (const uint8_t *)ledger_words(table, index);

	for (uint32_t at = 0; at < table->record_size; at += RTE_CACHE_LINE_SIZE)
		__builtin_prefetch(record + at, 1);
}

/*
 * The object's owner, one at a time. The record's `life` is the caller's, the rest of its head is
 * written here. size: the kind's, a constant. Some stores: no lock, no system call.
 */
static inline __attribute__((always_inline)) void
ledger_write(const struct ledger_table *table, uint32_t index, void *record, uint32_t size)
{
	uint64_t *to = ledger_words(table, index), *from = record;
	struct sluice_ledger_head *head = record, *there = (struct sluice_ledger_head *)to;
	uint16_t writing = __atomic_load_n(&there->sequence, __ATOMIC_RELAXED) | 1;

	__atomic_store_n(&there->sequence, writing, __ATOMIC_RELAXED);
	head->sequence = (uint16_t)(writing + 1) != 0 ? (uint16_t)(writing + 1) : 2;
	head->expires_inverse = ~head->expires;
	head->check = 0;
	head->check = ledger_check(table->kind, index, from, size);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (uint32_t i = 1; i < size / 8; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	__atomic_store_n(&to[0], from[0], __ATOMIC_RELEASE);
}

/* The record that is there holds until another time: one store. */
static inline void ledger_renew(const struct ledger_table *table, uint32_t index, uint32_t expires)
{
	const uint32_t word[2] = {expires, ~expires};
	uint64_t whole;

	memcpy(&whole, word, sizeof(whole));
	__atomic_store_n(&ledger_words(table, index)[1], whole, __ATOMIC_RELAXED);
}

/* No record is there any more. */
static inline void ledger_clear(const struct ledger_table *table, uint32_t index)
{
	__atomic_store_n(ledger_words(table, index), 0, __ATOMIC_RELEASE);
}

/* And nothing of what it held: keys. */
static inline void ledger_wipe(const struct ledger_table *table, uint32_t index)
{
	uint64_t *words = ledger_words(table, index);

	ledger_clear(table, index);
	for (uint32_t i = 1; i < table->record_size / 8u; i++)
		__atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

static inline bool ledger_has(const struct ledger_table *table, uint32_t index)
{
	const struct sluice_ledger_head *head =
	        (const struct sluice_ledger_head *)ledger_words(table, index);

	return __atomic_load_n(&head->sequence, __ATOMIC_ACQUIRE) != 0;
}

#endif
