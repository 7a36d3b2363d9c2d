/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/media.h"

#include "dataplane.h"
#include "ledger/ledger.h"
#include "media/ask.h"
#include "media/config.h"
#include "media/fan.h"
#include "media/record.h"
#include "media/rtcp.h"
#include "media/take.h"
#include "media/viewer.h"
#include "random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#define NTP_UNIX     2208988800 /* seconds from 1900 to 1970 (RFC 5905) */
#define ASKS_SIZE    4096
#define BACKLOG_SIZE 4096 /* plaintext packets; power of two */

static uint64_t ntp_zero(void)
{
	uint64_t tsc = rte_get_tsc_cycles(), hz = rte_get_tsc_hz();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((NTP_UNIX + (uint64_t)now.tv_sec) << 32) +
	       ((uint64_t)now.tv_nsec << 32) / 1000000000 - (tsc / hz << 32) -
	       ((tsc % hz << 30) / hz << 2);
}

/* Those of the dataplane before: CNAMEs stay, and what was used under keys is known. */
static void media_keys_make(struct media *media)
{
	struct media_config *config = media->config;
	struct ledger *ledger = media->dp->ledger;

	random_bytes(config->random, &config->spent->key, sizeof(config->spent->key));
	random_bytes(config->random, config->digest_key, sizeof(config->digest_key));
	random_bytes(config->random, &media->cname_key, sizeof(media->cname_key));
	if (ledger == NULL)
		return;
	static_assert(sizeof(ledger->keys.digests) == sizeof(config->digest_key), "HMAC");
	static_assert(sizeof(ledger->keys.cnames) == sizeof(media->cname_key), "SipHash");
	static_assert(sizeof(ledger->keys.used) == sizeof(config->spent->key), "SipHash");
	if (ledger->keys_taken && ledger->keys.media) {
		memcpy(config->digest_key, ledger->keys.digests, sizeof(config->digest_key));
		memcpy(&media->cname_key, ledger->keys.cnames, sizeof(media->cname_key));
		memcpy(&config->spent->key, ledger->keys.used, sizeof(config->spent->key));
		return;
	}
	memcpy(ledger->keys.digests, config->digest_key, sizeof(ledger->keys.digests));
	memcpy(ledger->keys.cnames, &media->cname_key, sizeof(ledger->keys.cnames));
	memcpy(ledger->keys.used, &config->spent->key, sizeof(ledger->keys.used));
	ledger->keys.media = 1;
	ledger_keys_write(ledger);
}

struct media *media_create(struct dataplane *dp)
{
	struct media *media = rte_zmalloc("media", sizeof(*media), RTE_CACHE_LINE_SIZE);

	if (media == NULL)
		return NULL;
	media->dp = dp;
	media->max_endpoints = dp->options.max_endpoints;
	media->max_streams = dp->options.max_streams;
	media->max_subscriptions = dp->options.max_subscriptions;
	media->engine = dp->srtp;
	if (media_tables_create(media) == 0) {
		media->config->random = random_create();
		if (media->config->random != NULL) {
			media_keys_make(media);
			media->ntp_zero = ntp_zero();
			return media;
		}
	}
	rte_errno = ENOMEM;
	media_tables_destroy(media);
	rte_free(media);
	return NULL;
}

void media_end(struct media *media)
{
	for (uint32_t i = 1; i <= media->max_endpoints; i++)
		if (media->endpoints[i].live)
			endpoint_end(media, i);
	media_collect_all(media);
}

void media_destroy(struct media *media)
{
	if (media == NULL)
		return;
	if (media->config != NULL) {
		random_destroy(media->config->random);
		if (media->config->advised != NULL) {
			event_free(media->config->advised);
			session_wake_destroy(&media->advised);
		}
	}
	media_tables_destroy(media);
	rte_free(media);
}

struct media_worker *media_worker_create(struct worker *worker)
{
	struct media *media = worker->dp->media;
	struct media_worker *media_worker =
	        rte_zmalloc("media worker", sizeof(*media_worker), RTE_CACHE_LINE_SIZE);
	char name[RTE_RING_NAMESIZE];

	if (media_worker == NULL)
		return NULL;
	snprintf(name, sizeof(name), "asks-%u", worker->id);
	media_worker->worker = worker;
	media_worker->media = media;
	media_worker->srtp = media->engine->worker_create();
	media_worker->asks = rte_ring_create_elem(name, sizeof(struct media_ask), ASKS_SIZE,
	                                          SOCKET_ID_ANY, RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "advice-%u", worker->id);
	media_worker->advice =
	        rte_ring_create_elem(name, sizeof(struct viewer_advice), VIEWER_ADVICE,
	                             SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	media_worker->backlog =
	        rte_malloc("backlog", BACKLOG_SIZE * sizeof(struct fan_item), RTE_CACHE_LINE_SIZE);
	media_worker->backlog_mask = BACKLOG_SIZE - 1;
	media_worker->rtcp = rtcp_worker_create(media_worker);
	if (media_worker->srtp != NULL && media_worker->asks != NULL &&
	    media_worker->advice != NULL && media_worker->backlog != NULL &&
	    media_worker->rtcp != NULL)
		return media_worker;
	media_worker_destroy(media_worker);
	return NULL;
}

void media_worker_destroy(struct media_worker *media_worker)
{
	if (media_worker == NULL)
		return;
	if (media_worker->backlog != NULL)
		fan_drop_all(media_worker);
	if (media_worker->asks != NULL)
		media_asks_drop(media_worker);
	if (media_worker->srtp != NULL)
		media_worker->worker->dp->srtp->worker_destroy(media_worker->srtp);
	rtcp_worker_destroy(media_worker->rtcp);
	rte_ring_free(media_worker->asks);
	rte_ring_free(media_worker->advice);
	rte_free(media_worker->backlog);
	rte_free(media_worker);
}

void media_tick(struct media *media)
{
	viewer_advice_take(media);
	layers_tick(media);
	media_collect(media);
}

/* Dependants go before what they hang on; a failure for want of memory leaves the rest. */
void media_config_commit(struct media *media)
{
	uint32_t generation = media->dp->config_generation;

	for (uint32_t i = 1; i <= media->max_subscriptions; i++)
		if (media->subscriptions[i].live &&
		    origin_is_stale(media->subscriptions[i].origin,
		                    media->subscriptions[i].config_generation, generation))
			subscription_end(media, i);
	for (uint32_t i = 1; i <= media->max_streams; i++)
		if (media->streams[i].live &&
		    origin_is_stale(media->streams[i].origin, media->streams[i].config_generation,
		                    generation))
			stream_end(media, i);
	for (uint32_t i = 1; i <= media->max_endpoints; i++)
		if (media->endpoints[i].live &&
		    origin_is_stale(media->endpoints[i].origin,
		                    media->endpoints[i].config_generation, generation))
			endpoint_end(media, i);
	media_collect(media);
}

static void advised(evutil_socket_t fd, short what, void *arg)
{
	struct media *media = arg;

	session_wake_take(&media->advised);
	viewer_advice_take(media);
	session_wake_sleep(&media->advised);
	viewer_advice_take(media); /* what came between */
}

static int advice_begin(struct media *media)
{
	if (media->dp->events == NULL)
		return 0;
	if (session_wake_create(&media->advised) < 0)
		return -ENOMEM;
	media->config->advised = event_new(media->dp->events, media->advised.fd,
	                                   EV_READ | EV_PERSIST, advised, media);
	if (media->config->advised == NULL || event_add(media->config->advised, NULL) != 0)
		return -ENOMEM;
	session_wake_sleep(&media->advised);
	return 0;
}

/* Without endpoints, as the command line may say, there is no forwarding unit. */
static int create(struct dataplane *dp)
{
	if (dp->options.max_endpoints == 0)
		return 0;
	dp->media = media_create(dp);
	return dp->media != NULL && advice_begin(dp->media) == 0 ? 0 : -ENOMEM;
}

static void end(struct dataplane *dp)
{
	if (dp->media != NULL)
		media_end(dp->media);
}

static void destroy(struct dataplane *dp)
{
	media_destroy(dp->media);
}

static int part_worker_create(struct worker *worker)
{
	if (worker->dp->media == NULL)
		return 0;
	worker->media = media_worker_create(worker);
	return worker->media != NULL ? 0 : -ENOMEM;
}

static void part_worker_destroy(struct worker *worker)
{
	media_worker_destroy(worker->media);
}

static int take(struct dataplane *dp)
{
	if (dp->media != NULL)
		media_take(dp->media);
	return 0;
}

static void tick(struct dataplane *dp)
{
	if (dp->media != NULL)
		media_tick(dp->media);
}

static void config_sweep(struct dataplane *dp)
{
	if (dp->media != NULL)
		media_config_commit(dp->media);
}

static void housekeep(struct worker *worker)
{
	if (worker->media != NULL)
		media_housekeep(worker);
}

static void timers_run(struct worker *worker)
{
	if (worker->media != NULL)
		media_timers_run(worker);
}

static bool is_pending(const struct worker *worker)
{
	return worker->media != NULL && media_is_pending(worker);
}

/* What housekeeping has put there. */
static bool has_input(const struct worker *worker)
{
	return worker->media != NULL && !fan_empty(worker->media);
}

const struct part media_part = {
        .name = "SRTP forwarding",
        .create = create,
        .end = end,
        .destroy = destroy,
        .worker_create = part_worker_create,
        .worker_destroy = part_worker_destroy,
        .ledger_shapes = media_record_shapes,
        .take = take,
        .tick = tick,
        .config_sweep = config_sweep,
        .housekeep = housekeep,
        .timers_run = timers_run,
        .is_pending = is_pending,
        .has_input = has_input,
};
