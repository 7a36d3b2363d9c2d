/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/table.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static size_t table_size(size_t size)
{
	size_t unit = size >= HUGE_PAGE ? HUGE_PAGE : 4096;

	return (size + unit - 1) / unit * unit;
}

/* The kernel places a mapping anywhere: map a huge page more and give the ends back. */
static void *map_aligned(size_t size)
{
	size_t mapped = size + HUGE_PAGE;
	uint8_t *start =
	        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before, behind;

	if (start == MAP_FAILED)
		return MAP_FAILED;
	before = -(uintptr_t)start & (HUGE_PAGE - 1);
	behind = mapped - before - size;
	if (before != 0)
		munmap(start, before);
	if (behind != 0)
		munmap(start + before + size, behind);
	return start + before;
}

void *table_map(size_t size)
{
	size_t whole = table_size(size);
	void *table;

	if (whole < HUGE_PAGE)
		table = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		             0);
	else
		table = map_aligned(whole);
	if (table == MAP_FAILED)
		return NULL;
	/* Both are wishes: a kernel without them pages in as the table is used. */
	if (whole >= HUGE_PAGE)
		madvise(table, whole, MADV_HUGEPAGE);
	if (madvise(table, whole, MADV_POPULATE_WRITE) != 0 && errno == ENOMEM) {
		munmap(table, whole);
		errno = ENOMEM;
		return NULL;
	}
	return table;
}

void table_unmap(void *table, size_t size)
{
	if (table != NULL)
		munmap(table, table_size(size));
}
