/* SPDX-License-Identifier: BSD-3-Clause */
#include "webrtc_population.h"

#include "dtls/state.h"
#include "frame.h"
#include "media/config.h"
#include "media/endpoint.h"
#include "media/subscription.h"
#include "session/state.h"
#include "srtp_case.h"

#include <rte_cycles.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LISTENER_IP   RTE_BE32(0xc6120201) /* 198.18.2.1 */
#define LISTENER_PORT RTE_BE16(3478)
#define CLIENTS_IP    0x0c000000u /* 12.0.0.0/8, host order */
#define CLIENTS_PORT  RTE_BE16(6000)
#define PORT          1   /* of the rig: where srtp_population's routes lead */
#define BATCH         64u /* clients that shake hands at once */
#define BATCH_S       60
#define STREAM        "sound"
#define MBUFS         8191
#define DTLS_FIRST    20 /* RFC 7983 */
#define DTLS_LAST     63

/* One that shakes hands. */
struct client {
	struct webrtc_population *population;
	uint32_t number, session;
	struct sluice_session_made made;
	struct datagram_io io;
	SSL *ssl;
};

static struct transport_addr listener(void)
{
	return (struct transport_addr){.ip = ip_addr_v4(LISTENER_IP), .port = LISTENER_PORT};
}

static void client_send(void *arg, const uint8_t *data, size_t length)
{
	const struct client *client = arg;
	const struct frame frame = {
	        .from = {.ip = ip_addr_v4(rte_cpu_to_be_32(CLIENTS_IP + client->number)),
	                 .port = CLIENTS_PORT},
	        .to = listener(),
	        .hop_limit = 64,
	        .payload = data,
	        .length = (uint16_t)length,
	};
	uint8_t bytes[2048];
	uint16_t written = frame_write(bytes, sizeof(bytes), &frame);

	rig_inject(&client->population->media.rig, PORT, 0, bytes, written);
}

/* -- one session -- */

static struct sluice_session offer_of(const struct webrtc_population *population, uint32_t number)
{
	bool publishes = number == 0;
	struct sluice_session offer = {
	        .role = publishes ? SLUICE_SESSION_PUBLISH : SLUICE_SESSION_WATCH,
	        .n_tracks = 1,
	        .n_fingerprints = 1,
	        .stream = STREAM,
	        .remote_ufrag = "them",
	        .fingerprints = {population->clients->fingerprint},
	        .tracks = {{
	                .mid = "0",
	                .kind = SLUICE_TRACK_AUDIO,
	                .n_payloads = 1,
	                .feedback = SLUICE_FEEDBACK_NACK,
	                .payloads = {{.pt = publishes ? SRTP_POPULATION_PT : srtp_mapped.pt_to[0],
	                              .codec = SLUICE_CODEC_OPUS,
	                              .from = SRTP_POPULATION_PT,
	                              .clock_hz = 48000}},
	        }},
	};

	snprintf(offer.id, sizeof(offer.id), "b%u", number);
	memcpy(offer.tracks[0].extensions, publishes ? srtp_population_ids : srtp_mapped.extensions,
	       SLUICE_EXTENSIONS_MAX);
	return offer;
}

/* Offers, and checks. */
static int client_open(struct client *client)
{
	struct webrtc_population *population = client->population;
	struct sessions *sessions = population->media.rig.dp->sessions;
	const struct sluice_session offer = offer_of(population, client->number);
	uint64_t begin = rte_rdtsc();
	char why[SLUICE_API_ERROR_MAX] = "";
	uint8_t check[256];
	int ret = session_add(sessions, &offer, &client->made, why);

	population->control_ns += (double)(rte_rdtsc() - begin) * 1e9 / rte_get_tsc_hz();
	if (ret != 0) {
		fprintf(stderr, "session %u: %s\n", client->number, why);
		return -1;
	}
	client->session = session_named(sessions, offer.id);
	client->io = (struct datagram_io){.send = client_send, .arg = client};
	client->ssl = webrtc_client_ssl(population->clients, &client->io);
	client_send(client, check,
	            webrtc_client_check(&client->made, client->number, check, sizeof(check)));
	return client->ssl != NULL ? 0 : -1;
}

static bool client_is_connected(const struct client *client)
{
	const struct sessions *sessions = client->population->media.rig.dp->sessions;

	return sessions->control[client->session].state == SLUICE_SESSION_CONNECTED;
}

/* -- a batch of them -- */

/* What came for one of them. False: its handshake has failed. */
static bool batch_hear(struct client *clients, uint32_t count, const struct rte_mbuf *mbuf)
{
	struct frame frame;
	uint32_t at;

	if (frame_read(&frame, rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->data_len) != NULL ||
	    frame.length == 0 || frame.payload[0] < DTLS_FIRST || frame.payload[0] > DTLS_LAST)
		return true;
	at = rte_be_to_cpu_32(frame.to.ip.words[3]) - CLIENTS_IP - clients[0].number;
	return at >= count ||
	       webrtc_client_hear(clients[at].ssl, &clients[at].io, frame.payload, frame.length);
}

/* Everybody but the thread of handshakes does what there is to do. False: a handshake has failed.
 */
static bool batch_turn(struct client *clients, uint32_t count)
{
	struct webrtc_population *population = clients[0].population;
	struct rig *rig = &population->media.rig;
	struct rte_mbuf *mbuf;
	uint64_t begin;
	unsigned int noted;
	bool well = true, idle = true;

	rig_walk(rig);
	while (well && (mbuf = rig_collect(rig, PORT)) != NULL) {
		well = batch_hear(clients, count, mbuf);
		rte_pktmbuf_free(mbuf);
		idle = false;
	}
	begin = rte_rdtsc();
	noted = sessions_poll(rig->dp);
	if (noted != 0)
		population->control_ns += (double)(rte_rdtsc() - begin) * 1e9 / rte_get_tsc_hz();
	if (idle && noted == 0)
		sched_yield();
	return well;
}

static bool batch_is_connected(const struct client *clients, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!client_is_connected(&clients[i]))
			return false;
	return true;
}

static int batch_connect(struct client *clients, uint32_t count)
{
	uint64_t deadline = rte_rdtsc() + BATCH_S * rte_get_tsc_hz();
	bool well = true;

	for (uint32_t i = 0; i < count && well; i++)
		well = client_open(&clients[i]) == 0;
	well = well && batch_turn(clients, count);
	for (uint32_t i = 0; i < count && well; i++)
		well = webrtc_client_hear(clients[i].ssl, &clients[i].io, NULL, 0);
	while (well && !batch_is_connected(clients, count))
		well = batch_turn(clients, count) && rte_rdtsc() < deadline;
	for (uint32_t i = 0; i < count; i++)
		SSL_free(clients[i].ssl);
	if (!well)
		fprintf(stderr, "sessions from %u on were not connected\n", clients[0].number);
	return well ? 0 : -1;
}

static void events_forget(struct sessions *sessions)
{
	struct sluice_session_event events[BATCH];

	while (session_events(sessions, events, BATCH) != 0)
		;
}

/* -- all of them -- */

static double cpu_of(const struct dtls *dtls)
{
	clockid_t clock;
	struct timespec now;

	if (pthread_getcpuclockid(dtls->thread, &clock) != 0 || clock_gettime(clock, &now) != 0)
		return 0;
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int all_connect(struct webrtc_population *population)
{
	struct dataplane *dp = population->media.rig.dp;
	struct client *clients = calloc(BATCH, sizeof(*clients));
	double before = cpu_of(dp->sessions->dtls);
	uint64_t begin = rte_rdtsc();
	uint32_t count;
	int ret = clients != NULL ? 0 : -1;

	/* the publisher first: the others find its stream */
	for (uint32_t first = 0; ret == 0 && first < population->count; first += count) {
		count = first == 0 ? 1 : RTE_MIN(BATCH, population->count - first);
		for (uint32_t i = 0; i < count; i++)
			clients[i] = (struct client){.population = population, .number = first + i};
		ret = batch_connect(clients, count);
		events_forget(dp->sessions);
		media_tick(dp->media); /* each viewer left a list behind */
	}
	population->thread_ns = (cpu_of(dp->sessions->dtls) - before) / population->count;
	population->control_ns /= population->count;
	population->per_s =
	        (double)population->count * rte_get_tsc_hz() / (double)(rte_rdtsc() - begin);
	free(clients);
	return ret;
}

static int listen_add(struct sessions *sessions)
{
	struct sluice_webrtc_listen listen = {.local.port = LISTENER_PORT};
	char why[SLUICE_API_ERROR_MAX] = "";

	memcpy(listen.local.ip, listener().ip.bytes, sizeof(listen.local.ip));
	return webrtc_listen_add(sessions, &listen, 0, why);
}

static int open_all(struct webrtc_population *population)
{
	struct srtp_population *media = &population->media;
	struct options options;

	options_default(&options);
	options.mbufs = MBUFS;
	options.max_sessions = options.max_endpoints = population->count;
	options.max_streams = 1;
	options.max_subscriptions = population->count;
	if (rig_create(&media->rig, &options) != 0)
		return -1;
	media->media = media->rig.dp->media;
	media->plan = (struct srtp_population_plan){
	        .workers = 1,
	        .streams = 1,
	        .legs = RTE_MAX(population->count - 1, 1u),
	        .extensions = true,
	};
	media->rig.dp->sessions->dtls = dtls_create(media->rig.dp->sessions);
	if (media->rig.dp->sessions->dtls == NULL || srtp_population_routes(&media->rig) != 0 ||
	    listen_add(media->rig.dp->sessions) != 0)
		return -1;
	return 0;
}

int webrtc_population_create(struct webrtc_population *population,
                             const struct webrtc_clients *clients, uint32_t count)
{
	*population = (struct webrtc_population){.clients = clients, .count = count};
	if (open_all(population) == 0 && all_connect(population) == 0)
		return 0;
	fprintf(stderr, "no dataplane of %u sessions\n", count);
	if (population->media.rig.dp != NULL)
		webrtc_population_destroy(population);
	return -1;
}

void webrtc_population_weigh(struct webrtc_population *population, bool wait)
{
	/* tables, mapped beside the heaps */
	const size_t rows = sizeof(struct session) + sizeof(struct session_control) +
	                    sizeof(struct endpoint) + sizeof(struct subscription);

	if (wait)
		sleep(DTLS_REST_S + 2);
	population->memory = srtp_population_memory() + (double)(population->count * rows);
}

void webrtc_population_destroy(struct webrtc_population *population)
{
	rig_destroy(&population->media.rig);
}
