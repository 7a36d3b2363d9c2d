/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes too early, and is kept for a moment: a ClientHello before the first check (a datagram
 * that is lost costs the client a second), and SRTP before the keys (the first key frame). Bounded
 * for each session and in all.
 */
#include "session/state.h"

#include "dtls/dtls.h"
#include "graph/drop.h"
#include "media/receive.h"
#include "worker.h"

#include <rte_hash_crc.h>

#include <string.h>

#define HOLD_MS  1000
#define FRESH_MS 1000
#define HOLDS_MS 6000

/* tsc: another worker's may be later than what this one has read last. */
static bool is_over(const struct worker *worker, uint64_t tsc, uint32_t ms)
{
	return worker->tsc > tsc && worker->tsc - tsc > worker->tsc_hz / 1000 * ms;
}

static uint32_t place_of(const struct five_tuple *flow)
{
	return rte_hash_crc(flow, sizeof(*flow), 0);
}

static bool flow_equal(const struct five_tuple *a, const struct five_tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* -- whose a flow is -- */

static bool is_live(const struct session *session, uint32_t life)
{
	return __atomic_load_n(&session->live, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&session->life, __ATOMIC_RELAXED) == life;
}

uint32_t session_by_flow(const struct worker *worker, const struct five_tuple *flow)
{
	const struct sessions *sessions = worker->dp->sessions;
	const struct session_fresh *fresh =
	        &worker->sessions->fresh[place_of(flow) & (SESSION_FRESH - 1)];
	void *data;

	if (fresh->session != 0 && flow_equal(&fresh->flow, flow) &&
	    !is_over(worker, fresh->tsc, FRESH_MS) &&
	    is_live(&sessions->list[fresh->session], fresh->life))
		return fresh->session;
	return rte_hash_lookup_data(sessions->paths, flow, &data) >= 0 ? (uint32_t)(uintptr_t)data
	                                                               : 0;
}

/* -- DTLS -- */

static bool dtls_put(struct worker *worker, struct rte_mbuf *mbuf, uint32_t index, uint16_t *reason)
{
	struct session *session = &worker->dp->sessions->list[index];

	*reason = DROP_DTLS_FULL;
	if (worker->dp->sessions->dtls == NULL ||
	    __atomic_load_n(&session->queued, __ATOMIC_RELAXED) >= SESSION_DTLS_QUEUED)
		return false;
	__atomic_add_fetch(&session->queued, 1, __ATOMIC_RELAXED);
	mbuf->hash.fdir.hi = __atomic_load_n(&session->life, __ATOMIC_RELAXED);
	if (dtls_receive(worker->dp->sessions->dtls, mbuf, index))
		return true;
	__atomic_sub_fetch(&session->queued, 1, __ATOMIC_RELAXED);
	return false;
}

static void hello_drop(struct session_worker *session_worker, struct session_hello *hello)
{
	if (hello->count == 0)
		return;
	rte_pktmbuf_free_bulk(hello->mbufs, hello->count);
	hello->count = 0;
	session_worker->n_hellos--;
}

static bool hello_hold(struct worker *worker, struct rte_mbuf *mbuf)
{
	struct session_worker *session_worker = worker->sessions;
	const struct five_tuple *flow = &packet_of(mbuf)->flow;
	struct session_hello *hello = &session_worker->hellos[place_of(flow) & (SESSION_HELLO - 1)];

	if (hello->count != 0 &&
	    (!flow_equal(&hello->flow, flow) || is_over(worker, hello->tsc, HOLD_MS))) {
		worker->drops[DROP_SESSION_NO_PATH] += hello->count;
		hello_drop(session_worker, hello);
	}
	if (hello->count == RTE_DIM(hello->mbufs))
		return false;
	if (hello->count == 0) {
		hello->flow = *flow;
		hello->tsc = worker->tsc;
		session_worker->n_hellos++;
	}
	hello->mbufs[hello->count++] = mbuf;
	session_worker->counters[ICE_HELD]++;
	return true;
}

/* The check that it has overtaken is there. */
static void hello_release(struct worker *worker, const struct five_tuple *flow, uint32_t index)
{
	struct session_worker *session_worker = worker->sessions;
	struct session_hello *hello = &session_worker->hellos[place_of(flow) & (SESSION_HELLO - 1)];
	uint16_t reason;

	if (hello->count == 0 || !flow_equal(&hello->flow, flow))
		return;
	for (uint32_t i = 0; i < hello->count; i++)
		if (!dtls_put(worker, hello->mbufs[i], index, &reason)) {
			worker->drops[reason]++;
			rte_pktmbuf_free(hello->mbufs[i]);
		}
	hello->count = 0;
	session_worker->n_hellos--;
}

/* By another session that is there (session/flow.c): a check takes nothing away from it. */
static bool flow_is_held(const struct worker *worker, const struct five_tuple *flow,
                         uint32_t session)
{
	const struct sessions *sessions = worker->dp->sessions;
	const struct session *holder;
	void *data;

	if (rte_hash_lookup_data(sessions->paths, flow, &data) < 0 ||
	    (uint32_t)(uintptr_t)data == session)
		return false;
	holder = &sessions->list[(uint32_t)(uintptr_t)data];
	return __atomic_load_n(&holder->endpoint, __ATOMIC_RELAXED) != 0 &&
	       !is_over(worker, __atomic_load_n(&holder->checked, __ATOMIC_RELAXED), HOLDS_MS);
}

bool session_dtls(struct worker *worker, struct rte_mbuf *mbuf, uint16_t *reason)
{
	const struct sessions *sessions = worker->dp->sessions;
	uint32_t index;

	*reason = DROP_SESSION_NO_PATH;
	if (sessions == NULL)
		return false;
	index = session_by_flow(worker, &packet_of(mbuf)->flow);
	if (index != 0)
		return dtls_put(worker, mbuf, index, reason);
	return hello_hold(worker, mbuf);
}

void session_flow_fresh(struct worker *worker, const struct five_tuple *flow, uint32_t session)
{
	struct session_worker *session_worker = worker->sessions;
	struct session_fresh *fresh = &session_worker->fresh[place_of(flow) & (SESSION_FRESH - 1)];

	if (flow_is_held(worker, flow, session))
		return;
	*fresh = (struct session_fresh){
	        .flow = *flow,
	        .session = session,
	        .life = __atomic_load_n(&worker->dp->sessions->list[session].life,
	                                __ATOMIC_RELAXED),
	        .tsc = worker->tsc,
	};
	if (session_worker->n_hellos != 0)
		hello_release(worker, flow, session);
}

/* -- SRTP -- */

bool session_early(struct worker *worker, struct rte_mbuf *mbuf, uint16_t *reason)
{
	struct sessions *sessions = worker->dp->sessions;
	struct session_worker *session_worker = worker->sessions;
	struct session *session;
	uint32_t index;

	*reason = DROP_SESSION_NO_PATH;
	index = sessions != NULL ? session_by_flow(worker, &packet_of(mbuf)->flow) : 0;
	if (index == 0)
		return false;
	session = &sessions->list[index];
	*reason = DROP_SESSION_EARLY;
	if (session_worker->n_early == SESSION_EARLY ||
	    __atomic_load_n(&session->early, __ATOMIC_RELAXED) >= SESSION_EARLY_MAX)
		return false;
	__atomic_add_fetch(&session->early, 1, __ATOMIC_RELAXED);
	session_worker->early[session_worker->n_early++] = (struct session_held){
	        .mbuf = mbuf,
	        .session = index,
	        .tsc = worker->tsc,
	};
	session_worker->counters[ICE_HELD]++;
	return true;
}

/* True: it is no longer held. */
static bool early_try(struct worker *worker, struct session_held *held)
{
	struct packet *packet = packet_of(held->mbuf);
	bool over = is_over(worker, held->tsc, HOLD_MS);

	if (!over && endpoint_find(worker->dp->media, packet) == NULL)
		return false;
	__atomic_sub_fetch(&worker->dp->sessions->list[held->session].early, 1, __ATOMIC_RELAXED);
	packet->entry = packet_entry_again(packet, true);
	packet->flags &= (uint8_t)~PACKET_HANDED_OVER;
	if (!over && worker_inbox_put(worker, &held->mbuf, 1) == 1)
		return true;
	worker->drops[over ? DROP_SESSION_EARLY : DROP_RING_FULL]++;
	rte_pktmbuf_free(held->mbuf);
	return true;
}

void session_held_run(struct worker *worker)
{
	struct session_worker *session_worker = worker->sessions;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < session_worker->n_early; i++)
		if (!early_try(worker, &session_worker->early[i]))
			session_worker->early[kept++] = session_worker->early[i];
	session_worker->n_early = kept;
	for (uint32_t i = 0; session_worker->n_hellos != 0 && i < SESSION_HELLO; i++) {
		struct session_hello *hello = &session_worker->hellos[i];

		if (hello->count == 0 || !is_over(worker, hello->tsc, HOLD_MS))
			continue;
		worker->drops[DROP_SESSION_NO_PATH] += hello->count;
		hello_drop(session_worker, hello);
	}
}

void session_held_drop(struct session_worker *session_worker)
{
	for (uint32_t i = 0; i < session_worker->n_early; i++)
		rte_pktmbuf_free(session_worker->early[i].mbuf);
	session_worker->n_early = 0;
	for (uint32_t i = 0; i < SESSION_HELLO; i++)
		hello_drop(session_worker, &session_worker->hellos[i]);
}
