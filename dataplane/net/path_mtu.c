/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/path_mtu.h"

#include "dataplane.h"
#include "random.h"

#include <rte_common.h>
#include <rte_malloc.h>

#include <errno.h>

/* Of an entry, from its highest bit on: 32 bits of the destination's hash, the MTU, and when it was
 * learned, in these units. */
#define UNIT_S     16
#define LIFE_UNITS (600 / UNIT_S)
#define LIFE_MAX_S ((LIFE_UNITS + 1) * UNIT_S)

static uint64_t hash_of(const struct path_mtus *paths, const struct ip_addr *dst)
{
	return siphash_16(&paths->key, dst->quads[0], dst->quads[1]);
}

static uint64_t entry_make(uint64_t hash, uint16_t mtu, uint32_t now)
{
	return (hash & 0xffffffff00000000ull) | (uint32_t)mtu << 16 | (uint16_t)(now / UNIT_S);
}

/* Of this destination, and not yet old. */
static bool entry_holds(uint64_t entry, uint64_t hash, uint32_t now)
{
	return entry != 0 && entry >> 32 == hash >> 32 &&
	       (uint16_t)(now / UNIT_S - (uint16_t)entry) <= LIFE_UNITS;
}

static uint16_t entry_mtu(uint64_t entry)
{
	return (uint16_t)(entry >> 16);
}

uint16_t path_mtu_find(const struct path_mtus *paths, const struct ip_addr *dst, uint32_t now)
{
	uint64_t hash, entry;

	if (likely(now > __atomic_load_n(&paths->until, __ATOMIC_RELAXED)))
		return PATH_MTU_NONE;
	hash = hash_of(paths, dst);
	entry = __atomic_load_n(&paths->slots[hash % PATH_MTUS], __ATOMIC_RELAXED);
	return entry_holds(entry, hash, now) ? entry_mtu(entry) : PATH_MTU_NONE;
}

bool path_mtu_learn(struct path_mtus *paths, const struct ip_addr *dst, uint32_t mtu, uint32_t now)
{
	uint32_t least = ip_addr_is_v4(dst) ? PATH_MTU_MIN4 : PATH_MTU_MIN6;
	uint64_t hash = hash_of(paths, dst);
	uint64_t *slot = &paths->slots[hash % PATH_MTUS];
	uint64_t entry = __atomic_load_n(slot, __ATOMIC_RELAXED);
	bool known = entry_holds(entry, hash, now);

	/* A router of before RFC 1191 names none. */
	mtu = RTE_MIN(RTE_MAX(mtu, least), (uint32_t)PATH_MTU_NONE - 1);
	if (known && entry_mtu(entry) < mtu)
		return false;
	__atomic_store_n(slot, entry_make(hash, (uint16_t)mtu, now), __ATOMIC_RELAXED);
	__atomic_store_n(&paths->until, now + LIFE_MAX_S, __ATOMIC_RELAXED);
	return !known || entry_mtu(entry) != mtu;
}

static int create(struct dataplane *dp)
{
	struct random *random = random_create();

	dp->paths = rte_zmalloc("path MTUs", sizeof(*dp->paths), RTE_CACHE_LINE_SIZE);
	if (dp->paths != NULL && random != NULL)
		random_bytes(random, &dp->paths->key, sizeof(dp->paths->key));
	random_destroy(random);
	return dp->paths != NULL && random != NULL ? 0 : -ENOMEM;
}

static void destroy(struct dataplane *dp)
{
	rte_free(dp->paths);
}

const struct part paths_part = {
        .name = "path MTUs",
        .create = create,
        .destroy = destroy,
};
