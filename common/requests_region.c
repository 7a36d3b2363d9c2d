/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/region.h>

#define REGION(member) FIELD(sluice_region_row, member)

static const struct column region_columns[] = {
        {"name", "of the region", COLUMN_TEXT, REGION(name), .label = "region"},
        {"own", "1: this node's", COLUMN_NUMBER, REGION(own)},
        {"verdict", "on the region", COLUMN_CHOICE, REGION(verdict), .choices = verdict_words,
         .metric = "sluice_region_verdict", .metric_help = "1 for the verdict on the region",
         .form = METRIC_STATES},
        {"reason", "what was seen of it", COLUMN_TEXT, REGION(reason)},
        {"nodes", "nodes that are known", COLUMN_NUMBER, REGION(nodes),
         .metric = "sluice_region_nodes"},
        {"healthy", "nodes that are healthy", COLUMN_NUMBER, REGION(healthy),
         .metric = "sluice_region_healthy_nodes"},
        {"redis", "host and port of its Redis; the master's, where Sentinels name it", COLUMN_TEXT,
         REGION(redis_at)},
        {"connected", "1: the region's Redis answers", COLUMN_NUMBER, REGION(connected),
         .metric = "sluice_region_connected"},
        {"redis_why", "what is wrong with its Redis", COLUMN_TEXT, REGION(redis_why),
         .only_json = true},
        {"beat_age", "since the latest beat of any of its nodes", COLUMN_NUMBER,
         REGION(beat_age_ms), .absent = UINT32_MAX, .unit = "milliseconds",
         .metric = "sluice_region_beat_age_seconds"},
        {"changed", "seconds since the verdict changed", COLUMN_NUMBER, REGION(changed_s),
         .absent = UINT32_MAX},
        {0},
};

static const struct reply region_reply = {REPLY(sluice_region_row, region_columns),
                                          .row_size_before = 176, .none = "there is no region"};

#define NODE(member) FIELD(sluice_node_row, member)

static const struct column node_columns[] = {
        {"id", "of the node", COLUMN_TEXT, NODE(id)},
        {"region", "that it is in", COLUMN_TEXT, NODE(region)},
        {"own", "1: this one", COLUMN_NUMBER, NODE(own)},
        {"verdict", "on the node", COLUMN_CHOICE, NODE(verdict), .choices = verdict_words},
        {"reason", "what was seen of it", COLUMN_TEXT, NODE(reason)},
        {"state", "of the node", COLUMN_CHOICE, NODE(state), .choices = node_state_words},
        {"load", "percent of what it can take", COLUMN_NUMBER, NODE(load_percent)},
        {"allocations", "on it", COLUMN_NUMBER, NODE(allocations)},
        {"addr4", "of its TURN server", COLUMN_ADDRESS, NODE(addr4)},
        {"addr6", "of its TURN server, in IPv6", COLUMN_ADDRESS, .only_json = true, NODE(addr6)},
        {"http", "address of its control plane", COLUMN_TEXT, .only_json = true, NODE(http)},
        {"streams", "on it", COLUMN_NUMBER, .only_json = true, NODE(streams)},
        {"beat_age", "since its last beat", COLUMN_NUMBER, .only_json = true, NODE(beat_age_ms),
         .absent = UINT32_MAX, .unit = "milliseconds"},
        {"rtt", "of a probe, smoothed", COLUMN_NUMBER, NODE(rtt_us), .absent = UINT32_MAX,
         .unit = "microseconds"},
        {"probes", "of the last ten that were due", COLUMN_NUMBER, .only_json = true, NODE(probes)},
        {"lost", "probes that were not answered", COLUMN_NUMBER, .only_json = true, NODE(lost)},
        {"weight", "in the choice; 0: takes nothing new", COLUMN_NUMBER, .only_json = true,
         NODE(weight)},
        {"changed", "seconds since the verdict changed", COLUMN_NUMBER, .only_json = true,
         NODE(changed_s)},
        {"generation", "of the snapshot that this is from", COLUMN_NUMBER, .only_json = true,
         NODE(generation)},
        {0},
};

static const struct reply node_reply = {REPLY(sluice_node_row, node_columns),
                                        .none = "no other node is known"};

#define SNAPSHOT(member) FIELD(sluice_snapshot_row, member)

static const struct column snapshot_columns[] = {
        {"generation", "grows with each change of the view of the fleet", COLUMN_NUMBER,
         SNAPSHOT(generation), .metric = "sluice_snapshot_generation"},
        {"regions", "regions in the view", COLUMN_NUMBER, SNAPSHOT(regions)},
        {"nodes", "nodes in the view", COLUMN_NUMBER, SNAPSHOT(nodes),
         .metric = "sluice_snapshot_nodes"},
        {"age", "since the view was last seen to be right; no fault in itself", COLUMN_NUMBER,
         SNAPSHOT(age_ms), .absent = UINT32_MAX, .unit = "milliseconds",
         .metric = "sluice_snapshot_age_seconds"},
        {"held", "1: no other node is seen, and the last view is kept", COLUMN_NUMBER,
         SNAPSHOT(held), .metric = "sluice_snapshot_held"},
        {"node", "this one", COLUMN_TEXT, SNAPSHOT(node)},
        {"state", "of this node", COLUMN_CHOICE, SNAPSHOT(state), .choices = node_state_words,
         .metric = "sluice_node_draining", .metric_help = "1: this node turns new work away",
         .form = METRIC_IS, .is = SLUICE_NODE_DRAINING},
        {0},
};

static const struct reply snapshot_reply = {REPLY(sluice_snapshot_row, snapshot_columns),
                                            .single = true};

#define REGION_TEXTS                                                                               \
	{                                                                                          \
		TEXT(sluice_region_add, name), TEXT(sluice_region_add, password),                  \
		        TEXT(sluice_region_add, sentinel), TEXT(sluice_region_add, place),         \
		        TEXT(sluice_region_add, hosts), TEXT(sluice_region_add, user),             \
		        TEXT(sluice_region_add, sentinel_user),                                    \
		        TEXT(sluice_region_add, sentinel_password), TEXT(sluice_region_add, ca),   \
		        TEXT(sluice_region_add, cert), TEXT(sluice_region_add, key),               \
		        TEXT(sluice_region_add, server)                                            \
	}
#define DISTANCE_TEXTS                                                                             \
	{                                                                                          \
		TEXT(sluice_region_distance, from), TEXT(sluice_region_distance, to)               \
	}
#define NODE_TEXTS                                                                                 \
	{                                                                                          \
		TEXT(sluice_node_set, id), TEXT(sluice_node_set, region),                          \
		        TEXT(sluice_node_set, http)                                                \
	}

static const struct request requests[] = {
        REQUEST(SLUICE_REGION_ADD, {"region", "add"}, REQUEST_ADD, BY_CONTROL, .exist_ok = true,
                BODY(sluice_region_add), .body_size_before = 408, .texts = REGION_TEXTS),
        REQUEST(SLUICE_REGION_DELETE, {"region", "delete"}, REQUEST_DELETE, BY_CONTROL,
                .deletes = SLUICE_REGION_ADD, BODY(sluice_region_delete),
                .texts = {TEXT(sluice_region_delete, name)}),
        REQUEST(SLUICE_REGION_SHOW, {"region", "show"}, REQUEST_SHOW, BY_CONTROL,
                .reply = &region_reply),
        REQUEST(SLUICE_REGION_DISTANCE_ADD, {"region", "distance", "add"}, REQUEST_ADD, BY_CONTROL,
                .exist_ok = true, BODY(sluice_region_distance), .texts = DISTANCE_TEXTS),
        REQUEST(SLUICE_REGION_DISTANCE_DELETE, {"region", "distance", "delete"}, REQUEST_DELETE,
                BY_CONTROL, .deletes = SLUICE_REGION_DISTANCE_ADD, BODY(sluice_region_distance),
                .texts = DISTANCE_TEXTS),
        REQUEST(SLUICE_NODE_SET, {"node", "set"}, REQUEST_SET, BY_CONTROL, BODY(sluice_node_set),
                .texts = NODE_TEXTS),
        REQUEST(SLUICE_NODE_SHOW, {"node", "show"}, REQUEST_SHOW, BY_CONTROL, .reply = &node_reply),
        REQUEST(SLUICE_NODE_DRAIN, {"node", "drain"}, REQUEST_ACT, BY_CONTROL,
                BODY(sluice_node_drain)),
        REQUEST(SLUICE_NODE_UNDRAIN, {"node", "undrain"}, REQUEST_ACT, BY_CONTROL),
        REQUEST(SLUICE_SNAPSHOT_SHOW, {"snapshot", "show"}, REQUEST_SHOW, BY_CONTROL,
                .reply = &snapshot_reply),
};

const struct request_table requests_region = REQUEST_TABLE(requests);
