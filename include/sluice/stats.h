/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane counts. Counters never go back while the dataplane lives. */
#ifndef SLUICE_STATS_H
#define SLUICE_STATS_H

#include <sluice/api.h>

/* SLUICE_COUNTER_SHOW -> rows. */
struct sluice_counter_show {
	uint32_t nonzero; /* 1: leave out what is 0 */
};
static_assert(sizeof(struct sluice_counter_show) == 4, "counter show");

/* A counter's name is "area.what" ("drop.ip4_checksum", "turn.allocate_success"); value is the sum
 * over workers, in `unit` ("packets"). */
struct sluice_counter_row {
	char name[48];
	char help[96];
	uint64_t value;
	char unit[16];
};
static_assert(sizeof(struct sluice_counter_row) == 168, "counter row");

enum sluice_poll_mode {
	SLUICE_POLL_ADAPTIVE, /* back off when idle */
	SLUICE_POLL_BUSY,
};

/* SLUICE_WORKER_POLL_SET -> {}. */
struct sluice_worker_poll {
	uint32_t mode; /* enum sluice_poll_mode */
};
static_assert(sizeof(struct sluice_worker_poll) == 4, "worker poll");

/* SLUICE_WORKER_CLOCK_SET -> {}: workers' time goes forward. -EPERM unless the dataplane runs with
 * --test-clock. */
struct sluice_worker_clock {
	uint32_t forward_s; /* 1 to 1000000 */
};
static_assert(sizeof(struct sluice_worker_clock) == 4, "worker clock");

/* SLUICE_WORKER_SHOW {} -> rows. */
struct sluice_worker_row {
	uint32_t id;
	uint32_t cpu;
	uint32_t queues;  /* (port, queue) pairs that it polls */
	uint32_t poll;    /* enum sluice_poll_mode */
	uint64_t packets; /* received */
	uint64_t walks;   /* of the graph */
	uint64_t bursts;  /* that a queue had packets in */
	uint64_t busy_cycles, idle_cycles;
	uint64_t handed_over, ring_full; /* packets that another worker's ring took, and refused */
	uint64_t tsc_hz;                 /* cycles a second */
	uint32_t ring_used, ring_size;   /* packets that wait in its own ring */
	uint64_t sleeps;                 /* until a packet, a message or a timer came */
	uint64_t cpu_ns;                 /* CPU time of its thread */
};
static_assert(sizeof(struct sluice_worker_row) == 104, "worker row");

/* SLUICE_POOL_SHOW {} -> a row for each pool of packet buffers. */
struct sluice_pool_row {
	char name[32];
	uint32_t size;
	uint32_t used; /* in rings and queues of devices too; what workers cache is free */
};
static_assert(sizeof(struct sluice_pool_row) == 40, "pool row");

/* SLUICE_GRAPH_SHOW {} -> a row for each node of the graph, summed over workers. */
struct sluice_graph_row {
	char node[32];
	char edges[224]; /* the names of the next nodes, separated by spaces */
	uint64_t calls, packets, cycles;
	uint64_t tsc_hz; /* cycles a second */
};
static_assert(sizeof(struct sluice_graph_row) == 288, "graph row");

/* SLUICE_LEDGER_SHOW {} -> a row for each kind of record that the file (ledger.h) has; none without
 * a ledger. */
struct sluice_ledger_row {
	char kind[24];
	uint32_t records;     /* that are there now */
	uint32_t records_max; /* that there is room for */
	uint64_t bytes;       /* of the file, for that room */
};
static_assert(sizeof(struct sluice_ledger_row) == 40, "ledger row");

/* What the last start found in the place of the ledger. */
enum sluice_ledger_found {
	SLUICE_LEDGER_FOUND_NONE,
	SLUICE_LEDGER_FOUND_TAKEN,         /* it was taken over */
	SLUICE_LEDGER_FOUND_OTHER_BOOT,    /* of this host; left alone, like all below */
	SLUICE_LEDGER_FOUND_OTHER_VERSION, /* a newer one than ours */
	SLUICE_LEDGER_FOUND_DAMAGED,       /* or it is no ledger, or of another type of machine */
	SLUICE_LEDGER_FOUND_UNREADABLE,    /* it is not ours, or cannot be read */
	SLUICE_LEDGER_FOUNDS,
};

/* SLUICE_LEDGER_STATUS {} -> one of this. */
struct sluice_ledger_status {
	char path[128];       /* empty: there is no ledger, and all below is 0 */
	uint64_t bytes;       /* of the file */
	uint64_t made;        /* Unix time, seconds: when this dataplane made it */
	uint32_t version;     /* of the file's layout */
	uint32_t found;       /* enum sluice_ledger_found, and of one that was taken: */
	uint64_t found_age_s; /* how old it was */
	uint32_t found_version;
	uint32_t taken;   /* records that were taken over */
	uint32_t expired; /* their time had run out */
	uint32_t torn;    /* their writer died over them */
	uint32_t broken;  /* the check, or what they say, is wrong */
	uint32_t no_room; /* the tables of this start are smaller */
	uint32_t foreign; /* what they belong to was not taken, or is configured no more */
	uint32_t pad;
	uint64_t took_us;
};
static_assert(sizeof(struct sluice_ledger_status) == 200, "ledger status");

#endif
