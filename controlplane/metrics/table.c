/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/metrics.h"

#include "command/field.h"

#include <string.h>

#include <sluice/capture.h>
#include <sluice/config.h>
#include <sluice/gate.h>
#include <sluice/http.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/region.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#define LABEL(row, member)                                                                         \
	.label_offset = offsetof(struct row, member), .label_size = FIELD_SIZE(row, member)

const struct metric_source_info metric_sources[SOURCES] = {
        [SOURCE_VERSION] = {SLUICE_VERSION, sizeof(struct sluice_version), .label = "program",
                            LABEL(sluice_version, program)},
        [SOURCE_HTTP] = {SLUICE_HTTP_SHOW, sizeof(struct sluice_http_row)},
        [SOURCE_CONFIG] = {SLUICE_CONFIG_STATUS, sizeof(struct sluice_config_status)},
        [SOURCE_GATE] = {SLUICE_GATE_SHOW, sizeof(struct sluice_gate_row)},
        [SOURCE_REGION] = {SLUICE_REGION_SHOW, sizeof(struct sluice_region_row), .label = "region",
                           LABEL(sluice_region_row, name)},
        [SOURCE_SNAPSHOT] = {SLUICE_SNAPSHOT_SHOW, sizeof(struct sluice_snapshot_row)},
        [SOURCE_TURN] = {SLUICE_TURN_SHOW, sizeof(struct sluice_turn_row)},
        [SOURCE_WORKER] = {SLUICE_WORKER_SHOW, sizeof(struct sluice_worker_row), .label = "worker",
                           LABEL(sluice_worker_row, id), .label_number = true,
                           .columns = worker_columns},
        [SOURCE_PORT] = {SLUICE_PORT_SHOW, sizeof(struct sluice_port_row), .label = "port",
                         LABEL(sluice_port_row, name), .columns = port_columns},
        [SOURCE_GRAPH] = {SLUICE_GRAPH_SHOW, sizeof(struct sluice_graph_row), .label = "node",
                          LABEL(sluice_graph_row, node), .columns = graph_columns},
        [SOURCE_POOL] = {SLUICE_POOL_SHOW, sizeof(struct sluice_pool_row), .label = "pool",
                         LABEL(sluice_pool_row, name)},
        [SOURCE_CAPTURE] = {SLUICE_CAPTURE_SHOW, sizeof(struct sluice_capture_row)},
        [SOURCE_MEDIA] = {SLUICE_MEDIA_SHOW, sizeof(struct sluice_media_row)},
        [SOURCE_COUNTER] = {SLUICE_COUNTER_SHOW, sizeof(struct sluice_counter_row)},
};

static const char *const verdicts[] = {"unknown", "healthy", "degraded", "unreachable", NULL};
static const char *const modes[] = {"off", "observe", "enforce", NULL};

#define AT(row, member)              .offset = offsetof(struct row, member), .size = FIELD_SIZE(row, member)
#define COUNTER(source, row, member) METRIC_COUNTER, source, VALUE_FIELD, AT(row, member)
#define GAUGE(source, row, member)   METRIC_GAUGE, source, VALUE_FIELD, AT(row, member)
#define MEDIA(member)                GAUGE(SOURCE_MEDIA, sluice_media_row, member)
#define TURN(member)                 GAUGE(SOURCE_TURN, sluice_turn_row, member)

#define POOL(member) GAUGE(SOURCE_POOL, sluice_pool_row, member)

static const struct metric_label build[] = {
        {"version", FIELD(sluice_version, version)},
        {"engine", FIELD(sluice_version, srtp)},
        {"dpdk", FIELD(sluice_version, dpdk)},
        {0},
};

const struct metric metrics[] = {
        {"sluice_build_info",
         "1 for each daemon that answers, with its version, and the dataplane's SRTP engine and "
         "DPDK",
         METRIC_GAUGE, SOURCE_VERSION, VALUE_INFO, .labels = build},
        {"sluice_start_time_seconds",
         "Unix time of the daemon's start; the dataplane's is missing while it is away",
         GAUGE(SOURCE_VERSION, sluice_version, started)},
        {"sluice_http_connections", "open connections of the HTTP server",
         GAUGE(SOURCE_HTTP, sluice_http_row, connections)},
        {"sluice_http_requests_total", "HTTP requests that were answered",
         COUNTER(SOURCE_HTTP, sluice_http_row, requests)},
        {"sluice_http_refused_total", "of them with a 4xx",
         COUNTER(SOURCE_HTTP, sluice_http_row, refused)},
        {"sluice_http_failed_total", "of them with a 5xx",
         COUNTER(SOURCE_HTTP, sluice_http_row, failed)},
        {"sluice_http_timed_out_total",
         "connections that were closed because their client was too slow",
         COUNTER(SOURCE_HTTP, sluice_http_row, timed_out)},
        {"sluice_http_crowded_total", "connections that were closed to make room for others",
         COUNTER(SOURCE_HTTP, sluice_http_row, crowded)},
        {"sluice_config_lines", "of the running configuration",
         GAUGE(SOURCE_CONFIG, sluice_config_status, lines)},
        {"sluice_config_refused_lines",
         "of them, those that are not in force; they are tried again every second",
         GAUGE(SOURCE_CONFIG, sluice_config_status, refused)},
        {"sluice_config_reload_failed", "1: the last reload changed nothing, for a mistake",
         GAUGE(SOURCE_CONFIG, sluice_config_status, reload_failed)},
        {"sluice_gate_mode", "1 for the mode that the gate is in", METRIC_GAUGE, SOURCE_GATE,
         VALUE_STATE, AT(sluice_gate_row, mode), .choices = modes},
        {"sluice_gate_xdp", "1: the XDP program holds the configuration",
         GAUGE(SOURCE_GATE, sluice_gate_row, xdp)},
        {"sluice_gate_host_attacked", "1: only second arrivals of unverified requests pass",
         GAUGE(SOURCE_GATE, sluice_gate_row, host_attacked)},
        {"sluice_gate_prefixes_attacked", "prefixes of which only second arrivals pass",
         GAUGE(SOURCE_GATE, sluice_gate_row, prefixes_attacked)},
        {"sluice_gate_passed_total",
         "packets that the gate passed, those for the kernel among them",
         COUNTER(SOURCE_GATE, sluice_gate_row, passed)},
        {"sluice_gate_dropped_total", "packets that the gate dropped",
         COUNTER(SOURCE_GATE, sluice_gate_row, dropped)},
        {"sluice_region_verdict", "1 for the verdict on the region", METRIC_GAUGE, SOURCE_REGION,
         VALUE_STATE, AT(sluice_region_row, verdict), .choices = verdicts},
        {"sluice_region_connected", "1: the region's Redis answers",
         GAUGE(SOURCE_REGION, sluice_region_row, connected)},
        {"sluice_region_nodes", "nodes that are known",
         GAUGE(SOURCE_REGION, sluice_region_row, nodes)},
        {"sluice_region_healthy_nodes", "of them healthy",
         GAUGE(SOURCE_REGION, sluice_region_row, healthy)},
        {"sluice_region_beat_age_seconds", "since the freshest beat of its nodes", METRIC_GAUGE,
         SOURCE_REGION, VALUE_MS, AT(sluice_region_row, beat_age_ms)},
        {"sluice_snapshot_age_seconds",
         "since the view of the fleet was last seen to be right; no fault in itself", METRIC_GAUGE,
         SOURCE_SNAPSHOT, VALUE_MS, AT(sluice_snapshot_row, age_ms)},
        {"sluice_snapshot_generation", "grows with each change of the view of the fleet",
         GAUGE(SOURCE_SNAPSHOT, sluice_snapshot_row, generation)},
        {"sluice_snapshot_nodes", "nodes in it",
         GAUGE(SOURCE_SNAPSHOT, sluice_snapshot_row, nodes)},
        {"sluice_snapshot_held", "1: nobody is seen, and the last view is kept",
         GAUGE(SOURCE_SNAPSHOT, sluice_snapshot_row, held)},
        {"sluice_node_draining", "1: this node turns new work away", METRIC_GAUGE, SOURCE_SNAPSHOT,
         VALUE_IS, AT(sluice_snapshot_row, state), .second = SLUICE_NODE_DRAINING},
        {"sluice_turn_allocations", "allocations that live", TURN(allocations)},
        {"sluice_turn_allocations_max", "that there is room for", TURN(allocations_max)},
        {"sluice_turn_permissions", "permissions that live", TURN(permissions)},
        {"sluice_turn_permissions_max", "that there is room for", TURN(permissions_max)},
        {"sluice_turn_channels", "channels that live", TURN(channels)},
        {"sluice_turn_channels_max", "that there is room for", TURN(channels_max)},
        {"sluice_port_up", "1: the port has a link", METRIC_GAUGE, SOURCE_PORT, VALUE_IS,
         AT(sluice_port_row, state), .second = SLUICE_PORT_UP},
        {"sluice_packet_buffers", "packet buffers that there are", POOL(size)},
        {"sluice_packet_buffers_used",
         "packet buffers in use, those that wait in queues of ports among them", POOL(used)},
        {"sluice_captures", "captures that run or are not yet taken away", METRIC_GAUGE,
         SOURCE_CAPTURE, VALUE_ROWS},
        {"sluice_captures_packets", "packets that these captures have written", METRIC_GAUGE,
         SOURCE_CAPTURE, VALUE_SUM, AT(sluice_capture_row, packets)},
        {"sluice_captures_lost_packets",
         "packets that matched one of these captures and were not written", METRIC_GAUGE,
         SOURCE_CAPTURE, VALUE_SUM, AT(sluice_capture_row, lost)},
        {"sluice_endpoints", "SRTP endpoints", MEDIA(endpoints)},
        {"sluice_endpoints_max", "that there is room for", MEDIA(endpoints_max)},
        {"sluice_streams", "streams that endpoints publish", MEDIA(streams)},
        {"sluice_streams_max", "that there is room for", MEDIA(streams_max)},
        {"sluice_subscriptions", "subscriptions to streams", MEDIA(subscriptions)},
        {"sluice_subscriptions_max", "that there is room for", MEDIA(subscriptions_max)},
        {0},
};

/* The i-th column that is a metric, or NULL behind the last one. */
static const struct column *column_at(enum metric_source source, uint32_t i)
{
	const struct column *column = metric_sources[source].columns;

	for (; column != NULL && column->key != NULL; column++)
		if (column->metric != NULL && i-- == 0)
			return column;
	return NULL;
}

static struct metric metric_make(enum metric_source source, const struct column *column)
{
	bool cycles = column->unit != NULL && strcmp(column->unit, "cycles") == 0;

	return (struct metric){
	        .name = column->metric,
	        .help = column->help,
	        .kind = column->counter ? METRIC_COUNTER : METRIC_GAUGE,
	        .source = source,
	        .value = cycles ? VALUE_CYCLES : VALUE_FIELD,
	        .offset = column->offset,
	        .size = column->size,
	        .second = column->second,
	};
}

const struct metric *metric_next(struct metric_walk *walk)
{
	const struct column *column = NULL;

	if (metrics[walk->index].name != NULL)
		return &metrics[walk->index++];
	while (walk->source < SOURCES && column == NULL) {
		column = column_at(walk->source, walk->column++);
		if (column == NULL) {
			walk->source++;
			walk->column = 0;
		}
	}
	if (column == NULL)
		return NULL;
	walk->made = metric_make(walk->source, column);
	return &walk->made;
}

const struct metric_area metric_areas[] = {
        {"drop", "sluice_drops_total", "reason", "packets that the dataplane dropped, by reason"},
        {"gate", "sluice_gate_events_total", "event", "what the XDP gate decided and counted"},
        {"gate_node", "sluice_gate_node_events_total", "event",
         "what the dataplane's own gate decided and counted"},
        {"worker", .elsewhere = true},
        {"port", .elsewhere = true},
        {0},
};
