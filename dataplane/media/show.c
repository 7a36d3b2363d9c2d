/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of what there is. Owners write the counters meanwhile: each number is right, the row is no
 * snapshot. */
#include "media/config.h"

#include "dataplane.h"
#include "media/reception.h"
#include "media/transport_feedback.h"

#include <string.h>

static struct sluice_addr addr_of(const struct transport_addr *transport)
{
	struct sluice_addr addr = {.port = transport->port};

	memcpy(addr.ip, transport->ip.bytes, sizeof(addr.ip));
	return addr;
}

static void endpoint_row(const struct endpoint *endpoint, struct sluice_endpoint_row *row)
{
	*row = (struct sluice_endpoint_row){
	        .remote = addr_of(&endpoint->remote),
	        .local = addr_of(&endpoint->local),
	        .profile = endpoint->profile,
	        .learn = endpoint->learn,
	        .worker = endpoint->worker,
	        .subscriptions =
	                endpoint->subscriptions == NULL ? 0 : endpoint->subscriptions->count,
	        .rx_packets = endpoint->rx_packets,
	        .rx_bytes = endpoint->rx_bytes,
	        .tx_packets = endpoint->tx_packets,
	        .tx_bytes = endpoint->tx_bytes,
	        .auth_failed = endpoint->auth_failed,
	        .replayed = endpoint->replayed,
	        .malformed = endpoint->malformed,
	        .unknown_ssrc = endpoint->unknown_ssrc,
	        .moved = endpoint->moved,
	};
	memcpy(row->name, endpoint->name, sizeof(row->name));
	transport_show(endpoint->transport, row);
	for (uint32_t i = 0; endpoint->sources != NULL && i < endpoint->sources->count; i++)
		row->streams += !endpoint->sources->sources[i]->rtx;
}

uint32_t media_endpoint_show(struct media *media, uint32_t *cursor,
                             struct sluice_endpoint_row *rows, uint32_t room)
{
	uint32_t count = 0;

	while (count < room && *cursor < media->max_endpoints)
		if (media->endpoints[++*cursor].live)
			endpoint_row(&media->endpoints[*cursor], &rows[count++]);
	return count;
}

static uint32_t stream_legs(const struct media *media, const struct stream *stream)
{
	uint32_t count = 0;

	for (uint16_t i = 0; i < media->dp->n_workers; i++)
		count += stream->at[i].legs == NULL ? 0 : stream->at[i].legs->count;
	return count;
}

static void stream_row(const struct media *media, const struct stream *stream,
                       struct sluice_stream_row *row)
{
	const struct endpoint_source *rtx = stream->rtx_source;

	*row = (struct sluice_stream_row){
	        .ssrc = stream->source->ssrc,
	        .subscriptions = stream_legs(media, stream),
	        .packets = stream->packets,
	        .bytes = stream->bytes,
	        .lost = reception_lost(stream->reception),
	        .repaired = stream->repaired,
	        .replayed = stream->source->replayed + (rtx == NULL ? 0 : rtx->replayed),
	        .auth_failed = stream->source->auth_failed + (rtx == NULL ? 0 : rtx->auth_failed),
	        .key_frame_requests = stream->key_frame_requests,
	        .nacks_sent = stream->nacks_sent,
	        .jitter_us = reception_jitter_us(stream->reception),
	        .ended = stream->ended,
	};
	memcpy(row->name, stream->name, sizeof(row->name));
	memcpy(row->endpoint, stream->config.endpoint, sizeof(row->endpoint));
}

uint32_t media_stream_show(struct media *media, uint32_t *cursor, struct sluice_stream_row *rows,
                           uint32_t room)
{
	uint32_t count = 0;

	while (count < room && *cursor < media->max_streams)
		if (media->streams[++*cursor].live)
			stream_row(media, &media->streams[*cursor], &rows[count++]);
	return count;
}

/* UINT32_MAX: it has not reported. */
static uint32_t reported_ms(const struct media *media, const struct subscription *subscription)
{
	const struct worker *worker =
	        media->dp->workers[media->endpoints[subscription->endpoint].worker];
	uint64_t reported = __atomic_load_n(&subscription->reported_tsc, __ATOMIC_RELAXED);
	uint64_t now = __atomic_load_n(&worker->tsc, __ATOMIC_RELAXED);

	if (reported == 0)
		return UINT32_MAX;
	return (uint32_t)RTE_MIN((now - RTE_MIN(reported, now)) / (worker->tsc_hz / 1000),
	                         UINT32_MAX - 1);
}

static void subscription_row(const struct media *media, const struct subscription *subscription,
                             struct sluice_subscription_row *row)
{
	*row = (struct sluice_subscription_row){
	        .ssrc = subscription->ssrc,
	        .pt = subscription->pt,
	        .paused = subscription->paused,
	        .worker = media->endpoints[subscription->endpoint].worker,
	        .packets = subscription->packets,
	        .bytes = subscription->bytes,
	        .retransmitted = subscription->retransmitted,
	        .retransmit_missed = subscription->retransmit_missed,
	        .retransmit_refused = subscription->retransmit_refused,
	        .key_frame_requests = subscription->key_frame_requests,
	        .lost = subscription->reported_lost,
	        .jitter_us = subscription->reported_jitter_us,
	        .rtt_us = subscription->rtt_us,
	        .fraction_lost = subscription->fraction_lost,
	        .held = subscription->held,
	        .reported_ms = reported_ms(media, subscription),
	};
	memcpy(row->stream, subscription->config.stream, sizeof(row->stream));
	memcpy(row->endpoint, subscription->config.endpoint, sizeof(row->endpoint));
	memcpy(row->source, media->streams[subscription->stream].name, sizeof(row->source));
}

uint32_t media_subscription_show(struct media *media, uint32_t *cursor,
                                 struct sluice_subscription_row *rows, uint32_t room)
{
	uint32_t count = 0;

	while (count < room && *cursor < media->max_subscriptions)
		if (media->subscriptions[++*cursor].live)
			subscription_row(media, &media->subscriptions[*cursor], &rows[count++]);
	return count;
}

static uint32_t places_taken(const struct media_places *places)
{
	return places->size - places->count;
}

void media_show(const struct media *media, struct sluice_media_row *row)
{
	const struct media_config *config = media->config;

	*row = (struct sluice_media_row){
	        .endpoints = places_taken(&config->endpoint_places),
	        .endpoints_max = media->max_endpoints,
	        .streams = places_taken(&config->stream_places),
	        .streams_max = media->max_streams,
	        .subscriptions = places_taken(&config->subscription_places),
	        .subscriptions_max = media->max_subscriptions,
	};
}
