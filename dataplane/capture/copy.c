/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers do for a capture: choose, copy, hand over. */
#include "capture/program.h"
#include "capture/state.h"
#include "net/service.h"

#include <rte_cycles.h>

#include <string.h>

/* Of a packet that may hold plaintext media: Ethernet, IPv6, UDP, RTP's fixed header. */
#define MEDIA_SNAP (VIEW_HEADERS_MAX + 12)

/* One burst at one point, for one capture. */
struct looking {
	const struct dataplane *dp;
	struct capture *capture;
	struct capture_ring *ring;
	uint64_t tsc;
	enum sluice_capture_point point;
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

/*
 * A dropped media packet may have been through the cipher, authentic or not: its payload is shown
 * to whoever may see plaintext, and to nobody else.
 */
static inline uint32_t snap_of(const struct looking *looking, const struct packet *packet)
{
	const struct capture *capture = looking->capture;

	if (looking->point == SLUICE_CAPTURE_DROPPED &&
	    (packet->service_kind == SERVICE_MEDIA || packet->form == PACKET_RTP) &&
	    !(capture->filter.points & 1u << SLUICE_CAPTURE_DECRYPTED))
		return RTE_MIN(capture->wanted.snap, (uint32_t)MEDIA_SNAP);
	return capture->wanted.snap;
}

static void data_copy(struct rte_mbuf *mbuf, uint32_t length, uint8_t *to)
{
	const void *data = rte_pktmbuf_read(mbuf, 0, length, to);

	if (data != NULL && data != to)
		memcpy(to, data, length);
}

/* Headers where the mbuf has none, and as much of its data as is wanted. */
static void record_fill(struct capture_record *record, struct rte_mbuf *mbuf,
                        const struct view *view, enum packet_form form, uint32_t snap)
{
	uint16_t headers = 0;

	if (form == PACKET_DATAGRAM || form == PACKET_RTP)
		headers = view_headers_write(view, record->data);
	record->length = headers + mbuf->pkt_len;
	record->captured = RTE_MIN(record->length, snap);
	if (record->captured > headers)
		data_copy(mbuf, record->captured - headers, record->data + headers);
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

static bool program_wants(const struct capture *capture, const uint8_t *data, uint32_t wire_length,
                          uint32_t length)
{
	return capture->wanted.filter.program_length == 0 ||
	       program_match(capture->wanted.filter.program, data, wire_length, length);
}

static void packet_look(const struct looking *looking, struct rte_mbuf *mbuf, uint16_t position)
{
	const struct capture *capture = looking->capture;
	const struct packet *packet = packet_of(mbuf);
	enum packet_form form = form_of(looking->point, packet);
	bool frame = form == PACKET_FRAME || form == PACKET_FRAME_OUT;
	struct capture_record *record;
	struct view view;

	if (!filter_metadata(&capture->filter, packet, looking->point, direction_of(form)))
		return;
	if (capture->filter.packet || !frame)
		view_read(&view, looking->dp, mbuf, form);
	if (capture->filter.packet && !filter_view(&capture->filter, looking->dp, &view))
		return;
	if (frame && !program_wants(capture, rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->pkt_len,
	                            mbuf->data_len))
		return;
	record = ring_reserve(looking->ring);
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
	        .reason = packet->reason,
	        .direction = direction_of(form),
	};
	record_fill(record, mbuf, &view, form, snap_of(looking, packet));
	if (frame || program_wants(capture, record->data, record->length, record->captured))
		ring_hold(looking->ring);
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

void capture_packets(const struct dataplane *dp, const struct capture_set *set,
                     enum sluice_capture_point point, uint16_t producer, struct rte_mbuf **mbufs,
                     uint16_t count)
{
	for (uint32_t i = 0; i < set->count; i++) {
		struct capture_ring *ring = &set->list[i].rings[producer];
		struct looking looking;

		if (!(set->list[i].points & 1u << point))
			continue;
		if (likely(ring->skip >= count)) {
			ring->skip -= count;
			continue;
		}
		looking = (struct looking){.dp = dp,
		                           .capture = set->list[i].capture,
		                           .ring = ring,
		                           .point = point,
		                           .producer = producer};
		if (__atomic_load_n(&looking.capture->state, __ATOMIC_RELAXED) ==
		    SLUICE_CAPTURE_RUNNING)
			burst_look(&looking, mbufs, count);
	}
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
