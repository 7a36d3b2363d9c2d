/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Padding on the repair stream of a video (RFC 4588), paced at the rate that is asked about: it is
 * numbered and told of like all else, and a receiver passes over it.
 */
#include "media/viewer.h"

#include "dataplane.h"
#include "media/bytes.h"
#include "media/datagram.h"
#include "media/leg_map.h"
#include "media/record.h"
#include "media/rtcp.h"
#include "srtp/rtp.h"

#define PADDING      255  /* bytes, the most that one packet may have (RFC 3550, 5.1) */
#define SENT_PER_RUN 32   /* packets of one probe */
#define PADDING_BYTE 0xb0 /* version 2, padding, extension */

bool viewer_probe_carries(const struct subscription *subscription)
{
	const struct leg_map *map = leg_map_of(subscription, subscription->stream_now);

	return subscription->rtx_ssrc != 0 && map != NULL && map->has_ext &&
	       map->ext.transport_id != 0 && map->rtx_pt[map->first] != 0;
}

/* It is where it is known to receive. */
static bool may_be_asked(const struct endpoint *endpoint)
{
	return !endpoint->unproven && endpoint->remote.port != 0 && endpoint->mki_length == 0 &&
	       !endpoint->silent;
}

void viewer_probe_start(struct media_worker *media_worker, uint32_t index, uint32_t subscription,
                        uint32_t kbps)
{
	struct viewer_worker *probes = &media_worker->rtcp->viewers;
	struct endpoint *endpoint = &media_worker->media->endpoints[index];
	struct viewer *viewer = viewer_of(media_worker->media, index);
	const uint64_t least = STEER_PROBE_LEAST * (PADDING + VIEWER_UDP_IP);
	/* what flows beside it shall be remembered as well */
	const uint64_t most = VIEWER_SENT / 2 * (PADDING + VIEWER_UDP_IP);
	uint64_t bytes = (uint64_t)kbps * STEER_PROBE_US / 8000;

	if (viewer->probing || probes->n_probes == VIEWER_PROBES || !may_be_asked(endpoint))
		return;
	probes->probes[probes->n_probes++] = (struct viewer_probe){
	        .endpoint = index,
	        .subscription = subscription,
	        .life = viewer->life,
	        .kbps = kbps,
	        .bytes = (uint32_t)RTE_MIN(RTE_MAX(bytes, least), most),
	        .began = media_worker->worker->tsc,
	};
	viewer->probing = true;
	downlink_probe_begin(&viewer->steer.downlink, endpoint->transport_number,
	                     viewer_us(media_worker->worker->tsc, media_worker->worker->tsc_hz));
}

/* The extension with the next number; 0: it would have none. */
static uint16_t tail_write(const struct media *media, struct endpoint *endpoint,
                           const struct leg_map *map, const struct worker *worker, uint8_t *tail)
{
	uint32_t time = (uint32_t)(media_ntp(media, worker->tsc, worker->tsc_hz) >> 14) & 0xffffff;
	uint16_t at = 0, length;

	length = ext_map_write(&map->ext, 0, tail, 0, time, tail, &at);
	if (at == 0)
		return 0;
	write_be16(tail + at, endpoint->transport_number);
	return length;
}

/* Plaintext in the mbuf; its header's length, or 0. */
static uint16_t padding_write(const struct media_worker *media_worker, struct endpoint *endpoint,
                              struct subscription *subscription, uint8_t *packet)
{
	const struct leg_map *map = leg_map_of(subscription, subscription->stream_now);
	uint16_t tail;

	if (!viewer_probe_carries(subscription))
		return 0;
	tail = tail_write(media_worker->media, endpoint, map, media_worker->worker,
	                  packet + RTP_HEADER_SIZE);
	if (tail == 0)
		return 0;
	record_reserve_rtx(subscription, subscription->rtx_index + 1);
	subscription->rtx_index++;
	packet[0] = PADDING_BYTE;
	packet[1] = map->rtx_pt[map->first];
	write_be16(packet + 2, (uint16_t)subscription->rtx_index);
	write_be32(packet + 4, subscription->sent_timestamp);
	write_be32(packet + 8, subscription->rtx_ssrc);
	memset(packet + RTP_HEADER_SIZE + tail, 0, PADDING - 1);
	packet[RTP_HEADER_SIZE + tail + PADDING - 1] = PADDING;
	return RTP_HEADER_SIZE + tail;
}

static bool padding_protect(struct media_worker *media_worker, const struct endpoint *endpoint,
                            const struct subscription *subscription, uint8_t *packet,
                            uint16_t header)
{
	struct srtp_job job = {
	        .session = endpoint->tx,
	        .src = packet + header,
	        .dst = packet + header,
	        .index = subscription->rtx_index,
	        .ssrc = rte_cpu_to_be_32(subscription->rtx_ssrc),
	        .header_length = header,
	        .length = PADDING,
	};

	return media_worker->media->engine->protect(media_worker->srtp, &job, 1, NULL, 0) == 1;
}

/* Bytes on the wire; 0: it was not sent. */
static uint16_t padding_send(struct media_worker *media_worker, struct endpoint *endpoint,
                             struct subscription *subscription)
{
	const struct worker *worker = media_worker->worker;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(worker->dp->pool);
	uint32_t index = (uint32_t)(endpoint - media_worker->media->endpoints);
	uint16_t header, length;

	if (mbuf == NULL) {
		media_worker->counters[MEDIA_NO_MBUF]++;
		return 0;
	}
	header = padding_write(media_worker, endpoint, subscription,
	                       rte_pktmbuf_mtod(mbuf, uint8_t *));
	if (header == 0 || !padding_protect(media_worker, endpoint, subscription,
	                                    rte_pktmbuf_mtod(mbuf, uint8_t *), header))
		goto fail;
	length = header + PADDING + endpoint->tag_length;
	mbuf->data_len = length;
	mbuf->pkt_len = length;
	datagram_address(mbuf, endpoint, &endpoint->remote);
	if (worker_inbox_put(media_worker->worker, &mbuf, 1) != 1)
		goto fail;
	viewer_note(viewer_sent_of(media_worker->media, index), endpoint->transport_number++,
	            length, (uint32_t)viewer_us(worker->tsc, worker->tsc_hz));
	endpoint->tx_packets++;
	endpoint->tx_bytes += length;
	media_worker->counters[MEDIA_PROBE_PACKETS]++;
	return length + VIEWER_UDP_IP;
fail:
	rte_pktmbuf_free(mbuf);
	return 0;
}

static bool carrier_lives(const struct media *media, const struct viewer_probe *probe)
{
	const struct subscription *subscription = &media->subscriptions[probe->subscription];

	return __atomic_load_n(&subscription->live, __ATOMIC_ACQUIRE) &&
	       subscription->endpoint == probe->endpoint && !subscription->needs_key &&
	       may_be_asked(&media->endpoints[probe->endpoint]);
}

/* True: it goes on. */
static bool probe_run(struct media_worker *media_worker, struct viewer_probe *probe,
                      const struct viewer *viewer)
{
	const struct worker *worker = media_worker->worker;
	struct media *media = media_worker->media;
	uint64_t us = viewer_us(worker->tsc - probe->began, worker->tsc_hz);
	/* one packet at once, so that there is a time between the first and the last */
	uint64_t due = (uint64_t)probe->kbps * us / 8000 + 1;

	if (!carrier_lives(media, probe) || us > DOWNLINK_PROBE_US)
		return false;
	/* that would overtake it, and has the numbers behind it */
	if (viewer->pace->released_tsc == worker->tsc)
		return true;
	for (uint32_t i = 0; i < SENT_PER_RUN && probe->sent < RTE_MIN(due, probe->bytes); i++) {
		uint16_t sent = padding_send(media_worker, &media->endpoints[probe->endpoint],
		                             &media->subscriptions[probe->subscription]);

		if (sent == 0)
			return false;
		if (probe->sent == 0)
			media_worker->counters[MEDIA_PROBES]++;
		probe->sent += sent;
	}
	return probe->sent < probe->bytes;
}

/* Of which nothing was sent: it says nothing. */
static void probe_end(const struct media *media, const struct viewer_probe *probe,
                      struct viewer *viewer)
{
	uint16_t next = media->endpoints[probe->endpoint].transport_number;

	viewer->probing = false;
	if (probe->sent == 0)
		downlink_probe_drop(&viewer->steer.downlink);
	else
		downlink_probe_end(&viewer->steer.downlink, (uint16_t)(next - 1));
}

void viewer_probes_run(struct media_worker *media_worker)
{
	struct viewer_worker *probes = &media_worker->rtcp->viewers;
	struct media *media = media_worker->media;
	uint32_t i = 0;

	while (i < probes->n_probes) {
		struct viewer_probe *probe = &probes->probes[i];
		struct viewer *viewer = viewer_left(media, probe->endpoint, probe->life);

		if (viewer != NULL && probe_run(media_worker, probe, viewer)) {
			i++;
			continue;
		}
		if (viewer != NULL)
			probe_end(media, probe, viewer);
		*probe = probes->probes[--probes->n_probes];
	}
}
