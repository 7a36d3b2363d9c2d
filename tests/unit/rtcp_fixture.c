/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtcp_fixture.h"

#include "dataplane.h"
#include "media/cache.h"
#include "media/fan.h"
#include "media/reception.h"
#include "media/rewrite.h"
#include "media/rtcp.h"
#include "media/rtcp_receive.h"
#include "media/viewer.h"
#include "net_fixture.h"
#include "srtp/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <rte_malloc.h>

#define PACKET_SIZE 1000
#define BACKLOG     1024
#define CACHE       256

static const uint32_t leg_endpoints[SCENE_LEGS] = {
        [LEG_1] = SUBSCRIBER_1,
        [LEG_2] = SUBSCRIBER_2,
        [LEG_3] = SUBSCRIBER_3,
        [LEG_AUDIO] = SUBSCRIBER_1,
};

static uint64_t ms_cycles(const struct rtcp_scene *scene, uint64_t ms)
{
	return scene->worker->tsc_hz / 1000 * ms;
}

static void endpoint_fill(struct rtcp_scene *scene, uint32_t index)
{
	struct endpoint *endpoint = &scene->media.endpoints[index];
	uint8_t key[SLUICE_MEDIA_KEY_MAX] = {(uint8_t)index};

	endpoint->profile = index % SLUICE_SRTP_PROFILES;
	endpoint->feedback = SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI;
	endpoint->local = (struct transport_addr){.ip = ip("198.18.1.1"), .port = 1};
	endpoint->remote =
	        (struct transport_addr){.ip = ip("198.18.1.2"), .port = (uint16_t)(index << 8)};
	endpoint->tx = scene->media.engine->session_create(endpoint->profile, key);
	scene->readers[index] = scene->media.engine->session_create(endpoint->profile, key);
	endpoint->live = true;
	assert_non_null(endpoint->tx);
	assert_non_null(scene->readers[index]);
}

static struct endpoint_source *source_new(struct endpoint *endpoint, uint32_t stream, uint32_t ssrc)
{
	struct endpoint_source *source = calloc(1, sizeof(*source));
	struct endpoint_sources *sources = endpoint->sources;
	uint32_t count = sources == NULL ? 0 : sources->count;

	source->ssrc = ssrc;
	source->stream = stream;
	sources = realloc(sources, sizeof(*sources) + (count + 1) * sizeof(source));
	sources->sources[count] = source;
	sources->count = count + 1;
	sources->bound = false;
	endpoint->sources = sources;
	return source;
}

static void stream_fill(struct rtcp_scene *scene, uint32_t index, uint32_t ssrc, uint32_t clock_hz)
{
	struct stream *stream = &scene->media.streams[index];

	stream->endpoint = PUBLISHER;
	stream->serial = 10 + index;
	stream->clock_hz = clock_hz;
	stream->source = source_new(&scene->media.endpoints[PUBLISHER], index, ssrc);
	stream->reception = reception_create(clock_hz, scene->worker->tsc_hz);
	stream->at = calloc(1, sizeof(*stream->at));
	stream->at->legs = calloc(1, sizeof(struct legs) + SCENE_LEGS * sizeof(uint32_t));
	stream->at->cache = packet_cache_create(&scene->media_worker->rtcp->cache_quota, CACHE,
	                                        ms_cycles(scene, 1000));
	stream->workers = 1;
	stream->live = true;
}

static void leg_fill(struct rtcp_scene *scene, uint32_t index)
{
	struct subscription *subscription = &scene->media.subscriptions[index];
	struct endpoint *endpoint = &scene->media.endpoints[leg_endpoints[index]];
	struct endpoint_subscriptions *subscriptions = endpoint->subscriptions;
	struct legs *legs;

	subscription->ssrc = LEG_SSRC(index);
	subscription->endpoint = leg_endpoints[index];
	subscription->stream = index == LEG_AUDIO ? AUDIO : VIDEO;
	rewrite_begin(subscription, 7 * index);
	subscription->timestamp_offset = 1000000 * index;
	subscription->live = true;
	if (subscriptions == NULL)
		subscriptions = calloc(1, sizeof(*subscriptions) +
		                                  SCENE_LEGS * sizeof(struct endpoint_leg));
	subscriptions->list[subscriptions->count++] =
	        (struct endpoint_leg){.ssrc = subscription->ssrc, .subscription = index};
	endpoint->subscriptions = subscriptions;
	legs = scene->media.streams[subscription->stream].at->legs;
	legs->subscriptions[legs->count++] = index;
}

static struct media_worker *media_worker_fill(struct rtcp_scene *scene)
{
	struct media_worker *media_worker = calloc(1, sizeof(*media_worker));

	media_worker->worker = scene->worker;
	media_worker->media = &scene->media;
	media_worker->srtp = scene->media.engine->worker_create();
	media_worker->asks = rte_ring_create_elem("scene asks", sizeof(struct media_ask), 64,
	                                          SOCKET_ID_ANY, RING_F_SC_DEQ);
	media_worker->advice = rte_ring_create_elem("scene advice", sizeof(struct viewer_advice),
	                                            64, SOCKET_ID_ANY, RING_F_SC_DEQ);
	media_worker->backlog = calloc(BACKLOG, sizeof(struct fan_item));
	media_worker->backlog_mask = BACKLOG - 1;
	media_worker->rtcp = rtcp_worker_create(media_worker);
	assert_non_null(media_worker->rtcp);
	return media_worker;
}

struct rtcp_scene *rtcp_scene_create(struct dataplane *dp)
{
	struct rtcp_scene *scene = calloc(1, sizeof(*scene));

	scene->dp = dp;
	scene->worker = dp->workers[0];
	worker_clock(scene->worker);
	scene->media = (struct media){
	        .dp = dp,
	        .engine = srtp_engine_choose("auto"),
	        .max_endpoints = SCENE_ENDPOINTS,
	        .max_streams = SCENE_STREAMS,
	        .max_subscriptions = SCENE_LEGS,
	        .endpoints = calloc(SCENE_ENDPOINTS + 1, sizeof(struct endpoint)),
	        .viewers = calloc(SCENE_ENDPOINTS + 1, sizeof(struct viewer *)),
	        .sent = calloc(SCENE_ENDPOINTS + 1, sizeof(struct viewer_sent *)),
	        .streams = calloc(SCENE_STREAMS + 1, sizeof(struct stream)),
	        .subscriptions =
	                rte_zmalloc(NULL, (SCENE_LEGS + 1) * sizeof(struct subscription), 64),
	};
	scene->media_worker = media_worker_fill(scene);
	scene->worker->media = scene->media_worker;
	for (uint32_t i = PUBLISHER; i < SCENE_ENDPOINTS; i++)
		endpoint_fill(scene, i);
	stream_fill(scene, VIDEO, VIDEO_SSRC, VIDEO_CLOCK);
	stream_fill(scene, AUDIO, AUDIO_SSRC, AUDIO_CLOCK);
	for (uint32_t i = LEG_1; i < SCENE_LEGS; i++)
		leg_fill(scene, i);
	return scene;
}

static void streams_free(struct rtcp_scene *scene)
{
	for (uint32_t i = VIDEO; i < SCENE_STREAMS; i++) {
		struct stream *stream = &scene->media.streams[i];

		reception_destroy(stream->reception);
		packet_cache_destroy(stream->at->cache);
		free(stream->source);
		free(stream->at->legs);
		free(stream->at);
	}
	for (uint32_t i = PUBLISHER; i < SCENE_ENDPOINTS; i++) {
		free(scene->media.endpoints[i].sources);
		free(scene->media.endpoints[i].subscriptions);
		scene->media.engine->session_destroy(scene->media.endpoints[i].tx);
		scene->media.engine->session_destroy(scene->readers[i]);
	}
}

void rtcp_scene_destroy(struct rtcp_scene *scene)
{
	struct media_worker *media_worker = scene->media_worker;
	struct rte_mbuf *mbuf;

	while (rte_ring_dequeue(scene->worker->inbox, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	fan_drop_all(media_worker);
	streams_free(scene);
	rtcp_worker_destroy(media_worker->rtcp);
	rte_ring_free(media_worker->asks);
	rte_ring_free(media_worker->advice);
	free(media_worker->backlog);
	scene->media.engine->worker_destroy(media_worker->srtp);
	assert_int_equal(rte_mempool_in_use_count(scene->dp->pool), 0);
	scene->worker->media = NULL;
	free(media_worker);
	free(scene->media.endpoints);
	free(scene->media.viewers);
	free(scene->media.sent);
	free(scene->media.streams);
	rte_free(scene->media.subscriptions);
	free(scene);
}

void rtcp_scene_pass(struct rtcp_scene *scene, uint32_t ms)
{
	scene->worker->tsc += ms_cycles(scene, ms);
	for (uint32_t i = 0; i < SCENE_ENDPOINTS + 1; i++)
		media_housekeep(scene->worker);
}

static void legs_write(struct rtcp_scene *scene, const struct packet_media *packet)
{
	const struct stream *stream = &scene->media.streams[packet->stream];
	const struct legs *legs = stream->at->legs;
	const struct rewrite_packet rewrite = {
	        .index = packet->index,
	        .stream = packet->stream,
	        .serial = packet->serial,
	        .timestamp = packet->timestamp,
	        .clock_hz = stream->clock_hz,
	        .tsc = scene->worker->tsc,
	        .tsc_hz = scene->worker->tsc_hz,
	};

	for (uint32_t i = 0; i < legs->count; i++) {
		struct subscription *subscription =
		        &scene->media.subscriptions[legs->subscriptions[i]];
		struct rewritten out;

		if (rewrite_next(subscription, &rewrite, &out) != REWRITE_SEND)
			continue;
		subscription->packets++;
		subscription->bytes += PACKET_SIZE;
		scene->media.endpoints[subscription->endpoint].tx_packets++;
	}
}

void rtcp_scene_packet(struct rtcp_scene *scene, uint32_t stream, uint64_t index, bool repeat)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(scene->dp->pool);
	struct packet_media *media = &packet_of(mbuf)->media;

	assert_non_null(rte_pktmbuf_append(mbuf, PACKET_SIZE));
	*media = (struct packet_media){.index = index,
	                               .stream = stream,
	                               .serial = scene->media.streams[stream].serial,
	                               .timestamp = (uint32_t)index * 3000};
	stream_received(scene->media_worker, stream, index, media->timestamp, repeat);
	legs_write(scene, media);
	packet_cache_put(scene->media.streams[stream].at->cache, mbuf, scene->worker->tsc);
}

void rtcp_scene_receive(struct rtcp_scene *scene, uint32_t endpoint, struct rtcp_writer *writer)
{
	uint16_t length = rtcp_end(writer);
	uint8_t *copy = malloc(length); /* its end is a sanitizer's */

	assert_int_not_equal(length, 0);
	memcpy(copy, writer->start, length);
	rtcp_receive(scene->media_worker, &scene->media.endpoints[endpoint], copy, length);
	free(copy);
	writer->length = 0;
}

bool rtcp_scene_sent(struct rtcp_scene *scene, struct rtcp_sent *sent)
{
	const struct packet *packet;
	struct rte_mbuf *mbuf;
	uint32_t index;
	int length;

	if (rte_ring_dequeue(scene->worker->inbox, (void **)&mbuf) != 0)
		return false;
	packet = packet_of(mbuf);
	assert_int_equal(packet->entry, PACKET_ENTRY_IP_OUTPUT);
	sent->endpoint = packet->dst_port >> 8;
	assert_in_range(sent->endpoint, PUBLISHER, SCENE_ENDPOINTS - 1);
	memcpy(sent->bytes, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);
	length = scene->media.engine->unprotect_rtcp(scene->media_worker->srtp,
	                                             scene->readers[sent->endpoint], sent->bytes,
	                                             mbuf->data_len, 0, &index);
	rte_pktmbuf_free(mbuf);
	assert_true(length > 0);
	sent->length = (uint16_t)length;
	/* no index twice; one whose compound found no way out is left out */
	assert_true(index > scene->indices[sent->endpoint]);
	scene->indices[sent->endpoint] = index;
	assert_true(rtcp_valid(sent->bytes, sent->length));
	return true;
}

uint32_t rtcp_scene_count(struct rtcp_scene *scene, uint32_t endpoint, uint8_t type, int count,
                          struct rtcp_sent *last, struct rtcp_packet *packet)
{
	struct rtcp_sent sent;
	uint32_t found = 0;

	while (rtcp_scene_sent(scene, &sent)) {
		struct rtcp_cursor cursor = {sent.bytes, sent.length};
		struct rtcp_packet at;

		while (rtcp_next(&cursor, &at)) {
			if (sent.endpoint != endpoint || at.type != type ||
			    (count >= 0 && at.count != count))
				continue;
			found++;
			if (last == NULL)
				continue;
			*last = sent;
			*packet = at;
			packet->body = last->bytes + (at.body - sent.bytes);
		}
	}
	return found;
}

uint32_t rtcp_scene_repeated(struct rtcp_scene *scene, uint64_t *index)
{
	struct media_worker *media_worker = scene->media_worker;
	struct fan_item *item;

	if (fan_empty(media_worker))
		return 0;
	item = &media_worker->backlog[media_worker->backlog_head++ & media_worker->backlog_mask];
	*index = packet_of(item->mbuf)->media.index;
	rte_pktmbuf_free(item->mbuf);
	return item->only;
}
