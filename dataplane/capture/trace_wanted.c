/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/trace_wanted.h"

#include "capture/program.h"
#include "dataplane.h"
#include "media/bytes.h"
#include "media/receive.h"
#include "net/port.h"
#include "net/service.h"
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

static int stream_find_name(struct trace_wanted *wanted, const struct media *media, char *why)
{
	const char *name = wanted->asked.stream;

	if (name[0] == '\0')
		return 0;
	for (uint32_t i = 1; media != NULL && i <= media->max_streams; i++) {
		if (!media->streams[i].live || strcmp(media->streams[i].name, name) != 0)
			continue;
		wanted->stream = i;
		return 0;
	}
	snprintf(why, SLUICE_API_ERROR_MAX, "no stream %s", name);
	return -ENOENT;
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
	if (error == 0)
		error = stream_find_name(wanted, dp->media, why);
	if (error != 0)
		return error;
	memcpy(filter.port, asked->port, sizeof(filter.port));
	memcpy(filter.reason, asked->reason, sizeof(filter.reason));
	memcpy(filter.user, asked->user, sizeof(filter.user));
	memcpy(filter.endpoint, asked->endpoint, sizeof(filter.endpoint));
	return filter_make(&wanted->filter, dp, &filter, why);
}

/* -- workers -- */

enum packet_form trace_form(const char *at, const struct packet *packet)
{
	return strcmp(at, "port_tx") == 0 ? PACKET_FRAME_OUT : packet->form;
}

/*
 * Behind the headers that the packet stands for, as a capture shows it. Of plaintext no more than
 * RTP's fixed header: what matches would tell the rest to whoever may not see it.
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

/* -- a stream's packets, as they are on the wire -- */

/* Whose packet it is, at our address and theirs; NULL: no endpoint's. */
static const struct endpoint *endpoint_at(const struct dataplane *dp, const struct ip_addr *ours,
                                          uint16_t our_port, const struct ip_addr *theirs,
                                          uint16_t their_port)
{
	const struct services *services = __atomic_load_n(&dp->services, __ATOMIC_ACQUIRE);
	const struct service *service = service_find(services, ours, our_port);
	struct packet packet = {.flow = {.client = *theirs, .client_port = their_port}};

	if (service == NULL || service->kind != SERVICE_MEDIA)
		return NULL;
	packet.flow.service = service->index;
	return endpoint_find(dp->media, &packet);
}

/* Numbered as its publisher does. */
static bool stream_comes(const struct media *media, uint32_t index, const struct endpoint *endpoint,
                         uint32_t ssrc)
{
	const struct stream *stream = &media->streams[index];

	return endpoint == &media->endpoints[stream->endpoint] &&
	       ((stream->source != NULL && stream->source->ssrc == ssrc) ||
	        (stream->rtx_source != NULL && stream->rtx_source->ssrc == ssrc));
}

/* Numbered as one of its subscriptions. */
static bool stream_leaves(const struct media *media, uint32_t index,
                          const struct endpoint *endpoint, uint32_t ssrc)
{
	const struct endpoint_subscriptions *legs =
	        endpoint == NULL ? NULL
	                         : __atomic_load_n(&endpoint->subscriptions, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		const struct subscription *leg = &media->subscriptions[legs->list[i].subscription];

		if (__atomic_load_n(&leg->stream, __ATOMIC_RELAXED) == index &&
		    (leg->ssrc == ssrc || (leg->rtx_ssrc != 0 && leg->rtx_ssrc == ssrc)))
			return true;
	}
	return false;
}

static bool stream_match(const struct trace_wanted *wanted, const struct dataplane *dp,
                         const struct view *view)
{
	const struct media *media = dp->media;
	const struct stream *stream = &media->streams[wanted->stream];
	uint32_t ssrc;

	if (!__atomic_load_n(&stream->live, __ATOMIC_ACQUIRE) ||
	    strcmp(stream->name, wanted->asked.stream) != 0)
		return false;
	if (view->stream != 0)
		return view->stream == wanted->stream;
	if (!view->udp || view->payload_length < RTP_HEADER_SIZE ||
	    view->payload[0] >> 6 != RTP_VERSION || rtp_is_rtcp(view->payload[1]))
		return false;
	ssrc = read_be32(view->payload + 8);
	return stream_comes(media, wanted->stream,
	                    endpoint_at(dp, &view->dst, view->dst_port, &view->src, view->src_port),
	                    ssrc) ||
	       stream_leaves(
	               media, wanted->stream,
	               endpoint_at(dp, &view->src, view->src_port, &view->dst, view->dst_port),
	               ssrc);
}

/* -- all together -- */

static bool direction_wanted(const struct filter *filter, enum packet_form form)
{
	bool out = form == PACKET_DATAGRAM || form == PACKET_FRAME_OUT;

	return filter->direction == SLUICE_CAPTURE_BOTH ||
	       filter->direction == (out ? SLUICE_CAPTURE_OUT : SLUICE_CAPTURE_IN);
}

bool trace_begins_at(const struct trace_wanted *wanted, const char *node)
{
	return strcmp(node, "port_rx") == 0 ||
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
	       (!filter->packet || filter_view(filter, dp, &view)) &&
	       (wanted->stream == 0 || stream_match(wanted, dp, &view));
}

bool trace_wants_end(const struct trace_wanted *wanted, enum packet_form form,
                     enum drop_reason dropped)
{
	const struct filter *filter = &wanted->filter;

	return filter->reason == DROP_REASONS ||
	       (dropped == filter->reason && direction_wanted(filter, form));
}
