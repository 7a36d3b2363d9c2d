/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/trace_wanted.h"

#include "capture/program.h"
#include "dataplane.h"
#include "net/port.h"
#include "srtp/rtp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT_MAX      1000
#define COUNT_DEFAULT  10
#define WAIT_MAX_S     15
#define WAIT_DEFAULT_S 10
/* What a program sees of a packet that has no headers of its own. */
#define PROGRAM_DATA_MAX 2048

/* -- control thread -- */

static int asked_check(struct sluice_trace *asked, char *why)
{
	if (asked->count == 0)
		asked->count = COUNT_DEFAULT;
	if (asked->seconds == 0)
		asked->seconds = WAIT_DEFAULT_S;
	if (asked->program_length > SLUICE_CAPTURE_PROGRAM_MAX ||
	    (asked->program_length != 0 && !program_valid(asked->program, asked->program_length))) {
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "the BPF program is not valid: at most %u instructions, no jumps back",
		         SLUICE_CAPTURE_PROGRAM_MAX);
		return -EINVAL;
	}
	if (asked->count <= COUNT_MAX && asked->seconds <= WAIT_MAX_S)
		return 0;
	snprintf(why, SLUICE_API_ERROR_MAX, "expected at most %u packets, in at most %u seconds",
	         COUNT_MAX, WAIT_MAX_S);
	return -EINVAL;
}

int trace_wanted_make(struct trace_wanted *wanted, const struct dataplane *dp,
                      const struct sluice_trace *asked, char *why)
{
	struct sluice_capture_filter filter = {
	        .points = 1u << (asked->reason[0] != '\0' ? SLUICE_CAPTURE_DROPPED
	                                                  : SLUICE_CAPTURE_RECEIVED),
	        .direction = asked->direction,
	        .allocation = asked->allocation,
	};
	int error;

	*wanted = (struct trace_wanted){.asked = *asked};
	error = asked_check(&wanted->asked, why);
	if (error != 0)
		return error;
	memcpy(filter.port, asked->port, sizeof(filter.port));
	memcpy(filter.reason, asked->reason, sizeof(filter.reason));
	memcpy(filter.user, asked->user, sizeof(filter.user));
	memcpy(filter.endpoint, asked->endpoint, sizeof(filter.endpoint));
	memcpy(filter.stream, asked->stream, sizeof(filter.stream));
	return filter_make(&wanted->filter, dp, &filter, why);
}

/* -- workers -- */

enum packet_form trace_form(const char *at, const struct packet *packet)
{
	return strcmp(at, "port_tx") == 0 ? PACKET_FRAME_OUT : packet->form;
}

/*
 * Behind the headers that the packet stands for, as a capture shows it. Of plaintext no more than
 * RTP's fixed header: what matches would tell the rest to a reader that may not see it.
 */
static bool datagram_match(const struct sluice_trace *asked, const struct view *view,
                           enum packet_form form)
{
	uint8_t data[VIEW_HEADERS_MAX + PROGRAM_DATA_MAX];
	uint16_t headers = view_headers_write(view, data);
	uint32_t most = form == PACKET_RTP ? RTP_HEADER_SIZE : PROGRAM_DATA_MAX;
	uint32_t length = RTE_MIN((uint32_t)view->payload_length, most);

	memcpy(data + headers, view->payload, length);
	return program_match(asked->program, data, headers + view->length, headers + length);
}

static bool program_wants(const struct sluice_trace *asked, struct rte_mbuf *mbuf,
                          const struct view *view, enum packet_form form)
{
	if (asked->program_length == 0)
		return true;
	if (form == PACKET_DATAGRAM || form == PACKET_RTP)
		return datagram_match(asked, view, form);
	return program_match(asked->program, rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->pkt_len,
	                     mbuf->data_len);
}

static bool direction_wanted(const struct filter *filter, enum packet_form form)
{
	bool out = form == PACKET_DATAGRAM || form == PACKET_FRAME_OUT;

	return filter->direction == SLUICE_CAPTURE_BOTH ||
	       filter->direction == (out ? SLUICE_CAPTURE_OUT : SLUICE_CAPTURE_IN);
}

bool trace_begins_at(const struct trace_wanted *wanted, const char *node)
{
	return strcmp(node, "port_rx") == 0 || strcmp(node, "stream_input") == 0 ||
	       (wanted->filter.direction == SLUICE_CAPTURE_OUT &&
	        (strcmp(node, "srtp_encrypt") == 0 || strcmp(node, "srtp_backlog") == 0));
}

bool trace_wants(const struct trace_wanted *wanted, const struct dataplane *dp, const char *at,
                 struct rte_mbuf *mbuf)
{
	const struct filter *filter = &wanted->filter;
	const struct packet *packet = packet_of(mbuf);
	enum packet_form form = trace_form(at, packet);
	struct view view;

	/* what is dropped is asked where it ends */
	if (filter->reason == DROP_REASONS && !direction_wanted(filter, form))
		return false;
	if (filter->ports != UINT64_MAX &&
	    (packet->port >= PORTS_MAX || !(filter->ports >> packet->port & 1)))
		return false;
	view_read(&view, dp, mbuf, form);
	return program_wants(&wanted->asked, mbuf, &view, form) &&
	       (!filter->packet || filter_view(filter, dp, &view));
}

bool trace_wants_end(const struct trace_wanted *wanted, enum packet_form form,
                     enum drop_reason dropped)
{
	const struct filter *filter = &wanted->filter;

	return filter->reason == DROP_REASONS ||
	       (dropped == filter->reason && direction_wanted(filter, form));
}
