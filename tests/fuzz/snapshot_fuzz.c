/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The snapshot file: whatever it holds, it is refused, or everything that reads a snapshot works
 * with it. The digest stops chance and not a mistake of another program's, so most inputs have a
 * right one.
 */
#include "fuzz.h"

#include "region/choice.h"
#include "region/view.h"

#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <sys/mman.h>

#define BASE_MAX  65536
#define HEADER    64
#define BYTES_AT  24 /* of the header: length of what follows it */
#define DIGEST_AT 32
#define MS        1000000ull

/* The first byte of an input. */
enum mode {
	MODE_FILE,    /* the rest is the file */
	MODE_BODY,    /* the rest follows a right header */
	MODE_PATCHES, /* the rest changes a good file: offset (2 bytes), length, bytes */
	MODES,
};

static uint8_t base[BASE_MAX]; /* a good file */
static size_t base_length;
static char path[32];
static int file;

static struct node_record record_make(char region, char number)
{
	struct node_record record = {.seq = 1, .started = 1, .capacity_pps = 1000000};

	record.region[0] = record.id[0] = region;
	record.id[1] = number;
	record.addr4.ip[10] = record.addr4.ip[11] = 0xff;
	record.addr4.ip[12] = 198;
	record.addr4.port = 3478;
	return record;
}

static struct view *view_make(void)
{
	struct view *view = view_create("a", "a1");

	for (char region = 'a'; region <= 'c'; region++) {
		const char name[2] = {region};
		const struct place place = {.known = true, .lat = (region - 'a') * 1000000};

		CHECK(view_region_set(view, name, &place) == 0);
		for (char number = '1'; number <= '2'; number++) {
			struct node_record record = record_make(region, number);

			CHECK(view_beat(view, MS, name, &record) == 0);
		}
	}
	view_tick(view, 2 * MS, NULL, NULL);
	return view;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct view *view = view_make();
	struct snapshot *snapshot = view_snapshot(view, 2 * MS);
	char saved[] = "/tmp/snapshot-fuzz-XXXXXX";
	int fd = mkstemp(saved);
	ssize_t length;

	CHECK(fd >= 0 && snapshot != NULL && snapshot_save(snapshot, saved) == 0);
	close(fd);
	file = memfd_create("snapshot", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	FILE *read = fopen(saved, "r");
	length = fread(base, 1, sizeof(base), read);
	fclose(read);
	unlink(saved);
	CHECK(file >= 0 && length > HEADER && length < BASE_MAX);
	base_length = length;
	snapshot_release(snapshot);
	view_destroy(view);
	return 0;
}

/* Length and digest of what stands behind the header. */
static void header_seal(uint8_t *bytes, size_t length)
{
	uint64_t body = length - HEADER;

	memcpy(bytes + BYTES_AT, &body, sizeof(body));
	EVP_Digest(bytes + HEADER, body, bytes + DIGEST_AT, NULL, EVP_sha256(), NULL);
}

static size_t input_make(uint8_t *bytes, const uint8_t *data, size_t size)
{
	enum mode mode = data[0] % MODES;
	size_t length = base_length;

	data++;
	size--;
	if (mode != MODE_PATCHES && size > BASE_MAX - HEADER)
		size = BASE_MAX - HEADER;
	if (mode == MODE_FILE) {
		memcpy(bytes, data, size);
		return size;
	}
	memcpy(bytes, base, base_length);
	if (mode == MODE_BODY) {
		memcpy(bytes + HEADER, data, size);
		length = HEADER + size;
	}
	while (mode == MODE_PATCHES && size >= 3) {
		size_t at = HEADER + (data[0] << 8 | data[1]) % (base_length - HEADER);
		size_t count = data[2] % 9;

		data += 3;
		size -= 3;
		for (size_t i = 0; i < count && i < size && at + i < base_length; i++)
			bytes[at + i] = data[i];
		data += count < size ? count : size;
		size -= count < size ? count : size;
	}
	header_seal(bytes, length);
	return length;
}

static void choices_make(const struct snapshot *snapshot)
{
	const struct snapshot_region *regions[4];
	const struct snapshot_node *nodes[4], *node;
	struct choice_where where = {.place = {.known = true, .lat = 1, .lon = 2}};

	for (char i = 'a'; i < 'e'; i++) {
		const char session[2] = {i}, id[3] = {i, '1'};

		node = choice_make(snapshot, session, 1, &where);
		if (node != NULL)
			choice_keeps(snapshot, node);
		choice_regions(snapshot, session, 1, &where, regions, 4);
		where.region = session;
		choice_make(snapshot, session, 1, &where);
		choice_regions(snapshot, session, 1, &where, regions, 4);
		where.region = NULL;
		node = snapshot_node_find(snapshot, NULL, id);
		if (node != NULL)
			choice_keeps(snapshot, node);
		choice_alternates(snapshot, id, nodes, 4);
	}
}

/* What a restart does with it. */
static void view_take(const struct snapshot *snapshot)
{
	struct view *view = view_make();
	struct snapshot *again;

	view_restore(view, 3 * MS, snapshot);
	view_tick(view, 4 * MS, NULL, NULL);
	again = view_snapshot(view, 4 * MS);
	CHECK(again != NULL);
	choices_make(again);
	snapshot_is_equivalent(snapshot, again);
	snapshot_release(again);
	view_destroy(view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[BASE_MAX];
	struct snapshot *snapshot;
	size_t length;
	int error;

	if (size == 0)
		return 0;
	length = input_make(bytes, data, size);
	CHECK(ftruncate(file, 0) == 0 && pwrite(file, bytes, length, 0) == (ssize_t)length);
	snapshot = snapshot_load(path, &error);
	if (snapshot == NULL) {
		CHECK(error < 0);
		return 0;
	}
	choices_make(snapshot);
	view_take(snapshot);
	snapshot_release(snapshot);
	return 0;
}
