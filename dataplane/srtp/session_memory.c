/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp/session_memory.h"

#include <pthread.h>
#include <string.h>

#include <sys/mman.h>

#define CHUNK ((size_t)2 << 20) /* a huge page */
#define SIZES 4

struct free_piece {
	struct free_piece *next;
};

/* Pieces of one size. */
struct pieces {
	size_t size; /* 0: not in use yet */
	struct free_piece *free;
	uint8_t *at, *end; /* what is left of the newest chunk */
};

/* The process': engines have no place of their own. */
static struct {
	pthread_mutex_t lock;
	struct pieces pieces[SIZES];
	size_t used; /* atomic */
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The kernel places a mapping anywhere: one more is mapped, and the ends are given back. */
static uint8_t *chunk_map(void)
{
	uint8_t *start =
	        mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (start == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)start & (CHUNK - 1);
	if (before != 0)
		munmap(start, before);
	munmap(start + before + CHUNK, CHUNK - before);
	/* best effort: keys should not be in a core file */
	madvise(start + before, CHUNK, MADV_HUGEPAGE);
	madvise(start + before, CHUNK, MADV_DONTDUMP);
	return start + before;
}

static struct pieces *pieces_of(size_t size)
{
	for (size_t i = 0; i < SIZES; i++) {
		struct pieces *pieces = &memory.pieces[i];

		if (pieces->size == 0)
			pieces->size = size;
		if (pieces->size == size)
			return pieces;
	}
	return NULL;
}

static void *piece_take(struct pieces *pieces)
{
	struct free_piece *piece = pieces->free;
	uint8_t *at;

	if (piece != NULL) {
		pieces->free = piece->next;
		return piece;
	}
	if ((size_t)(pieces->end - pieces->at) < pieces->size) {
		uint8_t *chunk = chunk_map();

		if (chunk == NULL)
			return NULL;
		pieces->at = chunk;
		pieces->end = chunk + CHUNK;
	}
	at = pieces->at;
	pieces->at += pieces->size;
	return at;
}

void *session_memory_take(size_t size)
{
	struct pieces *pieces;
	void *piece = NULL;

	pthread_mutex_lock(&memory.lock);
	pieces = pieces_of(size);
	if (pieces != NULL)
		piece = piece_take(pieces);
	pthread_mutex_unlock(&memory.lock);
	if (piece != NULL)
		__atomic_add_fetch(&memory.used, size, __ATOMIC_RELAXED);
	return piece;
}

void session_memory_give(void *given, size_t size)
{
	struct free_piece *piece = given;
	struct pieces *pieces;

	explicit_bzero(given, size);
	pthread_mutex_lock(&memory.lock);
	pieces = pieces_of(size);
	piece->next = pieces->free;
	pieces->free = piece;
	pthread_mutex_unlock(&memory.lock);
	__atomic_sub_fetch(&memory.used, size, __ATOMIC_RELAXED);
}

size_t session_memory_used(void)
{
	return __atomic_load_n(&memory.used, __ATOMIC_RELAXED);
}
