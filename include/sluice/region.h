/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions and their nodes: what this node is told about them, and what it sees of them. None of it
 * is the dataplane's. */
#ifndef SLUICE_REGION_H
#define SLUICE_REGION_H

#include <sluice/api.h>

#define SLUICE_REGION_NAME_MAX     32 /* with the final NUL */
#define SLUICE_REGION_PASSWORD_MAX 256
#define SLUICE_REGION_PLACE_MAX    32 /* "LAT,LON" in degrees */
#define SLUICE_REGION_REASON_MAX   96
#define SLUICE_NODE_ID_MAX         64
#define SLUICE_NODE_HTTP_MAX       64 /* "HOST:PORT" */
#define SLUICE_SENTINEL_MAX        64
#define SLUICE_REGIONS_MAX         256
#define SLUICE_REDIS_HOSTS         8 /* in `hosts` */
#define SLUICE_REDIS_HOSTS_MAX     384
#define SLUICE_REDIS_USER_MAX      64
#define SLUICE_REDIS_FILE_MAX      192
#define SLUICE_REDIS_NAME_MAX      128
#define SLUICE_REDIS_AT_MAX        96

enum sluice_verdict {
	SLUICE_VERDICT_UNKNOWN, /* nothing was seen yet */
	SLUICE_VERDICT_HEALTHY,
	SLUICE_VERDICT_DEGRADED,
	SLUICE_VERDICT_UNREACHABLE,
};

enum sluice_node_state {
	SLUICE_NODE_ACTIVE,
	SLUICE_NODE_DRAINING, /* turns new work away */
	SLUICE_NODE_STOPPED,
};

/* SLUICE_REGION_ADD -> {}: a region and its Redis. EXIST_OK changes it. */
struct sluice_region_add {
	char name[SLUICE_REGION_NAME_MAX];
	struct sluice_addr redis; /* port 0: 6379; all zero: see `hosts` */
	uint32_t db;
	char password[SLUICE_REGION_PASSWORD_MAX]; /* empty: none */
	char sentinel[SLUICE_SENTINEL_MAX]; /* not empty: `redis` is a Sentinel, this its master */
	char place[SLUICE_REGION_PLACE_MAX];
	/* "HOST:PORT[,HOST:PORT...]": names, or several addresses; empty: `redis` */
	char hosts[SLUICE_REDIS_HOSTS_MAX];
	char user[SLUICE_REDIS_USER_MAX]; /* of the Redis' access list; empty: its default one */
	/* Of the Sentinels; empty: none. */
	char sentinel_user[SLUICE_REDIS_USER_MAX];
	char sentinel_password[SLUICE_REGION_PASSWORD_MAX];
	/* PEM. ca empty: the host's own authorities; cert empty: no certificate of ours. */
	char ca[SLUICE_REDIS_FILE_MAX], cert[SLUICE_REDIS_FILE_MAX], key[SLUICE_REDIS_FILE_MAX];
	char server[SLUICE_REDIS_NAME_MAX]; /* name that certificates are for; empty: the host's */
	uint32_t tls;                       /* 1: to the Redis, and to its Sentinels */
};
static_assert(sizeof(struct sluice_region_add) == 1884, "region add");

/* SLUICE_REGION_DELETE -> {}. -ENOENT. */
struct sluice_region_delete {
	char name[SLUICE_REGION_NAME_MAX];
};
static_assert(sizeof(struct sluice_region_delete) == 32, "region delete");

/* SLUICE_REGION_DISTANCE_ADD, _DELETE (km unused) -> {}: either way; wins over places. */
struct sluice_region_distance {
	char from[SLUICE_REGION_NAME_MAX], to[SLUICE_REGION_NAME_MAX];
	uint32_t km;
};
static_assert(sizeof(struct sluice_region_distance) == 68, "region distance");

/* SLUICE_REGION_SHOW {} -> rows. Ages in ms; UINT32_MAX: never. */
struct sluice_region_row {
	char name[SLUICE_REGION_NAME_MAX];
	char reason[SLUICE_REGION_REASON_MAX];
	struct sluice_addr redis;
	uint32_t verdict;   /* enum sluice_verdict */
	uint32_t own;       /* 1: this node's */
	uint32_t connected; /* 1: its Redis answers */
	uint32_t nodes, healthy;
	uint32_t beat_age_ms;                     /* of the freshest node */
	uint32_t changed_s;                       /* since the verdict changed */
	char redis_at[SLUICE_REDIS_AT_MAX];       /* HOST:PORT that is spoken to, or tried */
	char redis_why[SLUICE_REGION_REASON_MAX]; /* what is wrong with it; empty: nothing */
};
static_assert(sizeof(struct sluice_region_row) == 368, "region row");

/* SLUICE_NODE_SET -> {}: who this node is to the others. Addresses of 0: those of `turn listen`. */
struct sluice_node_set {
	char id[SLUICE_NODE_ID_MAX];
	char region[SLUICE_REGION_NAME_MAX];
	struct sluice_addr addr4, addr6;
	char http[SLUICE_NODE_HTTP_MAX];
	uint64_t capacity_pps; /* 0: allocations alone are the measure */
};
static_assert(sizeof(struct sluice_node_set) == 208, "node set");

/* SLUICE_NODE_SHOW {} -> rows. */
struct sluice_node_row {
	char id[SLUICE_NODE_ID_MAX];
	char region[SLUICE_REGION_NAME_MAX];
	char reason[SLUICE_REGION_REASON_MAX];
	struct sluice_addr addr4, addr6;
	char http[SLUICE_NODE_HTTP_MAX];
	uint32_t verdict, state; /* enum sluice_verdict, enum sluice_node_state */
	uint32_t own;
	uint32_t load_percent;
	uint32_t allocations, streams;
	uint32_t beat_age_ms;
	uint32_t rtt_us;       /* UINT32_MAX: no probe was answered */
	uint32_t probes, lost; /* of the last ten */
	uint32_t weight;       /* of the choice */
	uint32_t changed_s;
	uint64_t generation; /* of the snapshot that this is */
};
static_assert(sizeof(struct sluice_node_row) == 352, "node row");

/* SLUICE_NODE_DRAIN -> {}: 0: until `undrain`. SLUICE_NODE_UNDRAIN {} -> {}. */
struct sluice_node_drain {
	uint32_t seconds;
};
static_assert(sizeof(struct sluice_node_drain) == 4, "node drain");

/* SLUICE_SNAPSHOT_SHOW {} -> one of this: the view of the fleet that everything is answered from,
 * and this node. */
struct sluice_snapshot_row {
	uint64_t generation; /* 0: there is none yet */
	uint32_t regions, nodes;
	uint32_t age_ms; /* since it was last seen to be right; UINT32_MAX: no other region is known
	                  */
	uint32_t held;   /* 1: nobody is seen, the last view is kept */
	char node[SLUICE_NODE_ID_MAX]; /* this one; empty: not set */
	uint32_t state;                /* enum sluice_node_state: it drains without a region too */
	uint32_t pad;
};
static_assert(sizeof(struct sluice_snapshot_row) == 96, "snapshot row");

#endif
