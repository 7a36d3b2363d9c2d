/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of what there is. Owners write the counters meanwhile: each number is right, the row is no
 * snapshot. */
#include "media/config.h"

#include "dataplane.h"
#include "media/reception.h"
#include "media/transport_feedback.h"

#include <string.h>

#define IDLE_MS    5000 /* of what has sent nothing for so long it is told */
#define FAILING_MS 2000

static struct sluice_addr addr_of(const struct transport_addr *transport)
{
	struct sluice_addr addr = {.port = transport->port};

	memcpy(addr.ip, transport->ip.bytes, sizeof(addr.ip));
	return addr;
}

static const struct worker *owner_of(const struct media *media, const struct endpoint *endpoint)
{
	return media->dp->workers[endpoint->worker];
}

/* Milliseconds since then on the owner's clock; UINT64_MAX: never. */
static uint64_t ms_since(const struct worker *owner, const uint64_t *tsc)
{
	uint64_t then = __atomic_load_n(tsc, __ATOMIC_RELAXED);
	uint64_t now = __atomic_load_n(&owner->tsc, __ATOMIC_RELAXED);

	return then == 0 ? UINT64_MAX : (now - RTE_MIN(then, now)) / (owner->tsc_hz / 1000);
}

static uint8_t endpoint_state(const struct media *media, const struct endpoint *endpoint)
{
	const struct worker *owner = owner_of(media, endpoint);
	uint64_t taken = UINT64_MAX;

	for (uint32_t i = 0; endpoint->sources != NULL && i < endpoint->sources->count; i++) {
		uint64_t source = ms_since(owner, &endpoint->sources->sources[i]->taken_tsc);

		taken = RTE_MIN(taken, source);
	}
	if (ms_since(owner, &endpoint->failed_tsc) < FAILING_MS && taken >= FAILING_MS)
		return SLUICE_ENDPOINT_FAILING;
	if (taken == UINT64_MAX)
		return SLUICE_ENDPOINT_WAITING;
	return taken < IDLE_MS ? SLUICE_ENDPOINT_ACTIVE : SLUICE_ENDPOINT_IDLE;
}

static void endpoint_row(const struct media *media, const struct endpoint *endpoint,
                         struct sluice_endpoint_row *row)
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
	        .origin = endpoint->origin,
	        .needs_key = endpoint->keyless != 0,
	        .state = endpoint_state(media, endpoint),
	        .silent = endpoint->silent,
	};
	memcpy(row->name, endpoint->name, sizeof(row->name));
	transport_show(endpoint->transport, row);
	for (uint32_t i = 0; endpoint->sources != NULL && i < endpoint->sources->count; i++)
		row->streams += !endpoint->sources->sources[i]->rtx;
}

static bool name_is(const char *wanted, const char *name)
{
	return wanted[0] == '\0' || strcmp(wanted, name) == 0;
}

uint32_t media_endpoint_show(struct media *media, const struct sluice_endpoint_show *show,
                             uint32_t *cursor, struct sluice_endpoint_row *rows, uint32_t room)
{
	uint32_t count = 0;

	while (count < room && *cursor < media->max_endpoints) {
		const struct endpoint *endpoint = &media->endpoints[++*cursor];

		if (endpoint->live && (show == NULL || name_is(show->name, endpoint->name)))
			endpoint_row(media, endpoint, &rows[count++]);
	}
	return count;
}

static uint32_t stream_legs(const struct media *media, const struct stream *stream)
{
	uint32_t count = 0;

	for (uint16_t i = 0; i < media->dp->n_workers; i++)
		count += stream->at[i].legs == NULL ? 0 : stream->at[i].legs->count;
	return count;
}

static uint32_t stream_roc(const struct endpoint_source *source)
{
	const struct srtp_receive_window *window = &source->window;

	return (uint32_t)((window->started ? window->highest : window->first) >> 16);
}

static uint8_t stream_state(const struct media *media, const struct stream *stream)
{
	const struct endpoint *endpoint = &media->endpoints[stream->endpoint];
	uint64_t taken = ms_since(owner_of(media, endpoint), &stream->source->taken_tsc);

	if (stream->ended)
		return SLUICE_STREAM_ENDED;
	if (taken == UINT64_MAX)
		return SLUICE_STREAM_WAITING;
	return taken < IDLE_MS ? SLUICE_STREAM_ACTIVE : SLUICE_STREAM_IDLE;
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
	        .origin = stream->origin,
	        .state = stream_state(media, stream),
	        .roc = stream_roc(stream->source),
	};
	memcpy(row->name, stream->name, sizeof(row->name));
	memcpy(row->endpoint, stream->config.endpoint, sizeof(row->endpoint));
}

uint32_t media_stream_show(struct media *media, const struct sluice_stream_show *show,
                           uint32_t *cursor, struct sluice_stream_row *rows, uint32_t room)
{
	uint32_t count = 0;

	while (count < room && *cursor < media->max_streams) {
		const struct stream *stream = &media->streams[++*cursor];

		if (stream->live &&
		    (show == NULL || (name_is(show->name, stream->name) &&
		                      name_is(show->endpoint, stream->config.endpoint))))
			stream_row(media, stream, &rows[count++]);
	}
	return count;
}

/* UINT32_MAX: it has not reported. */
static uint32_t reported_ms(const struct media *media, const struct subscription *subscription)
{
	const struct worker *owner = owner_of(media, &media->endpoints[subscription->endpoint]);
	uint64_t ms = ms_since(owner, &subscription->reported_tsc);

	return ms == UINT64_MAX ? UINT32_MAX : (uint32_t)RTE_MIN(ms, UINT32_MAX - 1);
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
	        .needs_key = subscription->needs_key,
	        .origin = subscription->origin,
	        .roc = (uint32_t)(subscription->highest >> 16),
	        .rtx_ssrc = subscription->rtx_ssrc,
	};
	memcpy(row->stream, subscription->config.stream, sizeof(row->stream));
	memcpy(row->endpoint, subscription->config.endpoint, sizeof(row->endpoint));
	memcpy(row->source, media->streams[subscription->stream].name, sizeof(row->source));
}

uint32_t media_subscription_show(struct media *media, const struct sluice_subscription_show *show,
                                 uint32_t *cursor, struct sluice_subscription_row *rows,
                                 uint32_t room)
{
	uint32_t count = 0;

	while (count < room && *cursor < media->max_subscriptions) {
		const struct subscription *subscription = &media->subscriptions[++*cursor];

		if (subscription->live &&
		    (show == NULL || (name_is(show->stream, subscription->config.stream) &&
		                      name_is(show->endpoint, subscription->config.endpoint))))
			subscription_row(media, subscription, &rows[count++]);
	}
	return count;
}

void media_subscription_tell(const struct media *media, const char *stream, const char *endpoint,
                             struct sluice_subscription_added *row)
{
	uint32_t index = subscription_named(media, stream, endpoint);
	const struct subscription *subscription = &media->subscriptions[index];

	*row = (struct sluice_subscription_added){0};
	if (index == 0)
		return;
	*row = (struct sluice_subscription_added){
	        .ssrc = subscription->ssrc,
	        .rtx_ssrc = subscription->rtx_ssrc,
	        .roc = (uint32_t)(subscription->highest >> 16),
	        .needs_key = subscription->needs_key,
	};
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
