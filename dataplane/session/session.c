/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions as a part of the dataplane. */
#include "session/session.h"

#include "common/refuse.h"
#include "dtls/dtls.h"
#include "ledger/ledger.h"
#include "random.h"
#include "session/record.h"
#include "session/state.h"
#include "worker.h"

#include <event2/event.h>
#include <rte_malloc.h>

#include <errno.h>
#include <string.h>

#define NOTES_SIZE 4096 /* power of two */

/* -- what workers and handshakes tell -- */

static void notes_look(evutil_socket_t fd, short what, void *arg)
{
	struct dataplane *dp = arg;

	session_wake_take(&dp->sessions->wake);
	sessions_poll(dp);
	session_wake_sleep(&dp->sessions->wake);
	if (!rte_ring_empty(dp->sessions->notes)) /* others come first */
		event_active(dp->sessions->woken, EV_READ, 0);
}

static int notes_create(struct sessions *sessions)
{
	struct dataplane *dp = sessions->dp;

	/* RTS, and as far as the ring goes: no worker waits for the thread of handshakes, which may
	 * be preempted halfway */
	sessions->notes =
	        rte_ring_create_elem("session notes", sizeof(struct session_note), NOTES_SIZE,
	                             SOCKET_ID_ANY, RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	if (sessions->notes == NULL ||
	    rte_ring_set_prod_htd_max(sessions->notes, rte_ring_get_capacity(sessions->notes)) !=
	            0 ||
	    session_wake_create(&sessions->wake) < 0)
		return -ENOMEM;
	if (dp->events == NULL)
		return 0;
	sessions->woken =
	        event_new(dp->events, sessions->wake.fd, EV_READ | EV_PERSIST, notes_look, dp);
	if (sessions->woken == NULL || event_add(sessions->woken, NULL) != 0)
		return -ENOMEM;
	session_wake_sleep(&sessions->wake);
	return 0;
}

/* The dataplane's before: its sessions' ufrags are known to browsers. */
static void ufrags_make(struct sessions *sessions)
{
	struct ledger *ledger = sessions->dp->ledger;
	struct siphash_key *key = &sessions->ufrags.key;

	random_bytes(sessions->random, key, sizeof(*key));
	sessions->ufrags.live = 1;
	if (ledger == NULL)
		return;
	static_assert(sizeof(ledger->keys.ufrags) == sizeof(*key), "SipHash");
	if (ledger->keys_taken && (ledger->keys.ufrags[0] | ledger->keys.ufrags[1]) != 0) {
		memcpy(key, ledger->keys.ufrags, sizeof(*key));
		return;
	}
	memcpy(ledger->keys.ufrags, key, sizeof(*key));
	ledger_keys_write(ledger);
}

static int create(struct dataplane *dp)
{
	struct sessions *sessions;

	if (dp->options.max_sessions == 0 || dp->media == NULL)
		return 0;
	sessions = rte_zmalloc("sessions", sizeof(*sessions), RTE_CACHE_LINE_SIZE);
	dp->sessions = sessions;
	if (sessions == NULL)
		return -ENOMEM;
	sessions->dp = dp;
	sessions->wake.fd = -1;
	sessions->max = dp->options.max_sessions;
	sessions->random = random_create();
	if (sessions->random == NULL || session_tables_create(sessions) < 0 ||
	    notes_create(sessions) < 0)
		return -ENOMEM;
	ufrags_make(sessions);
	dp->ufrags = &sessions->ufrags;
	if (dp->events == NULL)
		return 0;
	sessions->dtls = dtls_create(sessions);
	return sessions->dtls != NULL ? 0 : -ENOMEM;
}

static void end(struct dataplane *dp)
{
	if (dp->sessions == NULL)
		return;
	sessions_end_all(dp->sessions);
	dtls_destroy(dp->sessions->dtls);
	dp->sessions->dtls = NULL;
}

static void destroy(struct dataplane *dp)
{
	struct sessions *sessions = dp->sessions;

	if (sessions == NULL)
		return;
	if (sessions->woken != NULL)
		event_free(sessions->woken);
	session_wake_destroy(&sessions->wake);
	while (sessions->notes != NULL && sessions_poll(dp) != 0)
		;
	rte_ring_free(sessions->notes);
	session_tables_destroy(sessions);
	random_destroy(sessions->random);
	dp->sessions = NULL;
	dp->ufrags = NULL;
	rte_free(sessions);
}

static int part_worker_create(struct worker *worker)
{
	if (worker->dp->sessions == NULL)
		return 0;
	worker->sessions =
	        rte_zmalloc("session worker", sizeof(*worker->sessions), RTE_CACHE_LINE_SIZE);
	return worker->sessions != NULL ? 0 : -ENOMEM;
}

static void part_worker_destroy(struct worker *worker)
{
	if (worker->sessions != NULL)
		session_held_drop(worker->sessions);
	rte_free(worker->sessions);
}

static int take(struct dataplane *dp)
{
	if (dp->sessions != NULL)
		sessions_take(dp->sessions);
	if (dp->media != NULL)
		session_strays_end(dp);
	return 0;
}

static void tick(struct dataplane *dp)
{
	if (dp->sessions != NULL)
		sessions_tick(dp->sessions);
}

static void config_sweep(struct dataplane *dp)
{
	if (dp->sessions != NULL)
		webrtc_listen_sweep(dp->sessions);
}

static void timers_run(struct worker *worker)
{
	if (worker->sessions != NULL && session_held_any(worker->sessions))
		session_held_run(worker);
}

static bool is_pending(const struct worker *worker)
{
	return worker->sessions != NULL && session_held_any(worker->sessions);
}

const struct part sessions_part = {
        .name = "sessions",
        .create = create,
        .end = end,
        .destroy = destroy,
        .worker_create = part_worker_create,
        .worker_destroy = part_worker_destroy,
        .ledger_shapes = session_record_shapes,
        .take = take,
        .tick = tick,
        .config_sweep = config_sweep,
        .housekeep = timers_run,
        .timers_run = timers_run,
        .is_pending = is_pending,
};
