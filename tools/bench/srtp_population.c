/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_population.h"

#include "media/fan.h"
#include "media/rewrite.h"
#include "net/port.h"
#include "srtp/rtp.h"

#include <rte_malloc.h>

#include <stdio.h>
#include <string.h>

#define LOCAL_IP   RTE_BE32(0xc6120201) /* 198.18.2.1 */
#define LOCAL_PORT RTE_BE16(5000)
#define REMOTE_IP  0x0c000000u /* 12.0.0.0/8, host order */
#define CLOCK_HZ   90000
#define SSRC_FIRST 0x10000000u
#define BACKLOG    1024

/* splitmix64: keys that differ, the same in each run */
void srtp_population_key(uint32_t endpoint, uint8_t key[SLUICE_MEDIA_KEY_MAX])
{
	uint64_t state = endpoint;

	for (size_t i = 0; i < SLUICE_MEDIA_KEY_MAX; i += sizeof(state)) {
		uint64_t z = state += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		z ^= z >> 31;
		memcpy(key + i, &z, sizeof(z));
	}
}

static int routes_set(struct rig *rig)
{
	struct ip_addr gateway = ip_addr_v4(RTE_BE32(0xc61202fe));
	struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct route routes[] = {
	        {.prefix = ip_addr_v4(RTE_BE32(REMOTE_IP)),
	         .length = 104,
	         .port = rig->ports[1].index,
	         .gateway = gateway},
	        {.prefix = ip_addr_v4(RTE_BE32(0xc6120200)),
	         .length = 120,
	         .port = rig->ports[1].index},
	};

	return fib_set(rig->dp, routes, RTE_DIM(routes)) != 0 ||
	                       rig_neighbour(rig, 1, &gateway, &mac) != 0
	               ? -1
	               : 0;
}

static int endpoint_fill(struct srtp_population *population, uint32_t i)
{
	struct endpoint *endpoint = &population->media.endpoints[i];
	const struct srtp_profile_info *info = &srtp_profiles[population->plan.profile];
	uint8_t key[SLUICE_MEDIA_KEY_MAX];

	srtp_population_key(i, key);
	endpoint->tx = population->plan.engine->session_create(population->plan.profile, key);
	endpoint->profile = population->plan.profile;
	endpoint->tag_length = info->tag_length;
	endpoint->rtcp_tag_length = info->rtcp_tag_length;
	endpoint->worker = i % population->plan.workers;
	endpoint->local = (struct transport_addr){.ip = ip_addr_v4(LOCAL_IP), .port = LOCAL_PORT};
	endpoint->remote = (struct transport_addr){
	        .ip = ip_addr_v4(rte_cpu_to_be_32(REMOTE_IP + i)), .port = RTE_BE16(6000)};
	endpoint->live = true;
	return endpoint->tx == NULL ? -1 : 0;
}

static void subscription_fill(struct srtp_population *population, uint32_t i, uint32_t stream,
                              uint32_t endpoint)
{
	struct subscription *subscription = &population->media.subscriptions[i];

	subscription->ssrc = SSRC_FIRST + i;
	subscription->endpoint = endpoint;
	subscription->stream = stream;
	subscription->pt = SLUICE_MEDIA_PT_SAME;
	subscription->live = true;
	rewrite_begin(subscription, i * 2654435761u);
}

/* The endpoint of a stream's leg: the room's others, or one that has no other. */
static uint32_t leg_endpoint(const struct srtp_population_plan *plan, uint32_t stream, uint32_t leg)
{
	uint32_t room = plan->room;

	if (room == 0)
		return 1 + (stream - 1) * plan->legs + leg;
	return 1 + (stream - 1) / room * room + ((stream - 1) % room + 1 + leg) % room;
}

static int legs_fill(struct srtp_population *population, uint32_t stream, uint16_t worker,
                     uint32_t first)
{
	const struct srtp_population_plan *plan = &population->plan;
	struct stream_worker *at = &population->media.streams[stream].at[worker];
	struct legs *legs =
	        rte_zmalloc("legs", sizeof(*legs) + plan->legs * sizeof(legs->subscriptions[0]), 0);

	if (legs == NULL)
		return -1;
	legs->generation = 1;
	for (uint32_t leg = 0; leg < plan->legs; leg++) {
		const struct subscription *subscription =
		        &population->media.subscriptions[first + leg];

		if (population->media.endpoints[subscription->endpoint].worker == worker)
			legs->subscriptions[legs->count++] = first + leg;
	}
	at->legs = legs;
	return 0;
}

static int stream_fill(struct srtp_population *population, uint32_t i)
{
	const struct srtp_population_plan *plan = &population->plan;
	struct stream *stream = &population->media.streams[i];
	uint32_t first = 1 + (i - 1) * plan->legs;

	stream->clock_hz = CLOCK_HZ;
	stream->at = rte_zmalloc("stream", plan->workers * sizeof(*stream->at), 0);
	if (stream->at == NULL)
		return -1;
	for (uint32_t leg = 0; leg < plan->legs; leg++)
		subscription_fill(population, first + leg, i, leg_endpoint(plan, i, leg));
	for (uint16_t worker = 0; worker < plan->workers; worker++)
		if (legs_fill(population, i, worker, first) != 0)
			return -1;
	stream->live = true;
	return 0;
}

static int worker_fill(struct srtp_population *population, struct worker *worker)
{
	struct media_worker *media = rte_zmalloc("media worker", sizeof(*media), 64);

	if (media == NULL)
		return -1;
	worker->media = media;
	media->worker = worker;
	media->media = &population->media;
	media->srtp = population->plan.engine->worker_create();
	media->backlog = rte_zmalloc("backlog", BACKLOG * sizeof(*media->backlog), 64);
	media->backlog_mask = BACKLOG - 1;
	return media->srtp == NULL || media->backlog == NULL ? -1 : 0;
}

static int media_fill(struct srtp_population *population)
{
	const struct srtp_population_plan *plan = &population->plan;
	struct media *media = &population->media;

	population->n_subscriptions = plan->streams * plan->legs;
	population->n_endpoints = plan->room != 0 ? plan->streams : population->n_subscriptions;
	media->dp = population->rig.dp;
	media->engine = plan->engine;
	media->endpoints = rte_zmalloc(
	        "endpoints", (population->n_endpoints + 1) * sizeof(*media->endpoints), 64);
	media->streams = rte_zmalloc("streams", (plan->streams + 1) * sizeof(*media->streams), 64);
	media->subscriptions =
	        rte_zmalloc("subscriptions",
	                    (population->n_subscriptions + 1) * sizeof(*media->subscriptions), 64);
	if (media->endpoints == NULL || media->streams == NULL || media->subscriptions == NULL)
		return -1;
	for (uint32_t i = 1; i <= population->n_endpoints; i++)
		if (endpoint_fill(population, i) != 0)
			return -1;
	for (uint32_t i = 1; i <= plan->streams; i++)
		if (stream_fill(population, i) != 0)
			return -1;
	for (uint16_t i = 0; i < plan->workers; i++)
		if (worker_fill(population, population->rig.dp->workers[i]) != 0)
			return -1;
	return 0;
}

int srtp_population_create(struct srtp_population *population,
                           const struct srtp_population_plan *plan)
{
	struct options options;

	memset(population, 0, sizeof(*population));
	population->plan = *plan;
	options_default(&options);
	options.workers = plan->workers;
	options.mbufs = plan->mbufs;
	if (rig_create(&population->rig, &options) != 0) {
		fprintf(stderr, "no dataplane of %u workers\n", plan->workers);
		return -1;
	}
	if (routes_set(&population->rig) != 0 || media_fill(population) != 0) {
		fprintf(stderr, "no memory for %u streams of %u subscriptions\n", plan->streams,
		        plan->legs);
		srtp_population_destroy(population);
		return -1;
	}
	return 0;
}

static void worker_empty(struct srtp_population *population, struct worker *worker)
{
	struct media_worker *media = worker->media;

	if (media == NULL)
		return;
	if (media->backlog != NULL)
		fan_drop_all(media);
	if (media->srtp != NULL)
		population->plan.engine->worker_destroy(media->srtp);
	rte_free(media->backlog);
	rte_free(media);
	worker->media = NULL;
}

void srtp_population_destroy(struct srtp_population *population)
{
	struct media *media = &population->media;

	for (uint16_t i = 0; i < population->plan.workers; i++)
		worker_empty(population, population->rig.dp->workers[i]);
	for (uint32_t i = 1; media->endpoints != NULL && i <= population->n_endpoints; i++)
		population->plan.engine->session_destroy(media->endpoints[i].tx);
	for (uint32_t i = 1; media->streams != NULL && i <= population->plan.streams; i++) {
		struct stream_worker *at = media->streams[i].at;

		for (uint16_t worker = 0; at != NULL && worker < population->plan.workers; worker++)
			rte_free(at[worker].legs);
		rte_free(at);
	}
	rte_free(media->endpoints);
	rte_free(media->streams);
	rte_free(media->subscriptions);
	rig_destroy(&population->rig);
}

void srtp_population_checksum(struct srtp_population *population, bool by_port)
{
	population->rig.dp->ports->table[population->rig.ports[1].index].tx_checksum = by_port;
	dataplane_output_changed(population->rig.dp);
}

struct rte_mbuf *srtp_population_packet(struct srtp_population *population, uint32_t stream,
                                        uint64_t index, uint16_t size)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(population->rig.dp->pool);
	uint16_t seq = rte_cpu_to_be_16((uint16_t)index);
	uint32_t timestamp = (uint32_t)index * 3000, timestamp_be = rte_cpu_to_be_32(timestamp);
	uint8_t *header;

	if (mbuf == NULL)
		return NULL;
	header = (uint8_t *)rte_pktmbuf_append(mbuf, RTP_HEADER_SIZE + size);
	header[0] = RTP_VERSION << 6;
	header[1] = SRTP_POPULATION_PT;
	memcpy(header + 2, &seq, sizeof(seq));
	memcpy(header + 4, &timestamp_be, sizeof(timestamp_be));
	memcpy(header + 8, &stream, sizeof(stream));
	packet_of(mbuf)->entry = PACKET_ENTRY_SRTP_ENCRYPT;
	packet_of(mbuf)->media = (struct packet_media){
	        .index = index,
	        .stream = stream,
	        .timestamp = timestamp,
	        .header_length = RTP_HEADER_SIZE,
	        .payload_length = size,
	        .payload_type = SRTP_POPULATION_PT,
	};
	return mbuf;
}
