/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/ledger.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/refuse.h"
#include "ledger/image.h"

#include <sluice/stats.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

uint32_t ledger_boottime(void)
{
	return (uint32_t)(clock_ns(CLOCK_BOOTTIME) / NSEC_PER_SEC);
}

/* The workers' clock is the TSC: it drifts from the kernel's by seconds in some days. */
void ledger_clock_set(struct ledger *ledger, uint32_t now)
{
	uint32_t epoch = ledger_boottime() - now;
	int32_t drift = (int32_t)(epoch - ledger->epoch);

	if (drift < -1 || drift > 1)
		__atomic_store_n(&ledger->epoch, epoch, __ATOMIC_RELAXED);
}

/* -- the new file -- */

static size_t shape_lay(struct sluice_ledger_header *header, const struct ledger_shape *shapes,
                        uint32_t count)
{
	uint64_t offset = SLUICE_LEDGER_SECTIONS_AT;

	for (uint32_t i = 0; i < count; i++) {
		if (shapes[i].count == 0)
			continue;
		header->sections[header->n_sections++] = (struct sluice_ledger_section){
		        .kind = shapes[i].kind,
		        .record_size = shapes[i].record_size,
		        .count = shapes[i].count,
		        .offset = offset,
		};
		offset += (uint64_t)shapes[i].record_size * shapes[i].count;
		offset = (offset + 4095) & ~(uint64_t)4095;
	}
	return offset;
}

static void header_make(struct sluice_ledger_header *header)
{
	memcpy(header->magic, SLUICE_LEDGER_MAGIC, sizeof(header->magic));
	header->byte_order = SLUICE_LEDGER_BYTE_ORDER;
	header->version = SLUICE_LEDGER_VERSION;
	ledger_boot_id(header->boot);
	header->made = (uint64_t)time(NULL);
	header->pid = (uint32_t)getpid();
}

/* Room is taken now: a worker's store must never find none. */
static int file_make(struct ledger *ledger)
{
	int fd, error;

	unlink(ledger->path_new);
	fd = open(ledger->path_new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = fchmod(fd, 0600) != 0 ? errno : posix_fallocate(fd, 0, (off_t)ledger->size);
	if (error == 0) {
		ledger->map = mmap(NULL, ledger->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (ledger->map == MAP_FAILED) {
			error = errno;
			ledger->map = NULL;
		}
	}
	close(fd);
	if (error != 0) {
		unlink(ledger->path_new);
		return -error;
	}
	madvise(ledger->map, ledger->size, MADV_DONTDUMP);
	madvise(ledger->map, ledger->size, MADV_POPULATE_WRITE);
	return 0;
}

static void tables_find(struct ledger *ledger, const struct sluice_ledger_header *header)
{
	for (uint32_t i = 0; i < header->n_sections; i++) {
		const struct sluice_ledger_section *section = &header->sections[i];

		ledger->tables[section->kind] = (struct ledger_table){
		        .records = ledger->map + section->offset,
		        .count = section->count,
		        .record_size = section->record_size,
		        .kind = section->kind,
		};
	}
}

bool ledger_keys_newest(const struct ledger *ledger, struct sluice_ledger_keys *newest)
{
	struct sluice_ledger_keys keys;
	bool found = false;

	for (uint32_t i = 0; i < ledger_image_count(ledger->old, SLUICE_LEDGER_KEYS); i++) {
		if (ledger_image_record(ledger->old, SLUICE_LEDGER_KEYS, i, &keys, sizeof(keys)) !=
		            LEDGER_WHOLE ||
		    (found && keys.number <= newest->number))
			continue;
		*newest = keys;
		found = true;
	}
	explicit_bzero(&keys, sizeof(keys));
	return found;
}

static enum sluice_ledger_found found_of(int error)
{
	switch (error) {
	case 0:
		return SLUICE_LEDGER_FOUND_TAKEN;
	case -ENOENT:
		return SLUICE_LEDGER_FOUND_NONE;
	case -ESTALE:
		return SLUICE_LEDGER_FOUND_OTHER_BOOT;
	case -EPROTO:
		return SLUICE_LEDGER_FOUND_OTHER_VERSION;
	case -EBADMSG:
		return SLUICE_LEDGER_FOUND_DAMAGED;
	default:
		return SLUICE_LEDGER_FOUND_UNREADABLE;
	}
}

static void old_open(struct ledger *ledger)
{
	struct ledger_image *image = malloc(sizeof(*image));
	char why[SLUICE_API_ERROR_MAX] = "no memory";
	int error = image != NULL ? ledger_image_open(image, ledger->path, why) : -ENOMEM;

	if (error == 0 && !image->same_boot) {
		snprintf(why, sizeof(why), "it is of another boot of this host");
		ledger_image_close(image);
		error = -ESTALE;
	}
	ledger->taken.found = found_of(error);
	if (error == 0) {
		ledger->old = image;
		ledger->taken.version = image->version;
		if (ledger->made > image->made)
			ledger->taken.age_s = ledger->made - image->made;
		ledger->keys_taken = ledger_keys_newest(ledger, &ledger->keys);
		return;
	}
	free(image);
	if (error != -ENOENT)
		log_warning(SLUICE_LOG_PROCESS, "ledger %s is not taken over: %s", ledger->path,
		            why);
}

void ledger_remove(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		log_error(SLUICE_LOG_PROCESS, "ledger %s stays: %s", path, strerror(errno));
}

struct ledger *ledger_create(const char *path, const struct ledger_shape *shapes, uint32_t count,
                             char *why)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	struct sluice_ledger_header header = {0};
	int error;

	if (ledger == NULL || strlen(path) >= sizeof(ledger->path)) {
		refuse(why, 0, "%s", strerror(ledger == NULL ? ENOMEM : ENAMETOOLONG));
		free(ledger);
		return NULL;
	}
	strcpy(ledger->path, path);
	snprintf(ledger->path_new, sizeof(ledger->path_new), "%s.new", path);
	header_make(&header);
	ledger->size = shape_lay(&header, shapes, count);
	ledger->made = header.made;
	header.size = ledger->size;
	header.check = ledger_header_check(&header);
	error = file_make(ledger);
	if (error < 0) {
		refuse(why, error, "%zu MB at %s: %s", ledger->size >> 20, ledger->path_new,
		       strerror(-error));
		free(ledger);
		return NULL;
	}
	memcpy(ledger->map, &header, sizeof(header));
	tables_find(ledger, &header);
	ledger->epoch = ledger_boottime();
	old_open(ledger);
	return ledger;
}

static void old_close(struct ledger *ledger)
{
	if (ledger->old == NULL)
		return;
	ledger_image_close(ledger->old);
	free(ledger->old);
	ledger->old = NULL;
}

int ledger_commit(struct ledger *ledger)
{
	old_close(ledger);
	if (rename(ledger->path_new, ledger->path) != 0)
		return -errno;
	ledger->committed = true;
	return 0;
}

/* By turns: if we die over one, the other is whole. */
void ledger_keys_write(struct ledger *ledger)
{
	const struct ledger_table *table = &ledger->tables[SLUICE_LEDGER_KEYS];
	struct sluice_ledger_keys record = ledger->keys;

	if (table->count == 0)
		return;
	record.number = ++ledger->keys.number;
	ledger_write(table, (uint32_t)(record.number % table->count), &record, sizeof(record));
	explicit_bzero(&record, sizeof(record));
}

uint32_t ledger_records(const struct ledger_table *table)
{
	uint32_t records = 0;

	for (uint32_t i = 0; i < table->count; i++)
		records += ledger_has(table, i);
	return records;
}

void ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	old_close(ledger);
	if (!ledger->committed)
		unlink(ledger->path_new);
	explicit_bzero(&ledger->keys, sizeof(ledger->keys));
	munmap(ledger->map, ledger->size);
	free(ledger);
}
