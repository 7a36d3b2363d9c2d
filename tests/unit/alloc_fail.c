/* SPDX-License-Identifier: BSD-3-Clause */
#include "alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_MAX 65536
#define MOST     10000 /* allocations of one act: more is an act that never succeeds */

static void *live[LIVE_MAX];
static uint32_t n_live, left;
static bool failed;

void alloc_fail_at(uint32_t n)
{
	left = n;
	failed = false;
}

void alloc_fail_stop(void)
{
	left = 0;
}

bool alloc_has_failed(void)
{
	return failed;
}

uint32_t alloc_live(void)
{
	return n_live;
}

static bool fails(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

static void *kept(void *block)
{
	if (block != NULL && n_live < LIVE_MAX)
		live[n_live++] = block;
	return block;
}

/* The youngest first: most are given back soon. What is unknown came from a library. */
static void gone(const void *block)
{
	for (uint32_t i = n_live; block != NULL && i-- > 0;) {
		if (live[i] == block) {
			live[i] = live[--n_live];
			return;
		}
	}
}

#define WRAP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fails() ? NULL : kept(__real_##name arguments);                             \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t most), (text, most))
WRAP(void *, rte_malloc, (const char *type, size_t size, unsigned int align), (type, size, align))
WRAP(void *, rte_zmalloc, (const char *type, size_t size, unsigned int align), (type, size, align))
WRAP(void *, rte_zmalloc_socket, (const char *type, size_t size, unsigned int align, int socket),
     (type, size, align, socket))

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
	void *grown;

	if (fails())
		return NULL;
	gone(block);
	grown = __real_realloc(block, size);
	return kept(grown);
}

/* What it writes into is the library's until it is closed. */
FILE *__real_open_memstream(char **text, size_t *length);
FILE *__wrap_open_memstream(char **text, size_t *length);
FILE *__wrap_open_memstream(char **text, size_t *length)
{
	return fails() ? NULL : __real_open_memstream(text, length);
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
	gone(block);
	__real_free(block);
}

void __real_rte_free(void *block);
void __wrap_rte_free(void *block);
void __wrap_rte_free(void *block)
{
	gone(block);
	__real_rte_free(block);
}

void alloc_fail_each(const char *name, int (*act)(void *arg), void (*undo)(void *arg), void *arg)
{
	alloc_fail_each_but(0, name, act, undo, arg);
}

void alloc_fail_each_but(uint32_t spare, const char *name, int (*act)(void *arg),
                         void (*undo)(void *arg), void *arg)
{
	uint32_t spared = 0;

	for (uint32_t n = 1; n < MOST; n++) {
		uint32_t before = alloc_live();
		int ret;

		alloc_fail_at(n);
		ret = act(arg);
		alloc_fail_stop();
		if (ret == 0 && undo != NULL)
			undo(arg);
		if (alloc_has_failed() && ret >= 0 && ++spared > spare)
			fail_msg("%s: it succeeds without its allocation %u", name, n);
		if (!alloc_has_failed() && ret != 0)
			fail_msg("%s: %s with memory enough", name, strerror(-ret));
		if (alloc_live() != before)
			fail_msg("%s: %d blocks are left after allocation %u failed", name,
			         (int)(alloc_live() - before), n);
		if (!alloc_has_failed()) {
			print_message("%s: %u allocations\n", name, n - 1);
			return;
		}
	}
	fail_msg("%s: no end", name);
}
