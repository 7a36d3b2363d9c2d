/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names that came with a request and that nobody knows: where the control plane can look them up
 * (it fetches keys from Redis), they are handed to it, and their requests are left unanswered once:
 * the client's retransmission finds the key. All workers write here, without a lock.
 */
#ifndef TURN_WANTED_H
#define TURN_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/turn.h>

#define WANTED_NAMES 256  /* that wait for the control plane; more come with a retransmission */
#define WANTED_SLOTS 4096 /* names that are remembered, direct-mapped by their keyed hash */
/* How long an answer is waited for, and how long one of "unknown" holds; seconds. */
#define WANTED_WAIT_S   2
#define WANTED_RETRY_S  5
#define WANTED_ABSENT_S 10

struct wanted_name {
	uint16_t length;
	uint16_t pad;
	char name[SLUICE_TURN_USER_MAX];
};

struct rte_ring;

struct wanted {
	bool on; /* atomic; control thread: somebody fetches */
	struct rte_ring *names;
	/* atomic: hash in the upper 39 bits, whether it is known to be absent, worker.now in 24 */
	uint64_t slots[WANTED_SLOTS];
};

/* Somebody fetches keys. */
static inline bool wanted_on(const struct wanted *wanted)
{
	return __atomic_load_n(&wanted->on, __ATOMIC_RELAXED);
}

struct wanted *wanted_create(void);
void wanted_destroy(struct wanted *wanted);

enum wanted_answer {
	WANTED_ABSENT,  /* nobody fetches, or there is no such user */
	WANTED_ASKED,   /* the name has been handed out */
	WANTED_PENDING, /* it was before, and the answer may still come */
	WANTED_FULL,    /* too many names wait: this one may be asked for again */
};

/* Worker. */
enum wanted_answer wanted_ask(struct wanted *wanted, uint64_t hash, const void *name, size_t length,
                              uint32_t now);
/* Worker: a known key is due to be fetched again; it serves on meanwhile. */
void wanted_refresh(struct wanted *wanted, uint64_t hash, const void *name, size_t length,
                    uint32_t now);

/* Control thread. */
void wanted_absent(struct wanted *wanted, uint64_t hash, uint32_t now);
bool wanted_take(struct wanted *wanted, struct wanted_name *name);

#endif
