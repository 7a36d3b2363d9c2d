/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot on disk: a header, SHA-256 over what follows it, and the snapshot as it lies in
 * memory. Only this host reads it; another layout is refused by its version and sizes. */
#include "region/snapshot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#define FILE_MAGIC   "sluice snapshot\n"
#define FILE_VERSION 1
#define FILE_MAX     (256u << 20)
#define DIGEST       32

struct file_header {
	char magic[16];
	uint32_t version;
	uint32_t sizes; /* of the structs, mixed: another build may lay them out otherwise */
	uint64_t bytes;
	uint8_t digest[DIGEST];
};

static uint32_t sizes(void)
{
	return sizeof(struct snapshot) << 20 ^ sizeof(struct snapshot_region) << 10 ^
	       sizeof(struct snapshot_node);
}

static int digest_make(const void *bytes, size_t length, uint8_t digest[DIGEST])
{
	return EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

/* -- writing -- */

static int all_write(int fd, const void *bytes, size_t length)
{
	for (const char *at = bytes; length > 0;) {
		ssize_t done = write(fd, at, length);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			at += done;
			length -= done;
		}
	}
	return 0;
}

static int file_write(int fd, const struct snapshot *snapshot)
{
	struct file_header header = {
	        .magic = FILE_MAGIC,
	        .version = FILE_VERSION,
	        .sizes = sizes(),
	        .bytes = snapshot->bytes,
	};
	int error = digest_make(snapshot, snapshot->bytes, header.digest);

	if (error == 0)
		error = all_write(fd, &header, sizeof(header));
	if (error == 0)
		error = all_write(fd, snapshot, snapshot->bytes);
	if (error == 0 && fdatasync(fd) != 0)
		error = -errno;
	return error;
}

int snapshot_save(const struct snapshot *snapshot, const char *path)
{
	char fresh[PATH_MAX];
	int fd, error;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	error = file_write(fd, snapshot);
	close(fd);
	if (error == 0 && rename(fresh, path) != 0)
		error = -errno;
	if (error < 0)
		unlink(fresh);
	return error;
}

/* -- reading: a file may hold anything -- */

static bool text_ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

/* A bool that is neither 0 nor 1 must not even be read as one. */
static bool place_is_sound(const struct place *place)
{
	uint8_t known;

	static_assert(sizeof(place->known) == sizeof(known), "a bool is a byte");
	memcpy(&known, &place->known, sizeof(known));
	return known <= 1 && place->lat >= -90 * 1000000 && place->lat <= 90 * 1000000 &&
	       place->lon >= -180 * 1000000 && place->lon <= 180 * 1000000;
}

static bool node_is_sound(const struct snapshot_node *node, uint32_t region)
{
	const struct node_record *record = &node->record;

	return text_ends(record->id, sizeof(record->id)) &&
	       text_ends(record->region, sizeof(record->region)) &&
	       text_ends(record->http, sizeof(record->http)) &&
	       text_ends(node->reason, sizeof(node->reason)) && place_is_sound(&record->place) &&
	       node->region == region && record->state <= SLUICE_NODE_STOPPED &&
	       node->verdict <= SLUICE_VERDICT_UNREACHABLE;
}

static bool region_is_sound(const struct snapshot_region *region, uint32_t first, uint32_t n_nodes)
{
	return text_ends(region->name, sizeof(region->name)) &&
	       text_ends(region->reason, sizeof(region->reason)) &&
	       place_is_sound(&region->place) && fabsf(region->x) <= 1.1f &&
	       fabsf(region->y) <= 1.1f && fabsf(region->z) <= 1.1f &&
	       region->verdict <= SLUICE_VERDICT_UNREACHABLE && region->first == first &&
	       region->count <= n_nodes - first;
}

static bool snapshot_is_sound(const struct snapshot *snapshot)
{
	const struct snapshot_node *nodes = snapshot_nodes(snapshot);
	uint32_t first = 0;

	for (uint32_t i = 0; i < snapshot->n_regions; i++) {
		if (!region_is_sound(&snapshot->regions[i], first, snapshot->n_nodes))
			return false;
		for (uint32_t n = 0; n < snapshot->regions[i].count; n++)
			if (!node_is_sound(&nodes[first + n], i))
				return false;
		first += snapshot->regions[i].count;
	}
	return first == snapshot->n_nodes &&
	       (snapshot->own_region == UINT32_MAX || snapshot->own_region < snapshot->n_regions);
}

/* The sizes that its counts ask for are the file's. */
static bool sizes_fit(const struct snapshot *read, uint64_t bytes)
{
	struct snapshot *made;
	bool fit;

	if (read->n_regions > SLUICE_REGIONS_MAX ||
	    read->n_nodes > bytes / sizeof(struct snapshot_node))
		return false;
	made = snapshot_create(read->n_regions, read->n_nodes);
	if (made == NULL)
		return false;
	fit = made->bytes == bytes && read->bytes == bytes &&
	      read->offset_nodes == made->offset_nodes &&
	      read->offset_distances == made->offset_distances;
	snapshot_release(made);
	return fit;
}

static bool bytes_read(int fd, void *bytes, size_t length)
{
	for (char *at = bytes; length > 0;) {
		ssize_t got = read(fd, at, length);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got > 0) {
			at += got;
			length -= got;
		}
	}
	return true;
}

static struct snapshot *file_read(int fd, uint64_t size)
{
	struct file_header header;
	struct snapshot *snapshot;
	uint8_t digest[DIGEST];

	if (size > FILE_MAX || size < sizeof(header) + sizeof(struct snapshot) ||
	    !bytes_read(fd, &header, sizeof(header)) ||
	    memcmp(header.magic, FILE_MAGIC, sizeof(header.magic)) != 0 ||
	    header.version != FILE_VERSION || header.sizes != sizes() ||
	    header.bytes != size - sizeof(header))
		return NULL;
	snapshot = malloc(header.bytes);
	if (snapshot == NULL)
		return NULL;
	if (bytes_read(fd, snapshot, header.bytes) &&
	    digest_make(snapshot, header.bytes, digest) == 0 &&
	    memcmp(digest, header.digest, DIGEST) == 0 && sizes_fit(snapshot, header.bytes) &&
	    snapshot_is_sound(snapshot)) {
		snapshot->references = 1;
		return snapshot;
	}
	free(snapshot);
	return NULL;
}

struct snapshot *snapshot_load(const char *path, int *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct snapshot *snapshot = NULL;
	struct stat info;

	*error = 0;
	if (fd < 0) {
		*error = -errno;
		return NULL;
	}
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		snapshot = file_read(fd, info.st_size);
	if (snapshot == NULL)
		*error = -EBADMSG;
	close(fd);
	return snapshot;
}
