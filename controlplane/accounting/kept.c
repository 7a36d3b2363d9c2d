/* SPDX-License-Identifier: BSD-3-Clause */
#include "accounting/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "SLUICEAC"
#define SHIFT 64 /* rows that move at once to a file of another size */

/* Followed by the rows: number N in the place N % rows. */
struct header {
	char magic[8];
	uint32_t row_size;
	uint32_t rows;
	uint64_t first, next; /* numbers, from 1 */
	uint8_t pad[32];
};
static_assert(sizeof(struct header) == 64, "header of kept accounts");

struct kept {
	int fd;
	struct header header;
};

static off_t place_of(const struct kept *kept, uint64_t number)
{
	return (off_t)(sizeof(struct header) +
	               number % kept->header.rows * sizeof(struct sluice_allocation_account));
}

static int whole(ssize_t done, size_t wanted)
{
	if (done == (ssize_t)wanted)
		return 0;
	return done < 0 ? -errno : -EIO;
}

static int header_write(const struct kept *kept)
{
	const struct header header = kept->header;

	return whole(pwrite(kept->fd, &header, sizeof(header), 0), sizeof(header));
}

/* A file of ours, as this program writes it. */
static bool header_read(int fd, struct header *header)
{
	return pread(fd, header, sizeof(*header), 0) == (ssize_t)sizeof(*header) &&
	       memcmp(header->magic, MAGIC, sizeof(header->magic)) == 0 &&
	       header->row_size == sizeof(struct sluice_allocation_account) && header->rows != 0 &&
	       header->first != 0 && header->first <= header->next &&
	       header->next - header->first <= header->rows;
}

static int kept_make(struct kept *kept, const char *path, uint32_t rows, uint64_t first)
{
	kept->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (kept->fd < 0)
		return -errno;
	kept->header = (struct header){
	        .row_size = sizeof(struct sluice_allocation_account),
	        .rows = rows,
	        .first = first,
	        .next = first,
	};
	memcpy(kept->header.magic, MAGIC, sizeof(kept->header.magic));
	return header_write(kept);
}

/* From a file of another size into a new one, which then takes its place. */
static int kept_move(struct kept *kept, const char *path, uint32_t rows)
{
	struct sluice_allocation_account batch[SHIFT];
	struct kept old = *kept;
	uint64_t number = old.header.first;
	char fresh[4096];
	uint32_t count;
	int error;

	if (old.header.next - number > rows)
		number = old.header.next - rows;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	error = kept_make(kept, fresh, rows, number);
	while (error == 0 && number < old.header.next) {
		count = kept_read(&old, number, batch, SHIFT);
		if (count == 0)
			error = -EIO;
		for (uint32_t i = 0; i < count && error == 0; i++)
			error = kept_add(kept, &batch[i]);
		number += count;
	}
	if (error == 0 && rename(fresh, path) != 0)
		error = -errno;
	if (error != 0)
		unlink(fresh);
	close(old.fd);
	return error;
}

int kept_open(struct kept **made, const char *path, uint32_t rows, char *why)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	int error = 0;

	if (kept == NULL)
		return -ENOMEM;
	kept->fd = open(path, O_RDWR | O_CLOEXEC);
	if (kept->fd >= 0 && !header_read(kept->fd, &kept->header)) {
		close(kept->fd);
		kept->fd = -1;
	}
	if (kept->fd < 0)
		error = kept_make(kept, path, rows, 1);
	else if (kept->header.rows != rows)
		error = kept_move(kept, path, rows);
	if (error == 0) {
		*made = kept;
		return 0;
	}
	snprintf(why, SLUICE_API_ERROR_MAX, "the file of accounts: %s", strerror(-error));
	kept_close(kept);
	return error;
}

void kept_close(struct kept *kept)
{
	if (kept == NULL)
		return;
	if (kept->fd >= 0)
		close(kept->fd);
	free(kept);
}

int kept_add(struct kept *kept, struct sluice_allocation_account *row)
{
	struct header *header = &kept->header;
	int error;

	row->number = header->next;
	error = whole(pwrite(kept->fd, row, sizeof(*row), place_of(kept, row->number)),
	              sizeof(*row));
	if (error != 0)
		return error;
	header->next++;
	if (header->next - header->first > header->rows)
		header->first++;
	return header_write(kept);
}

bool kept_forget(struct kept *kept, uint64_t oldest, uint32_t budget)
{
	static const struct sluice_allocation_account nothing;
	struct sluice_allocation_account row;
	bool any = false;

	while (kept_read(kept, kept->header.first, &row, 1) == 1 && row.ended < oldest) {
		if (budget-- == 0)
			break;
		if (pwrite(kept->fd, &nothing, sizeof(nothing),
		           place_of(kept, kept->header.first)) != (ssize_t)sizeof(nothing))
			return false;
		kept->header.first++;
		any = true;
	}
	if (any)
		(void)header_write(kept);
	return budget == UINT32_MAX;
}

uint64_t kept_first(const struct kept *kept)
{
	return kept->header.first;
}

uint64_t kept_next(const struct kept *kept)
{
	return kept->header.next;
}

uint32_t kept_read(const struct kept *kept, uint64_t number, struct sluice_allocation_account *rows,
                   uint32_t count)
{
	uint64_t end = kept->header.rows - number % kept->header.rows; /* of the file */
	ssize_t size;

	if (number < kept->header.first || number >= kept->header.next)
		return 0;
	if (count > kept->header.next - number)
		count = (uint32_t)(kept->header.next - number);
	if (count > end)
		count = (uint32_t)end;
	size = pread(kept->fd, rows, count * sizeof(*rows), place_of(kept, number));
	return size < 0 ? 0 : (uint32_t)((size_t)size / sizeof(*rows));
}
