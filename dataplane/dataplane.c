/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane.h"
#include "graph/packet.h"
#include "common/log.h"
#include "ledger/ledger.h"
#include "net/xdp/port.h"
#include "part.h"
#include "srtp/engine.h"
#include "succession.h"

#include <sluice/api.h>

#include <event2/event.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <time.h>

#define POOL_CACHE 512

void options_default(struct options *options)
{
	*options = (struct options){
	        .workers = 1,
	        .max_allocations = 1024,
	        .max_permissions = 4096,
	        .max_channels = 4096,
	        .max_channels_per_allocation = 512,
	        .max_ports = 8,
	        .session_consent_s = 30,
	        .stream_threads = 1,
	        .stream_connections = 256,
	        .stream_mb = 16,
	        .mbufs = 8191,
	        .mbuf_size = RTE_MBUF_DEFAULT_BUF_SIZE,
	        .media_cache = MEDIA_CACHE_PACKETS,
	        .capture_mb = 2048,
	};
}

static struct rte_rcu_qsbr *qsbr_create(uint32_t readers)
{
	struct rte_rcu_qsbr *qsbr =
	        rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(readers), RTE_CACHE_LINE_SIZE);

	if (qsbr != NULL)
		rte_rcu_qsbr_init(qsbr, readers);
	return qsbr;
}

/* Worker i runs on the i-th lcore behind the main one; a test that has fewer walks them all from
 * its own thread. */
static unsigned int worker_lcore(uint16_t id)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	while (id-- > 0 && lcore < RTE_MAX_LCORE)
		lcore = rte_get_next_lcore(lcore, 1, 0);
	return lcore < RTE_MAX_LCORE ? lcore : rte_get_main_lcore();
}

static int workers_create(struct dataplane *dp)
{
	for (uint16_t i = 0; i < dp->options.workers; i++) {
		dp->workers[i] = worker_create(dp, i, worker_lcore(i));
		if (dp->workers[i] == NULL) {
			log_error(SLUICE_LOG_PROCESS, "worker %u: %s", i, rte_strerror(rte_errno));
			return -ENOMEM;
		}
		dp->n_workers++;
	}
	return 0;
}

/* -- the ledger -- */

static void ledger_begin(struct dataplane *dp)
{
	struct ledger_shape shapes[SLUICE_LEDGER_KINDS];
	uint32_t count = 0;
	char why[SLUICE_API_ERROR_MAX];

	if (dp->options.ledger == NULL)
		return;
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->ledger_shapes != NULL)
			count += parts[i]->ledger_shapes(&dp->options, shapes + count);
	dp->ledger = ledger_create(dp->options.ledger, shapes, count, why);
	if (dp->ledger != NULL)
		return;
	/* nothing would continue it; unless it is still another one's */
	if (dp->options.succession == NULL)
		ledger_remove(dp->options.ledger);
	log_warning(SLUICE_LOG_PROCESS, "no ledger: calls will end with this process: %s", why);
}

static void ledger_log(const struct ledger_taken *taken)
{
	uint32_t lost = taken->torn + taken->broken + taken->no_room + taken->foreign;

	log_info(SLUICE_LOG_PROCESS, "ledger: took over %u records in %llu ms, %u had expired",
	         taken->records, (unsigned long long)taken->ns / 1000000, taken->expired);
	if (lost != 0)
		log_warning(
		        SLUICE_LOG_PROCESS,
		        "ledger: %u records torn, %u broken, %u without room, %u whose owner was "
		        "not taken",
		        taken->torn, taken->broken, taken->no_room, taken->foreign);
}

static int ledger_take(struct dataplane *dp)
{
	uint64_t begin;
	bool old;
	int error = 0;

	if (dp->ledger == NULL)
		return 0;
	begin = rte_rdtsc();
	old = dp->ledger->old != NULL;
	for (uint32_t i = 0; old && error == 0 && i < parts_count; i++)
		if (parts[i]->take != NULL)
			error = parts[i]->take(dp);
	if (error == 0)
		error = ledger_commit(dp->ledger);
	dp->ledger->taken.ns = (rte_rdtsc() - begin) * 1000 / (rte_get_tsc_hz() / 1000000);
	if (error == 0 && old)
		ledger_log(&dp->ledger->taken);
	return error;
}

static void port_seen(void *dp, const char *interface)
{
	xdp_prepare(dp, interface);
}

static void program_passed(void *dp, const char *interface, int link)
{
	xdp_inherit(dp, interface, link);
}

/* Before any worker runs, and before anything is sent. While the records are read the other one
 * closes its ports. */
static int state_take(struct dataplane *dp)
{
	const struct succession *succession = dp->options.succession;
	int error = 0;

	if (succession == NULL)
		return ledger_take(dp);
	if (dp->ledger == NULL)
		return -ENOMEM;
	succession->ports(succession->arg, port_seen, dp);
	error = succession->begin(succession->arg, program_passed, dp);
	if (error < 0)
		return error;
	error = ledger_take(dp);
	succession->end(succession->arg);
	return error;
}

void dataplane_stop(struct dataplane *dp)
{
	for (uint16_t i = 0; i < dp->n_workers; i++)
		__atomic_store_n(&dp->workers[i]->stop, 1, __ATOMIC_SEQ_CST);
	for (uint16_t i = 0; i < dp->n_workers; i++)
		worker_wake(dp->workers[i]);
	rte_eal_mp_wait_lcore();
	dataplane_leave(dp);
}

void dataplane_hand_over_begin(struct dataplane *dp)
{
	if (dp->hand_over != HAND_OVER_NONE)
		return;
	dataplane_stop(dp);
	dp->hand_over = HAND_OVER_BEGUN;
}

void dataplane_hand_over(struct dataplane *dp)
{
	dataplane_hand_over_begin(dp);
	xdp_release(dp);
	dp->hand_over = HAND_OVER_DONE;
	event_base_loopbreak(dp->events);
}

void dataplane_leave(struct dataplane *dp)
{
	ledger_close(dp->ledger);
	dp->ledger = NULL;
}

/* What a start needs, in order; the first that fails ends it. */
static const char *parts_create(struct dataplane *dp)
{
	ledger_begin(dp);
	dp->qsbr = qsbr_create(dp->options.workers);
	if (dp->qsbr == NULL)
		return "quiescent state variable";
	dp->pool = rte_pktmbuf_pool_create("packets", dp->options.mbufs, POOL_CACHE,
	                                   sizeof(struct packet), dp->options.mbuf_size,
	                                   SOCKET_ID_ANY);
	if (dp->pool == NULL)
		return "packet pool";
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->create != NULL && parts[i]->create(dp) != 0)
			return parts[i]->name;
	if (workers_create(dp) != 0)
		return "workers";
	return state_take(dp) == 0 ? NULL : "the ledger";
}

struct dataplane *dataplane_create(const struct options *options, struct event_base *events)
{
	struct dataplane *dp = rte_zmalloc("dataplane", sizeof(*dp), RTE_CACHE_LINE_SIZE);
	const char *failed;

	if (dp == NULL)
		return NULL;
	dp->options = *options;
	dp->events = events;
	dp->tsc_start = rte_rdtsc();
	dp->started = (uint64_t)time(NULL);
	dp->srtp = srtp_engine_choose(options->srtp_engine);
	if (dp->srtp == NULL) {
		log_error(SLUICE_LOG_PROCESS,
		          "SRTP engine %s does not run on this CPU: expected another",
		          options->srtp_engine != NULL ? options->srtp_engine : "auto");
		dataplane_destroy(dp);
		return NULL;
	}
	failed = parts_create(dp);
	if (failed != NULL) {
		log_error(SLUICE_LOG_PROCESS, "no memory for %s: %s", failed,
		          rte_strerror(rte_errno));
		dataplane_destroy(dp);
		return NULL;
	}
	return dp;
}

void dataplane_destroy(struct dataplane *dp)
{
	if (dp == NULL)
		return;
	dataplane_leave(dp);
	for (uint32_t i = parts_count; i-- > 0;)
		if (parts[i]->end != NULL)
			parts[i]->end(dp);
	for (uint16_t i = 0; i < dp->n_workers; i++)
		worker_destroy(dp->workers[i]);
	for (uint32_t i = parts_count; i-- > 0;)
		if (parts[i]->destroy != NULL)
			parts[i]->destroy(dp);
	rte_mempool_free(dp->jumbo);
	rte_mempool_free(dp->pool);
	rte_free(dp->qsbr);
	rte_free(dp);
}

void dataplane_tick(struct dataplane *dp)
{
	if (dp->hand_over != HAND_OVER_NONE)
		return;
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->tick != NULL)
			parts[i]->tick(dp);
}

void dataplane_config_sweep(struct dataplane *dp)
{
	for (uint32_t i = 0; i < parts_count; i++)
		if (parts[i]->config_sweep != NULL)
			parts[i]->config_sweep(dp);
}

void dataplane_quiesce(struct dataplane *dp)
{
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
}
