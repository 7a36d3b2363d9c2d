/* SPDX-License-Identifier: BSD-3-Clause */
#include "srtp_population.h"

#include "net/port.h"
#include "srtp/rtp.h"
#include "srtp/session_memory.h"

#include <rte_malloc.h>

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define LOCAL_IP    RTE_BE32(0xc6120201) /* 198.18.2.1 */
#define LOCAL_PORT  RTE_BE16(5000)
#define REMOTE_IP   0x0c000000u /* 12.0.0.0/8, host order */
#define CLOCK_HZ    90000
#define STREAM_SSRC 0x20000000u
#define LEG_SSRC    0x10000001u
#define REMOTE_PORT RTE_BE16(6000)

const uint8_t srtp_population_ids[SLUICE_EXTENSIONS_MAX] = {
        [SLUICE_EXTENSION_MID] = 4,
        [SLUICE_EXTENSION_TRANSPORT_NUMBER] = 3,
        [SLUICE_EXTENSION_ABS_SEND_TIME] = 2,
        [SLUICE_EXTENSION_AUDIO_LEVEL] = 5,
};

/* Under these ids, behind their header. */
static const uint8_t extension[] = {0xbe, 0xde, 0, 3, 0x40, '0',  0x31, 0,
                                    1,    0x22, 1, 2, 3,    0x50, 77,   0};

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

int srtp_population_routes(struct rig *rig)
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

void srtp_population_endpoint_name(char name[SLUICE_MEDIA_NAME_MAX], uint32_t endpoint)
{
	snprintf(name, SLUICE_MEDIA_NAME_MAX, "e%u", endpoint);
}

void srtp_population_stream_name(char name[SLUICE_MEDIA_NAME_MAX], uint32_t stream)
{
	snprintf(name, SLUICE_MEDIA_NAME_MAX, "s%u", stream);
}

static struct sluice_addr api_addr(uint32_t ip, uint16_t port)
{
	struct sluice_addr addr = {.port = port};
	struct ip_addr v4 = ip_addr_v4(ip);

	memcpy(addr.ip, v4.bytes, sizeof(addr.ip));
	return addr;
}

static int endpoint_add(struct srtp_population *population, uint32_t i, char *why)
{
	const struct srtp_population_plan *plan = &population->plan;
	const struct srtp_profile_info *info = &srtp_profiles[plan->profile];
	struct sluice_endpoint add = {
	        .remote = api_addr(rte_cpu_to_be_32(REMOTE_IP + i), REMOTE_PORT),
	        .local = api_addr(LOCAL_IP, LOCAL_PORT),
	        .profile = plan->profile,
	        .rx_key_length = info->key_length + info->salt_length,
	        .tx_key_length = info->key_length + info->salt_length,
	        .mki_length = plan->mki == NULL ? 0 : 4,
	};

	srtp_population_endpoint_name(add.name, i);
	memcpy(add.extensions, srtp_population_ids, sizeof(add.extensions));
	srtp_population_key(i, add.tx_key);
	srtp_population_key(~i, add.rx_key);
	if (plan->mki != NULL)
		memcpy(add.mki, plan->mki, add.mki_length);
	add.feedback_given = plan->told;
	if (plan->told)
		add.feedback =
		        SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI | SLUICE_FEEDBACK_TRANSPORT;
	return media_endpoint_add(population->media, &add, 0, why);
}

static uint32_t publisher_of(const struct srtp_population *population, uint32_t stream)
{
	if (population->plan.room != 0)
		return stream;
	return population->n_endpoints + 1 + (stream - 1) / ENDPOINT_SOURCES_MAX;
}

static int stream_add(struct srtp_population *population, uint32_t i, char *why)
{
	struct sluice_stream add = {.ssrc = STREAM_SSRC + i, .clock_hz = CLOCK_HZ};

	srtp_population_stream_name(add.name, i);
	srtp_population_endpoint_name(add.endpoint, publisher_of(population, i));
	return media_stream_add(population->media, &add, 0, why);
}

/* The endpoint of a stream's leg: the room's others, or one that has no other. */
static uint32_t leg_endpoint(const struct srtp_population_plan *plan, uint32_t stream, uint32_t leg)
{
	uint32_t room = plan->room;

	if (room == 0)
		return 1 + (stream - 1) * plan->legs + leg;
	return 1 + (stream - 1) / room * room + ((stream - 1) % room + 1 + leg) % room;
}

static int subscription_add(struct srtp_population *population, uint32_t stream, uint32_t leg,
                            char *why)
{
	const struct srtp_population_plan *plan = &population->plan;
	struct sluice_subscription add = {0};

	if (plan->like != NULL)
		add = *plan->like;
	add.ssrc = LEG_SSRC + (stream - 1) * plan->legs + leg;
	srtp_population_stream_name(add.stream, stream);
	srtp_population_endpoint_name(add.endpoint, leg_endpoint(plan, stream, leg));
	return media_subscription_add(population->media, &add, 0, why);
}

static int media_fill(struct srtp_population *population)
{
	const struct srtp_population_plan *plan = &population->plan;
	char why[SLUICE_API_ERROR_MAX] = "";
	int ret = 0;

	for (uint32_t i = 1; ret == 0 && i <= population->rig.dp->options.max_endpoints; i++)
		ret = endpoint_add(population, i, why);
	for (uint32_t i = 1; ret == 0 && i <= plan->streams; i++) {
		ret = stream_add(population, i, why);
		for (uint32_t leg = 0; ret == 0 && leg < plan->legs; leg++)
			ret = subscription_add(population, i, leg, why);
		media_tick(population->media); /* each leg left a list behind */
	}
	if (ret != 0)
		fprintf(stderr, "%u streams of %u subscriptions: %s\n", plan->streams, plan->legs,
		        why);
	return ret;
}

static int rig_open(struct srtp_population *population)
{
	const struct srtp_population_plan *plan = &population->plan;
	struct options options;

	options_default(&options);
	options.workers = plan->workers;
	options.mbufs = plan->mbufs;
	options.srtp_engine = plan->engine->name;
	options.max_endpoints =
	        RTE_MAX(population->n_endpoints, publisher_of(population, plan->streams));
	options.max_streams = plan->streams;
	options.max_subscriptions = population->n_subscriptions;
	if (rig_create(&population->rig, &options) != 0) {
		fprintf(stderr, "no dataplane of %u workers\n", plan->workers);
		return -1;
	}
	population->media = population->rig.dp->media;
	return 0;
}

double srtp_population_memory(void)
{
	struct rte_malloc_socket_stats stats;
	double used = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++)
		if (rte_malloc_get_socket_stats(socket, &stats) == 0)
			used += (double)stats.heap_allocsz_bytes;
	return used + (double)mallinfo2().uordblks + (double)mallinfo2().hblkhd +
	       (double)session_memory_used();
}

int srtp_population_create(struct srtp_population *population,
                           const struct srtp_population_plan *plan)
{
	double before;

	memset(population, 0, sizeof(*population));
	population->plan = *plan;
	population->n_subscriptions = plan->streams * plan->legs;
	population->n_endpoints = plan->room != 0 ? plan->streams : population->n_subscriptions;
	if (rig_open(population) != 0)
		return -1;
	before = srtp_population_memory();
	if (srtp_population_routes(&population->rig) != 0 || media_fill(population) != 0) {
		srtp_population_destroy(population);
		return -1;
	}
	/* the tables themselves are mapped beside the heaps */
	population->bytes =
	        (srtp_population_memory() - before) / population->n_subscriptions +
	        sizeof(struct subscription) +
	        sizeof(struct endpoint) * population->n_endpoints / population->n_subscriptions;
	return 0;
}

void srtp_population_destroy(struct srtp_population *population)
{
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
	uint16_t extended = population->plan.extensions ? sizeof(extension) : 0;
	uint8_t *header;

	if (mbuf == NULL)
		return NULL;
	header = (uint8_t *)rte_pktmbuf_append(mbuf, RTP_HEADER_SIZE + extended + size);
	header[0] = RTP_VERSION << 6 | (extended != 0 ? 0x10 : 0);
	memcpy(header + RTP_HEADER_SIZE, extension, extended);
	header[1] = SRTP_POPULATION_PT;
	memcpy(header + 2, &seq, sizeof(seq));
	memcpy(header + 4, &timestamp_be, sizeof(timestamp_be));
	memcpy(header + 8, &stream, sizeof(stream));
	packet_of(mbuf)->entry = PACKET_ENTRY_SRTP_ENCRYPT;
	packet_of(mbuf)->media = (struct packet_media){
	        .index = index,
	        .stream = stream,
	        .serial = population->media->streams[stream].serial,
	        .timestamp = timestamp,
	        .header_length = RTP_HEADER_SIZE + extended,
	        .payload_length = size,
	        .payload_type = SRTP_POPULATION_PT,
	};
	if (extended != 0) {
		packet_of(mbuf)->media.ext_offset = RTP_HEADER_SIZE + 4;
		packet_of(mbuf)->media.ext_length = extended - 4;
		packet_of(mbuf)->media.ext_profile = RTP_EXT_ONE_BYTE;
	}
	return mbuf;
}
