/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/xsk.h"

#include <rte_mbuf.h>

#include <dirent.h>
#include <linux/if_xdp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define RINGS_MAX (4 * XSK_SET_MAX)

static const char *const bpf_links[] = {"anon_inode:bpf", "anon_inode:btf"};

/* Whether a descriptor is of the kinds that we look after; *inode is 0 for a BPF object. */
static bool fd_is_driver(int fd, uint64_t *inode)
{
	char path[64], target[64];
	socklen_t size = sizeof(int);
	ssize_t length;
	int domain;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	*inode = 0;
	for (size_t i = 0; i < sizeof(bpf_links) / sizeof(bpf_links[0]); i++)
		if (strncmp(target, bpf_links[i], strlen(bpf_links[i])) == 0)
			return true;
	return sscanf(target, "socket:[%lu]", inode) == 1 &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_XDP;
}

static bool set_has(const struct xsk_set *set, int fd, uint64_t inode)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->entries[i].fd == fd && set->entries[i].inode == inode)
			return true;
	return false;
}

static bool set_has_inode(const struct xsk_set *set, uint64_t inode)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->entries[i].inode == inode)
			return true;
	return false;
}

void xsk_list(struct xsk_set *set)
{
	DIR *fds = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t inode;

	set->count = 0;
	if (fds == NULL)
		return;
	while ((entry = readdir(fds)) != NULL && set->count < XSK_SET_MAX) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || !fd_is_driver(fd, &inode))
			continue;
		set->entries[set->count].fd = fd;
		set->entries[set->count++].inode = inode;
	}
	closedir(fds);
}

void xsk_subtract(struct xsk_set *set, const struct xsk_set *before)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < set->count; i++)
		if (!set_has(before, set->entries[i].fd, set->entries[i].inode))
			set->entries[kept++] = set->entries[i];
	set->count = kept;
}

/* One ring of a socket, as /proc/self/maps tells of it. */
struct ring_map {
	uint8_t *at;
	size_t length;
	uint64_t offset; /* which ring: XDP_PGOFF_*, XDP_UMEM_PGOFF_* */
	uint64_t inode;
};

static bool map_read(const char *line, struct ring_map *map)
{
	const char *name = strstr(line, "socket:[");
	unsigned long first, end;

	if (name == NULL || sscanf(name, "socket:[%lu]", &map->inode) != 1 ||
	    sscanf(line, "%lx-%lx %*s %lx", &first, &end, &map->offset) != 3)
		return false;
	map->at = (uint8_t *)first;
	map->length = end - first;
	return true;
}

/* The rings that are mapped of the set's sockets; returns how many, at most `max`. */
static uint32_t rings_list(const struct xsk_set *set, struct ring_map *maps, uint32_t max)
{
	FILE *file = fopen("/proc/self/maps", "r");
	uint32_t count = 0;
	char line[512];

	if (file == NULL)
		return 0;
	while (count < max && fgets(line, sizeof(line), file) != NULL)
		if (map_read(line, &maps[count]) && set_has_inode(set, maps[count].inode))
			count++;
	fclose(file);
	return count;
}

static const struct ring_map *ring_find(const struct ring_map *maps, uint32_t count, uint64_t inode,
                                        uint64_t offset)
{
	for (uint32_t i = 0; i < count; i++)
		if (maps[i].inode == inode && maps[i].offset == offset)
			return &maps[i];
	return NULL;
}

static uint32_t ring_index(const struct ring_map *map, uint64_t at)
{
	return __atomic_load_n((uint32_t *)(map->at + at), __ATOMIC_ACQUIRE);
}

/*
 * Frees the buffers of entries [from, to). An address counts from the pool's first page; its upper
 * bits are an offset into the buffer; the mbuf stands behind the object's header.
 */
static void ring_free(const struct ring_map *map, const struct xdp_ring_offset *at, uint32_t from,
                      uint32_t to, struct rte_mempool *pool)
{
	uintptr_t base = (uintptr_t)STAILQ_FIRST(&pool->mem_list)->addr & ~(getpagesize() - 1ul);
	const uint64_t *entries = (const uint64_t *)(map->at + at->desc);
	uint32_t size = rte_align32prevpow2((map->length - at->desc) / sizeof(*entries));

	for (; from != to; from++) {
		uint64_t addr = entries[from & (size - 1)] & XSK_UNALIGNED_BUF_ADDR_MASK;

		rte_pktmbuf_free((void *)(base + addr + pool->header_size));
	}
}

/*
 * In copy mode the kernel takes buffers from the fill ring in order, one for each packet that it
 * puts into the rx ring, but publishes how many it took only now and then: the rx ring's producer
 * tells. A zero-copy driver takes more and in its own order, and its buffers are lost.
 */
static void socket_reclaim(int fd, uint64_t inode, const struct ring_map *maps, uint32_t count,
                           struct rte_mempool *pool)
{
	const struct ring_map *fill = ring_find(maps, count, inode, XDP_UMEM_PGOFF_FILL_RING);
	const struct ring_map *done = ring_find(maps, count, inode, XDP_UMEM_PGOFF_COMPLETION_RING);
	const struct ring_map *rx = ring_find(maps, count, inode, XDP_PGOFF_RX_RING);
	struct xdp_mmap_offsets at;
	struct xdp_options options;
	socklen_t size = sizeof(at), options_size = sizeof(options);

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &size) != 0 ||
	    getsockopt(fd, SOL_XDP, XDP_OPTIONS, &options, &options_size) != 0)
		return;
	if (done != NULL)
		ring_free(done, &at.cr, ring_index(done, at.cr.consumer),
		          ring_index(done, at.cr.producer), pool);
	if (fill != NULL && rx != NULL && !(options.flags & XDP_OPTIONS_ZEROCOPY))
		ring_free(fill, &at.fr, ring_index(rx, at.rx.producer),
		          ring_index(fill, at.fr.producer), pool);
}

void xsk_reclaim(const struct xsk_set *set, struct rte_mempool *pool)
{
	struct ring_map maps[RINGS_MAX];
	uint32_t count = rings_list(set, maps, RINGS_MAX);

	for (uint32_t i = 0; i < set->count; i++)
		if (set->entries[i].inode != 0)
			socket_reclaim(set->entries[i].fd, set->entries[i].inode, maps, count,
			               pool);
}

/* A mapped ring holds its socket open as a descriptor does. */
void xsk_close(const struct xsk_set *set)
{
	struct ring_map maps[RINGS_MAX];
	uint32_t count = rings_list(set, maps, RINGS_MAX);
	struct xsk_set open;

	for (uint32_t i = 0; i < count; i++)
		munmap(maps[i].at, maps[i].length);
	xsk_list(&open);
	for (uint32_t i = 0; i < open.count; i++)
		if (set_has(set, open.entries[i].fd, open.entries[i].inode))
			close(open.entries[i].fd);
}
