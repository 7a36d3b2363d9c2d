/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers do for a capture: choose, copy, hand over. */
#include "capture/program.h"
#include "capture/state.h"
#include "net/service.h"
#include "srtp/rtp.h"

#include <rte_cycles.h>
#include <rte_graph.h>

#include <string.h>

#define HEADERS_MIN (14 + 20 + 8) /* Ethernet, IPv4, UDP */

/* One burst at one point, for one capture. */
struct looking {
	const struct dataplane *dp;
	struct capture *capture;
	struct capture_ring *ring;
	uint64_t tsc;
	enum sluice_capture_point point;
	enum drop_reason reason; /* of all; DROP_REASONS: each packet has its own */
	uint16_t node;           /* where `reason` is one */
	uint16_t producer;
};

/* Packets to let pass before the next one is taken: N - 1 on average, and no rhythm. */
static uint32_t sample_gap(struct capture_ring *ring, uint32_t sample)
{
	uint32_t x = ring->random;

	if (sample <= 1)
		return 0;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	ring->random = x;
	return (uint32_t)(((uint64_t)x * (2 * (uint64_t)sample - 1)) >> 32);
}

static enum packet_form form_of(enum sluice_capture_point point, const struct packet *packet)
{
	switch (point) {
	case SLUICE_CAPTURE_RECEIVED:
		return PACKET_FRAME;
	case SLUICE_CAPTURE_SENT:
		return PACKET_FRAME_OUT;
	case SLUICE_CAPTURE_DECRYPTED:
		return PACKET_RTP;
	default:
		return packet->form;
	}
}

static inline enum sluice_capture_direction direction_of(enum packet_form form)
{
	return form == PACKET_DATAGRAM || form == PACKET_FRAME_OUT ? SLUICE_CAPTURE_OUT
	                                                           : SLUICE_CAPTURE_IN;
}

static inline uint8_t reason_of(const struct looking *looking, const struct packet *packet)
{
	return looking->reason == DROP_REASONS ? packet->reason : (uint8_t)looking->reason;
}

/*
 * A dropped media packet may have been through the cipher, authentic or not: its payload is shown
 * only to captures that may see plaintext, and to no filter program, whose verdict would reveal it.
 */
static inline bool payload_is_secret(const struct looking *looking, const struct packet *packet)
{
	return looking->point == SLUICE_CAPTURE_DROPPED &&
	       (packet->service_kind == SERVICE_MEDIA || packet->form == PACKET_RTP) &&
	       !(looking->capture->filter.points & 1u << SLUICE_CAPTURE_DECRYPTED);
}

/* How far a packet with a secret payload is shown: to the end of RTP's fixed header. */
static uint32_t open_length(struct rte_mbuf *mbuf, const struct view *view, enum packet_form form)
{
	uint8_t headers[VIEW_HEADERS_MAX];

	if (form == PACKET_DATAGRAM || form == PACKET_RTP)
		return view_headers_write(view, headers) + RTP_HEADER_SIZE;
	if (!view->udp)
		return HEADERS_MIN + RTP_HEADER_SIZE;
	return (uint32_t)(view->payload - rte_pktmbuf_mtod(mbuf, const uint8_t *)) +
	       RTP_HEADER_SIZE;
}

static void data_copy(struct rte_mbuf *mbuf, uint32_t length, uint8_t *to)
{
	const void *data = rte_pktmbuf_read(mbuf, 0, length, to);

	if (data != NULL && data != to)
		memcpy(to, data, length);
}

/* Headers where the mbuf has none, and of its data as much as `room` leaves; returns how long all
 * of it is. */
static uint32_t bytes_copy(struct rte_mbuf *mbuf, const struct view *view, enum packet_form form,
                           uint32_t room, uint8_t *to)
{
	uint16_t headers = 0;
	uint32_t length;

	if (form == PACKET_DATAGRAM || form == PACKET_RTP)
		headers = view_headers_write(view, to);
	length = headers + mbuf->pkt_len;
	room = RTE_MIN(room, length);
	if (room > headers)
		data_copy(mbuf, room - headers, to + headers);
	return length;
}

static inline uint16_t interface_of(const struct looking *looking, const struct packet *packet)
{
	uint16_t port = packet->port < PORTS_MAX ? packet->port : 0;

	return looking->point == SLUICE_CAPTURE_DECRYPTED ? PORTS_MAX + port : port;
}

static inline uint16_t queue_of(const struct looking *looking, const struct packet *packet)
{
	if (looking->point == SLUICE_CAPTURE_SENT)
		return port_tx_queue(looking->dp, looking->producer, packet->port);
	return packet->queue;
}

/* What has no headers is judged with those that it is shown with, wherever the snap cuts. */
static bool program_wants(const struct looking *looking, struct rte_mbuf *mbuf,
                          const struct view *view, enum packet_form form, uint32_t shown)
{
	const struct sluice_capture_filter *wanted = &looking->capture->wanted.filter;
	uint8_t *scratch = looking->ring->scratch;
	uint32_t length;

	if (wanted->program_length == 0)
		return true;
	if (form == PACKET_FRAME || form == PACKET_FRAME_OUT)
		return program_match(wanted->program, rte_pktmbuf_mtod(mbuf, const uint8_t *),
		                     mbuf->pkt_len, RTE_MIN(mbuf->data_len, shown));
	shown = RTE_MIN(shown, looking->capture->packet_max);
	length = bytes_copy(mbuf, view, form, shown, scratch);
	return program_match(wanted->program, scratch, length, RTE_MIN(length, shown));
}

static void record_write(const struct looking *looking, struct rte_mbuf *mbuf,
                         const struct view *view, enum packet_form form, uint32_t shown,
                         uint16_t position)
{
	const struct packet *packet = packet_of(mbuf);
	uint32_t snap = RTE_MIN(looking->capture->wanted.snap, shown);
	struct capture_record *record = ring_reserve(looking->ring);

	if (unlikely(record == NULL)) {
		looking->ring->lost[interface_of(looking, packet)]++;
		return;
	}
	*record = (struct capture_record){
	        .tsc = looking->tsc,
	        .interface = interface_of(looking, packet),
	        .queue = queue_of(looking, packet),
	        .position = position,
	        .point = looking->point,
	        .reason = reason_of(looking, packet),
	        .node = looking->reason == DROP_REASONS ? packet->node : looking->node,
	        .direction = direction_of(form),
	};
	record->length = bytes_copy(mbuf, view, form, snap, record->data);
	record->captured = RTE_MIN(record->length, snap);
	ring_hold(looking->ring);
}

static void packet_look(const struct looking *looking, struct rte_mbuf *mbuf, uint16_t position)
{
	const struct filter *filter = &looking->capture->filter;
	const struct packet *packet = packet_of(mbuf);
	enum packet_form form = form_of(looking->point, packet);
	uint32_t shown = UINT32_MAX;
	struct view view;
	bool secret;

	if (!filter_metadata(filter, packet->port, looking->point, direction_of(form),
	                     reason_of(looking, packet)))
		return;
	secret = payload_is_secret(looking, packet);
	if (filter->packet || secret || form == PACKET_DATAGRAM || form == PACKET_RTP)
		view_read(&view, looking->dp, mbuf, form);
	if (filter->packet && !filter_view(filter, looking->dp, &view))
		return;
	if (secret)
		shown = open_length(mbuf, &view, form);
	if (program_wants(looking, mbuf, &view, form, shown))
		record_write(looking, mbuf, &view, form, shown, position);
}

static void burst_look(struct looking *looking, struct rte_mbuf **mbufs, uint16_t count)
{
	struct capture_ring *ring = looking->ring;
	uint32_t sample = looking->capture->wanted.filter.sample;
	uint64_t i = ring->skip;

	looking->tsc = rte_rdtsc();
	for (; i < count; i += 1 + (uint64_t)sample_gap(ring, sample))
		packet_look(looking, mbufs[i], (uint16_t)i);
	ring->skip = (uint32_t)(i - count);
	if (looking->point != SLUICE_CAPTURE_SENT && ring->held > 0)
		ring_publish(ring);
}

static void packets_look(const struct capture_set *set, const struct looking *burst,
                         struct rte_mbuf **mbufs, uint16_t count)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct capture_ring *ring = &set->list[i].rings[burst->producer];
		struct looking looking = *burst;

		if (!(set->list[i].points & 1u << burst->point))
			continue;
		if (likely(ring->skip >= count)) {
			ring->skip -= count;
			continue;
		}
		looking.capture = set->list[i].capture;
		looking.ring = ring;
		if (__atomic_load_n(&looking.capture->state, __ATOMIC_RELAXED) ==
		    SLUICE_CAPTURE_RUNNING)
			burst_look(&looking, mbufs, count);
	}
}

void capture_packets(const struct dataplane *dp, const struct capture_set *set,
                     enum sluice_capture_point point, uint16_t producer, struct rte_mbuf **mbufs,
                     uint16_t count)
{
	packets_look(
	        set,
	        &(const struct looking){
	                .dp = dp, .point = point, .producer = producer, .reason = DROP_REASONS},
	        mbufs, count);
}

void capture_dropped(const struct dataplane *dp, const char *node, uint16_t producer,
                     struct rte_mbuf **mbufs, uint16_t count, enum drop_reason reason)
{
	const struct capture_set *set = capture_at(dp, SLUICE_CAPTURE_DROPPED);

	if (unlikely(set != NULL))
		packets_look(set,
		             &(const struct looking){.dp = dp,
		                                     .point = SLUICE_CAPTURE_DROPPED,
		                                     .producer = producer,
		                                     .node = (uint16_t)rte_node_from_name(node),
		                                     .reason = reason},
		             mbufs, count);
}

void capture_sent(const struct capture_set *set, uint16_t producer, uint16_t sent)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct capture_ring *ring = &set->list[i].rings[producer];

		if (likely(ring->held == 0))
			continue;
		ring_take_back(ring, sent);
		ring_publish(ring);
	}
}
