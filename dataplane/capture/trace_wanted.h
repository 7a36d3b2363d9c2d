/* SPDX-License-Identifier: BSD-3-Clause */
/* Which packets a trace takes: when one enters the graph, and when it has left it. */
#ifndef CAPTURE_TRACE_WANTED_H
#define CAPTURE_TRACE_WANTED_H

#include <sluice/capture.h>

#include "capture/filter.h"

struct dataplane;

/* const while a trace runs */
struct trace_wanted {
	struct sluice_trace asked;
	struct filter filter;
};

/* Control thread. 0, or -errno with a line in `why`. */
int trace_wanted_make(struct trace_wanted *wanted, const struct dataplane *dp,
                      const struct sluice_trace *asked, char *why);

/* A worker: are packets that this node makes looked at as well? Else what port_rx brings. */
bool trace_begins_at(const struct trace_wanted *wanted, const char *node);
/* A worker: does the packet that enters the graph at node `at` match? */
bool trace_wants(const struct trace_wanted *wanted, const struct dataplane *dp, const char *at,
                 struct rte_mbuf *mbuf);

/* A worker: was its last step, of which form it is, an end that is wanted? dropped: DROP_NONE, or
 * why. */
bool trace_wants_end(const struct trace_wanted *wanted, enum packet_form form,
                     enum drop_reason dropped);

/* What the mbuf's data starts with where node `at` has it. */
enum packet_form trace_form(const char *at, const struct packet *packet);

#endif
