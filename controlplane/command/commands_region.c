/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/region.h>

#define REDIS_PORT 6379
#define STUN_PORT  3478

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

#define TLS_FILE(word, member, what)                                                               \
	{                                                                                          \
		.key = word, .meta = "FILE", .help = what, .type = ARGUMENT_WORD, .keyword = true, \
		.optional = true, .access = ACCESS_HOST, FIELD(sluice_region_add, member),         \
	}

static const struct command commands[] = {
        {
                .type = SLUICE_REGION_ADD,
                .help = "a region and its Redis; this node's own is one of them",
                .arguments =
                        {
                                NAME_ARGUMENT(sluice_region_add, name, "of the region"),
                                {.key = "redis",
                                 .help = "where its Redis is, by address or name; of several "
                                         "the first that answers; port 6379 unless given",
                                 .type = ARGUMENT_HOSTS,
                                 .keyword = true,
                                 .fallback = REDIS_PORT,
                                 FIELD(sluice_region_add, redis),
                                 .second = offsetof(struct sluice_region_add, hosts),
                                 .most = SLUICE_REDIS_HOSTS_MAX - 1},
                                {.key = "user",
                                 .meta = "NAME",
                                 .help = "of the Redis' access list (ACL)",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, user)},
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
                                 .help = "the hosts are Sentinels: ask them for this master",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, sentinel)},
                                {.key = "sentinel-user",
                                 .meta = "NAME",
                                 .help = "of the Sentinels' access list",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, sentinel_user)},
                                {.key = "sentinel-password",
                                 .help = "of the Sentinels; none unless given",
                                 .type = ARGUMENT_SECRET,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, sentinel_password)},
                                {.key = "tls",
                                 .help = "TLS to all of them, and their certificates checked",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, tls)},
                                TLS_FILE("ca", ca,
                                         "authorities to trust, in PEM; the host's own unless "
                                         "given"),
                                TLS_FILE("cert", cert, "this node's certificate in PEM"),
                                TLS_FILE("key", key, "its private key in PEM"),
                                {.key = "server",
                                 .meta = "NAME",
                                 .help = "that their certificates are for; the host's own unless "
                                         "given",
                                 .type = ARGUMENT_NAME,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_region_add, server)},
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
                .type = SLUICE_REGION_DELETE,
                .help = "forget a region and its nodes",
                .arguments = {NAME_ARGUMENT(sluice_region_delete, name, "of the region")},
        },
        {
                .type = SLUICE_REGION_DISTANCE_ADD,
                .help = "how far two regions are from each other, where their places do not tell",
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
                .type = SLUICE_REGION_DISTANCE_DELETE,
                .help = "leave it to their places",
                .arguments = {BETWEEN_ARGUMENTS},
        },
        {
                .type = SLUICE_REGION_SHOW,
                .help = "the regions and what is seen of them",
        },
        {
                .type = SLUICE_NODE_SET,
                .help = "who this node is to the others",
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
                .type = SLUICE_NODE_DRAIN,
                .help = "turn new work away; present work stays until its end",
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
                .type = SLUICE_NODE_UNDRAIN,
                .help = "take new work again",
        },
        {
                .type = SLUICE_NODE_SHOW,
                .help = "all nodes of all regions, as this one sees them",
        },
        {
                .type = SLUICE_SNAPSHOT_SHOW,
                .help = "the view of the fleet that this node serves from, and its age",
        },
};

const struct command_group commands_region = {"Regions", commands, COUNT(commands)};
