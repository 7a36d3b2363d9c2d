/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/column.h"

#include <stdio.h>
#include <string.h>

#include <sluice/port.h>
#include <sluice/stats.h>

static const char *const port_kinds[] = {"xdp", "dev", "vdev", NULL};
static const char *const port_states[] = {"up", "down", "gone", NULL};
static const char *const polls[] = {"adaptive", "busy", NULL};

#define PORT(member)      FIELD(sluice_port_row, member)
#define COUNTER(name, of) .counter = true, .unit = of, .metric = name

const struct column port_columns[] = {
        {"name", "of the port", COLUMN_TEXT, PORT(name)},
        {"kind", "xdp, dev or vdev", COLUMN_CHOICE, PORT(kind), .choices = port_kinds},
        {"args", "interface, PCI address or virtual device", COLUMN_TEXT, PORT(args)},
        {"state", "up, down (no link) or gone (the kernel took the interface away)", COLUMN_CHOICE,
         PORT(state), .choices = port_states},
        {"mac", "address", COLUMN_MAC, PORT(mac)},
        {"mtu", "longest IP packet", COLUMN_NUMBER, PORT(mtu), .unit = "bytes"},
        {"queues", "receiving and sending each", COLUMN_NUMBER, PORT(queues)},
        {"numa", "node of the device", COLUMN_NUMBER, .only_json = true, PORT(numa),
         .absent = 0xffff},
        {"ifindex", "of the kernel's interface", COLUMN_NUMBER, .only_json = true, PORT(ifindex)},
        {"rx_packets", "packets received", COLUMN_NUMBER, PORT(rx_packets),
         COUNTER("sluice_port_receive_packets_total", "packets")},
        {"rx_bytes", "bytes received", COLUMN_NUMBER, .only_json = true, PORT(rx_bytes),
         COUNTER("sluice_port_receive_bytes_total", "bytes")},
        {"rx_missed", "packets lost before a full receive queue, or for want of a buffer",
         COLUMN_NUMBER, PORT(rx_missed), COUNTER("sluice_port_receive_missed_total", "packets")},
        {"rx_errors", "packets received with an error", COLUMN_NUMBER, .only_json = true,
         PORT(rx_errors), COUNTER("sluice_port_receive_errors_total", "packets")},
        {"tx_packets", "packets sent", COLUMN_NUMBER, PORT(tx_packets),
         COUNTER("sluice_port_transmit_packets_total", "packets")},
        {"tx_bytes", "bytes sent", COLUMN_NUMBER, .only_json = true, PORT(tx_bytes),
         COUNTER("sluice_port_transmit_bytes_total", "bytes")},
        {"tx_errors", "packets that the device could not send", COLUMN_NUMBER, .only_json = true,
         PORT(tx_errors), COUNTER("sluice_port_transmit_errors_total", "packets")},
        {"tx_full", "packets that the transmit queue had no room for", COLUMN_NUMBER, PORT(tx_full),
         COUNTER("sluice_port_transmit_full_total", "packets")},
        {0},
};

#define WORKER(member)    FIELD(sluice_worker_row, member)
#define CYCLES(row, name) COUNTER(name, "cycles"), .second = offsetof(struct row, tsc_hz)

const struct column worker_columns[] = {
        {"id", "of the worker", COLUMN_NUMBER, WORKER(id)},
        {"cpu", "that it is pinned to", COLUMN_NUMBER, WORKER(cpu)},
        {"queues", "that it polls", COLUMN_NUMBER, WORKER(queues)},
        {"poll", "adaptive or busy", COLUMN_CHOICE, WORKER(poll), .choices = polls},
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

#define NODE(member) FIELD(sluice_graph_row, member)

const struct column graph_columns[] = {
        {"node", "of the graph", COLUMN_TEXT, NODE(node)},
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

const char *column_about(const struct column *column, char *text)
{
	if (column->unit == NULL || strstr(column->help, column->unit) != NULL)
		return column->help;
	snprintf(text, COLUMN_ABOUT_MAX, "%s, in %s", column->help, column->unit);
	return text;
}

const struct column *column_counter(const struct column *columns, uint32_t i)
{
	for (; columns->key != NULL; columns++)
		if (columns->counter && i-- == 0)
			return columns;
	return NULL;
}
