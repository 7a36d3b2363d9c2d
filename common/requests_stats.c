/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane counts, its workers, its graph. */
#include "common/request.h"
#include "common/words.h"

#include <sluice/stats.h>

#define COUNTER(name, of) .counter = true, .unit = of, .metric = name
#define CYCLES(row, name) COUNTER(name, "cycles"), .second = offsetof(struct row, tsc_hz)
#define NAMED(member)     FIELD(sluice_counter_row, member)

static const struct column counter_columns[] = {
        {"name", "area.what", COLUMN_TEXT, NAMED(name)},
        {"value", "summed over workers", COLUMN_NUMBER, NAMED(value)},
        {"unit", "of the value", COLUMN_TEXT, NAMED(unit)},
        {"help", "what is counted", COLUMN_TEXT, NAMED(help)},
        {0},
};

static const struct reply counter_reply = {REPLY(sluice_counter_row, counter_columns),
                                           .none = "no counter is above zero"};

#define WORKER(member) FIELD(sluice_worker_row, member)

static const struct column worker_columns[] = {
        {"id", "of the worker", COLUMN_NUMBER, WORKER(id), .label = "worker"},
        {"cpu", "that it is pinned to", COLUMN_NUMBER, WORKER(cpu)},
        {"queues", "that it polls", COLUMN_NUMBER, WORKER(queues)},
        {"poll", "what the worker does when idle", COLUMN_CHOICE, WORKER(poll),
         .choices = poll_words},
        {"packets", "packets received", COLUMN_NUMBER, WORKER(packets),
         COUNTER("sluice_worker_packets_total", "packets")},
        {"walks", "walks over the graph", COLUMN_NUMBER, WORKER(walks),
         COUNTER("sluice_worker_walks_total", "walks")},
        {"bursts", "bursts of packets that a queue gave", COLUMN_NUMBER, WORKER(bursts),
         COUNTER("sluice_worker_bursts_total", "bursts")},
        {"busy_cycles", "time in walks that found packets", COLUMN_NUMBER, WORKER(busy_cycles),
         CYCLES(sluice_worker_row, "sluice_worker_busy_seconds_total")},
        {"idle_cycles", "time in walks that found none", COLUMN_NUMBER, WORKER(idle_cycles),
         CYCLES(sluice_worker_row, "sluice_worker_idle_seconds_total")},
        {"handed_over", "packets that another worker took", COLUMN_NUMBER, WORKER(handed_over),
         COUNTER("sluice_worker_handed_over_total", "packets")},
        {"ring_full", "packets that another worker's ring had no room for", COLUMN_NUMBER,
         WORKER(ring_full), COUNTER("sluice_worker_ring_full_total", "packets")},
        {"ring_used", "packets that wait in the worker's ring", COLUMN_NUMBER, WORKER(ring_used),
         .unit = "packets", .metric = "sluice_worker_ring_packets"},
        {"ring_size", "packets that the worker's ring has room for", COLUMN_NUMBER,
         .only_json = true, WORKER(ring_size), .unit = "packets",
         .metric = "sluice_worker_ring_size"},
        {"sleeps", "times that it slept until something came", COLUMN_NUMBER, .only_json = true,
         WORKER(sleeps), COUNTER("sluice_worker_sleeps_total", "sleeps")},
        {"cpu_ns", "CPU time of its thread", COLUMN_NUMBER, .only_json = true, WORKER(cpu_ns),
         .unit = "nanoseconds"},
        {"cycles_per_second", "of its clock", COLUMN_NUMBER, .only_json = true, WORKER(tsc_hz)},
        {0},
};

static const struct reply worker_reply = {REPLY(sluice_worker_row, worker_columns)};

#define POOL(member) FIELD(sluice_pool_row, member)

static const struct column pool_columns[] = {
        {"name", "of the pool", COLUMN_TEXT, POOL(name), .label = "pool"},
        {"size", "packet buffers that there are", COLUMN_NUMBER, POOL(size),
         .metric = "sluice_packet_buffers"},
        {"used", "packet buffers in use, those that wait in queues of ports among them",
         COLUMN_NUMBER, POOL(used), .metric = "sluice_packet_buffers_used"},
        {0},
};

static const struct reply pool_reply = {REPLY(sluice_pool_row, pool_columns)};

#define NODE(member) FIELD(sluice_graph_row, member)

static const struct column graph_columns[] = {
        {"node", "of the graph", COLUMN_TEXT, NODE(node), .label = "node"},
        {"calls", "bursts of packets that went through a node of the graph", COLUMN_NUMBER,
         NODE(calls), COUNTER("sluice_node_calls_total", "bursts")},
        {"packets", "packets that went through it", COLUMN_NUMBER, NODE(packets),
         COUNTER("sluice_node_packets_total", "packets")},
        {"cycles", "time that it took", COLUMN_NUMBER, .only_json = true, NODE(cycles),
         CYCLES(sluice_graph_row, "sluice_node_seconds_total")},
        {"cycles_per_packet", "spent on each packet", COLUMN_RATIO, NODE(cycles),
         .second = offsetof(struct sluice_graph_row, packets), .unit = "cycles"},
        {"edges", "the next nodes", COLUMN_WORDS, NODE(edges)},
        {0},
};

static const struct reply graph_reply = {REPLY(sluice_graph_row, graph_columns)};

#define LEDGER(member) FIELD(sluice_ledger_row, member)

static const struct column ledger_columns[] = {
        {"kind", "of the records", COLUMN_TEXT, LEDGER(kind)},
        {"records", "that are there", COLUMN_NUMBER, LEDGER(records)},
        {"records_max", "that there is room for", COLUMN_NUMBER, LEDGER(records_max)},
        {"bytes", "of the file, for that room", COLUMN_NUMBER, LEDGER(bytes)},
        {0},
};

static const struct reply ledger_reply = {REPLY(sluice_ledger_row, ledger_columns),
                                          .none = "there is no ledger (--ledger off)"};

#define STATUS(member) FIELD(sluice_ledger_status, member)
#define TAKEN(word, text, name)                                                                    \
	{                                                                                          \
#word, text, COLUMN_NUMBER, STATUS(word), .metric = name                           \
	}

static const struct column ledger_status_columns[] = {
        {"path", "of the file; empty: there is none (--ledger off)", COLUMN_TEXT, STATUS(path)},
        {"bytes", "of the ledger, in which calls outlive the dataplane", COLUMN_NUMBER,
         STATUS(bytes), .metric = "sluice_ledger_bytes"},
        {"version", "of its layout", COLUMN_NUMBER, STATUS(version)},
        {"made", "when, Unix time in seconds", COLUMN_NUMBER, STATUS(made),
         .metric = "sluice_ledger_made_seconds",
         .metric_help = "when the ledger was made, Unix time"},
        {"found", "what the start found in its place", COLUMN_CHOICE, STATUS(found),
         .choices = ledger_found_words, .metric = "sluice_ledger_found", .form = METRIC_STATES,
         .metric_help = "1 for what the dataplane's start found in the ledger's place"},
        {"found_version", "of that one's layout", COLUMN_NUMBER, STATUS(found_version)},
        {"found_age_s", "how old that one was", COLUMN_NUMBER, STATUS(found_age_s),
         .unit = "seconds"},
        TAKEN(taken, "records that the start took over", "sluice_ledger_taken_records"),
        TAKEN(expired, "records whose time had run out at the start",
              "sluice_ledger_expired_records"),
        TAKEN(torn, "records that the dataplane before died over", "sluice_ledger_torn_records"),
        TAKEN(broken, "records that were damaged, or say what cannot be",
              "sluice_ledger_broken_records"),
        TAKEN(no_room, "records that this dataplane's tables have no room for",
              "sluice_ledger_no_room_records"),
        TAKEN(foreign, "records of what was not taken, or is configured no more",
              "sluice_ledger_foreign_records"),
        {"took_us", "time that taking over took", COLUMN_NUMBER, STATUS(took_us),
         .unit = "microseconds"},
        {0},
};

static const struct reply ledger_status_reply = {REPLY(sluice_ledger_status, ledger_status_columns),
                                                 .single = true};

static const struct request requests[] = {
        /* Of the control plane: what the XDP program counts. */
        REQUEST(SLUICE_COUNTER_SHOW, {"counter", "show"}, REQUEST_SHOW, BY_BOTH,
                BODY(sluice_counter_show), .reply = &counter_reply),
        REQUEST(SLUICE_WORKER_SHOW, {"worker", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &worker_reply),
        REQUEST(SLUICE_WORKER_POLL_SET, {"worker", "poll"}, REQUEST_SET, BY_DATAPLANE,
                BODY(sluice_worker_poll)),
        REQUEST(SLUICE_GRAPH_SHOW, {"graph", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &graph_reply),
        REQUEST(SLUICE_WORKER_CLOCK_SET, {"worker", "clock"}, REQUEST_ACT, BY_DIRECT,
                BODY(sluice_worker_clock)),
        REQUEST(SLUICE_POOL_SHOW, {"pool", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &pool_reply),
        REQUEST(SLUICE_LEDGER_SHOW, {"ledger", "show"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &ledger_reply),
        REQUEST(SLUICE_LEDGER_STATUS, {"ledger", "status"}, REQUEST_SHOW, BY_DATAPLANE,
                .reply = &ledger_status_reply),
};

const struct request_table requests_stats = REQUEST_TABLE(requests);
