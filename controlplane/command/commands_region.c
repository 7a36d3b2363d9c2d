/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/region.h>

#define REDIS_PORT 6379
#define STUN_PORT  3478

static const char *const verdicts[] = {"unknown", "healthy", "degraded", "unreachable", NULL};
static const char *const states[] = {"active", "draining", "stopped", NULL};

#define REGION(member) FIELD(sluice_region_row, member)
#define NODE(member)   FIELD(sluice_node_row, member)

static const struct column region_columns[] = {
        {"name", "of the region", COLUMN_TEXT, REGION(name)},
        {"own", "1: this node's", COLUMN_NUMBER, REGION(own)},
        {"verdict", "unknown, healthy, degraded or unreachable", COLUMN_CHOICE, REGION(verdict),
         .choices = verdicts},
        {"reason", "what was seen of it", COLUMN_TEXT, REGION(reason)},
        {"nodes", "that are known", COLUMN_NUMBER, REGION(nodes)},
        {"healthy", "of them", COLUMN_NUMBER, REGION(healthy)},
        {"redis", "where it is", COLUMN_ADDRESS, REGION(redis)},
        {"connected", "1: its Redis answers", COLUMN_NUMBER, REGION(connected)},
        {"beat_age", "milliseconds since the last beat of any node", COLUMN_NUMBER,
         REGION(beat_age_ms), .absent = UINT32_MAX},
        {"changed", "seconds since the verdict changed", COLUMN_NUMBER, REGION(changed_s),
         .absent = UINT32_MAX},
        {0},
};

static const struct column node_columns[] = {
        {"id", "of the node", COLUMN_TEXT, NODE(id)},
        {"region", "that it is in", COLUMN_TEXT, NODE(region)},
        {"own", "1: this one", COLUMN_NUMBER, NODE(own)},
        {"verdict", "unknown, healthy, degraded or unreachable", COLUMN_CHOICE, NODE(verdict),
         .choices = verdicts},
        {"reason", "what was seen of it", COLUMN_TEXT, NODE(reason)},
        {"state", "active, draining or stopped", COLUMN_CHOICE, NODE(state), .choices = states},
        {"load", "percent of what it can take", COLUMN_NUMBER, NODE(load_percent)},
        {"allocations", "on it", COLUMN_NUMBER, NODE(allocations)},
        {"addr4", "of its TURN server", COLUMN_ADDRESS, NODE(addr4)},
        {"addr6", "the same in IPv6", COLUMN_ADDRESS, .only_json = true, NODE(addr6)},
        {"http", "of its control plane", COLUMN_TEXT, .only_json = true, NODE(http)},
        {"streams", "on it", COLUMN_NUMBER, .only_json = true, NODE(streams)},
        {"beat_age", "milliseconds since its last beat", COLUMN_NUMBER, .only_json = true,
         NODE(beat_age_ms), .absent = UINT32_MAX},
        {"rtt", "microseconds of a probe, smoothed", COLUMN_NUMBER, NODE(rtt_us),
         .absent = UINT32_MAX},
        {"probes", "of the last ten that were due", COLUMN_NUMBER, .only_json = true, NODE(probes)},
        {"lost", "of them", COLUMN_NUMBER, .only_json = true, NODE(lost)},
        {"weight", "in the choice; 0: takes nothing new", COLUMN_NUMBER, .only_json = true,
         NODE(weight)},
        {"changed", "seconds since the verdict changed", COLUMN_NUMBER, .only_json = true,
         NODE(changed_s)},
        {"generation", "of the snapshot that this is from", COLUMN_NUMBER, .only_json = true,
         NODE(generation)},
        {0},
};

static const struct reply region_reply = {sizeof(struct sluice_region_row),
                                          .columns = region_columns};
static const struct reply node_reply = {sizeof(struct sluice_node_row), .columns = node_columns};

#define NAME_ARGUMENT(body, member, what)                                                          \
	{                                                                                          \
		.key = "name", .help = what, .type = ARGUMENT_NAME, .identifies = true,            \
		FIELD(body, member),                                                               \
	}
#define BETWEEN_ARGUMENTS                                                                          \
	{.key = "from",                                                                            \
	 .help = "a region",                                                                       \
	 .type = ARGUMENT_NAME,                                                                    \
	 .identifies = true,                                                                       \
	 FIELD(sluice_region_distance, from)},                                                     \
	{                                                                                          \
		.key = "to", .help = "another one", .type = ARGUMENT_NAME, .identifies = true,     \
		FIELD(sluice_region_distance, to),                                                 \
	}

#define SNAPSHOT(member) FIELD(sluice_snapshot_row, member)

static const struct column snapshot_columns[] = {
        {"generation", "grows with each change", COLUMN_NUMBER, SNAPSHOT(generation)},
        {"regions", "in it", COLUMN_NUMBER, SNAPSHOT(regions)},
        {"nodes", "in it", COLUMN_NUMBER, SNAPSHOT(nodes)},
        {"age", "milliseconds since it was last seen to be right", COLUMN_NUMBER, SNAPSHOT(age_ms),
         .absent = UINT32_MAX},
        {"held", "1: nobody is seen, the last view is kept", COLUMN_NUMBER, SNAPSHOT(held)},
        {"node", "this one", COLUMN_TEXT, SNAPSHOT(node)},
        {"state", "active or draining", COLUMN_CHOICE, SNAPSHOT(state), .choices = states},
        {0},
};

static const struct reply snapshot_reply = {sizeof(struct sluice_snapshot_row), .single = true,
                                            .columns = snapshot_columns};

static const struct command commands[] = {
        {
                .path = {"region", "add"},
                .help = "a region and its Redis; this node's own is one of them",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .own = true,
                .type = SLUICE_REGION_ADD,
                .body_size = sizeof(struct sluice_region_add),
                .arguments =
                        {
                                NAME_ARGUMENT(sluice_region_add, name, "of the region"),
                                {.key = "redis",
                                 .help = "where its Redis is; port 6379 unless given",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .fallback = REDIS_PORT,
                                 FIELD(sluice_region_add, redis)},
                                {.key = "password",
                                 .help = "of the Redis",
                                 .type = ARGUMENT_SECRET,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, password)},
                                {.key = "db",
                                 .help = "number of the database; 0 unless given",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 .most = 1000000,
                                 FIELD(sluice_region_add, db)},
                                {.key = "sentinel",
                                 .meta = "MASTER",
                                 .help = "the address is a Sentinel's: ask it for this master",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, sentinel)},
                                {.key = "at",
                                 .meta = "LAT,LON",
                                 .help = "where it is, in degrees: 52.52,13.405",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, place)},
                        },
        },
        {
                .path = {"region", "delete"},
                .help = "forget a region and its nodes",
                .kind = COMMAND_DELETE,
                .own = true,
                .type = SLUICE_REGION_DELETE,
                .deletes = SLUICE_REGION_ADD,
                .body_size = sizeof(struct sluice_region_delete),
                .arguments = {NAME_ARGUMENT(sluice_region_delete, name, "of the region")},
        },
        {
                .path = {"region", "distance", "add"},
                .help = "how far two regions are from each other, where their places do not tell",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .own = true,
                .type = SLUICE_REGION_DISTANCE_ADD,
                .body_size = sizeof(struct sluice_region_distance),
                .arguments =
                        {
                                BETWEEN_ARGUMENTS,
                                {.key = "km",
                                 .help = "either way",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .most = 40000,
                                 FIELD(sluice_region_distance, km)},
                        },
        },
        {
                .path = {"region", "distance", "delete"},
                .help = "leave it to their places",
                .kind = COMMAND_DELETE,
                .own = true,
                .type = SLUICE_REGION_DISTANCE_DELETE,
                .deletes = SLUICE_REGION_DISTANCE_ADD,
                .body_size = sizeof(struct sluice_region_distance),
                .arguments = {BETWEEN_ARGUMENTS},
        },
        {
                .path = {"region", "show"},
                .help = "the regions and what is seen of them",
                .kind = COMMAND_SHOW,
                .type = SLUICE_REGION_SHOW,
                .reply = &region_reply,
        },
        {
                .path = {"node", "set"},
                .help = "who this node is to the others",
                .kind = COMMAND_SET,
                .own = true,
                .type = SLUICE_NODE_SET,
                .body_size = sizeof(struct sluice_node_set),
                .arguments =
                        {
                                {.key = "id",
                                 .help = "unlike any other node's",
                                 .type = ARGUMENT_NAME,
                                 FIELD(sluice_node_set, id)},
                                {.key = "region",
                                 .meta = "NAME",
                                 .help = "that it is in",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 FIELD(sluice_node_set, region)},
                                {.key = "addr4",
                                 .help = "where clients find its TURN server; as in `turn "
                                         "listen` unless given",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .optional = true,
                                 .fallback = STUN_PORT,
                                 FIELD(sluice_node_set, addr4)},
                                {.key = "addr6",
                                 .help = "the same in IPv6",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .optional = true,
                                 .fallback = STUN_PORT,
                                 FIELD(sluice_node_set, addr6)},
                                {.key = "http",
                                 .meta = "HOST:PORT",
                                 .help = "where others find its control plane",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_node_set, http)},
                                {.key = "capacity",
                                 .meta = "PPS",
                                 .help = "packets a second, to weigh nodes of different size",
                                 .type = ARGUMENT_NUMBER,
                                 .keyword = true,
                                 .optional = true,
                                 .most = 100000000,
                                 FIELD(sluice_node_set, capacity_pps)},
                        },
        },
        {
                .path = {"node", "drain"},
                .help = "turn new work away; present work stays until its end",
                .kind = COMMAND_ACT,
                .type = SLUICE_NODE_DRAIN,
                .body_size = sizeof(struct sluice_node_drain),
                .arguments =
                        {
                                {.key = "seconds",
                                 .meta = "N",
                                 .help = "until present work ends at the latest; unbounded "
                                         "unless given",
                                 .type = ARGUMENT_DURATION,
                                 .keyword = true,
                                 .optional = true,
                                 .least = 1,
                                 .most = 604800,
                                 FIELD(sluice_node_drain, seconds)},
                        },
        },
        {
                .path = {"node", "undrain"},
                .help = "take new work again",
                .kind = COMMAND_ACT,
                .type = SLUICE_NODE_UNDRAIN,
        },
        {
                .path = {"node", "show"},
                .help = "all nodes of all regions, as this one sees them",
                .kind = COMMAND_SHOW,
                .type = SLUICE_NODE_SHOW,
                .reply = &node_reply,
        },
        {
                .path = {"snapshot", "show"},
                .help = "the view of the fleet that this node serves from, and its age",
                .kind = COMMAND_SHOW,
                .type = SLUICE_SNAPSHOT_SHOW,
                .reply = &snapshot_reply,
        },
};

const struct command_group commands_region = {"Regions", commands, COUNT(commands)};
