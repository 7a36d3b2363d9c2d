/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connectivity check (RFC 8445, 7.3) at a lite agent. Nothing is answered, and nothing changes,
 * before its MESSAGE-INTEGRITY has been verified with the password of the session that its ufrag
 * names: a wrong one gets silence, so that nobody learns which sessions there are, and no answer
 * goes to an address that did not ask.
 */
#include "session/state.h"

#include "graph/drop.h"
#include "net/output.h"
#include "stun/attribute.h"
#include "stun/message.h"
#include "stun/writer.h"
#include "worker.h"

#include <string.h>

#define STUN_ATTR_GOOG_NOMINATION 0xc001 /* libwebrtc: grows with each path that is nominated */
#define STUN_487_ROLE_CONFLICT    487    /* RFC 8445, 16.1.2 */

/* Wrong checks of one session, from addresses that no check has come from yet. */
#define WRONG_RATE  50 /* a second */
#define WRONG_BURST 50

bool session_is_check(const struct stun_message *message)
{
	const struct stun_span *name = &message->attrs[STUN_KNOWN_USERNAME];

	return stun_has(message, STUN_KNOWN_USERNAME) && !stun_has(message, STUN_KNOWN_REALM) &&
	       name->length > UFRAG_SIZE &&
	       stun_value(message, STUN_KNOWN_USERNAME)[UFRAG_SIZE] == UFRAG_SEPARATOR;
}

static uint32_t read_u32(const uint8_t *bytes)
{
	return (uint32_t)stun_read_u16(bytes) << 16 | stun_read_u16(bytes + 2);
}

/* Up to the integrity; the message has been parsed before, its lengths are right. */
static struct session_check check_read(const struct stun_message *message)
{
	struct stun_cursor cursor = {message->start, STUN_HEADER_SIZE, message->length};
	struct session_check check = {0};
	struct stun_attr attr;

	while (stun_attr_next(&cursor, &attr) > 0 && attr.type != STUN_ATTR_MESSAGE_INTEGRITY) {
		switch (attr.type) {
		case STUN_ATTR_USE_CANDIDATE:
			check.use_candidate = true;
			break;
		case STUN_ATTR_ICE_CONTROLLED:
			check.controlled = true;
			break;
		case STUN_ATTR_GOOG_NOMINATION:
			if (attr.value.length != 4)
				break;
			check.nominated = true;
			check.nomination = read_u32(message->start + attr.value.offset);
			break;
		}
	}
	return check;
}

/* By the ufrag alone, or NULL. */
static struct session *session_find(const struct sessions *sessions,
                                    const struct stun_message *message, struct stun_key *key,
                                    uint8_t *generation)
{
	const struct ufrag ufrag =
	        ufrag_read(stun_value(message, STUN_KNOWN_USERNAME), &sessions->ufrags.key);
	uint32_t index = ufrag.place >> 8;
	struct session *session;

	*generation = ufrag.place & 0xff;
	if (!ufrag.ours || index == 0 || index > sessions->max)
		return NULL;
	session = &sessions->list[index];
	if (!__atomic_load_n(&session->live, __ATOMIC_ACQUIRE) ||
	    (*generation != __atomic_load_n(&session->generation, __ATOMIC_ACQUIRE) &&
	     *generation != __atomic_load_n(&session->previous, __ATOMIC_ACQUIRE)))
		return NULL;
	*key = session->keys[*generation & 1];
	return session;
}

/* A new ufrag is in use: the one before an ICE restart is over, and nominations count from the
 * start. */
static void generation_follow(struct session *session, uint8_t generation)
{
	uint8_t now = __atomic_load_n(&session->generation, __ATOMIC_ACQUIRE);

	if (generation != now || __atomic_load_n(&session->previous, __ATOMIC_RELAXED) == now)
		return;
	session->nominated = false;
	session->nomination = 0;
	__atomic_store_n(&session->previous, now, __ATOMIC_RELEASE);
}

/* -- those with a wrong password -- */

static bool flow_is_known(const struct worker *worker, const struct five_tuple *flow,
                          uint32_t session)
{
	return session_by_flow(worker, flow) == session;
}

static bool wrong_full(const struct worker *worker, const struct session *session)
{
	return __atomic_load_n(&session->wrong, __ATOMIC_RELAXED) >
	       worker->tsc + worker->tsc_hz / WRONG_RATE * WRONG_BURST;
}

static void wrong_count(const struct worker *worker, struct session *session)
{
	uint64_t due = __atomic_load_n(&session->wrong, __ATOMIC_RELAXED);

	due = RTE_MAX(due, worker->tsc) + worker->tsc_hz / WRONG_RATE;
	__atomic_store_n(&session->wrong, due, __ATOMIC_RELAXED);
}

/* -- the answer -- */

/* PRIORITY and USE-CANDIDATE are a check's own. */
static uint8_t unknown_list(const struct stun_message *message, uint16_t types[STUN_UNKNOWN_MAX])
{
	uint8_t count = 0;

	for (uint8_t i = 0; i < message->n_unknown; i++)
		if (message->unknown[i] != STUN_ATTR_PRIORITY &&
		    message->unknown[i] != STUN_ATTR_USE_CANDIDATE)
			types[count++] = message->unknown[i];
	return count;
}

static void answer_error(struct stun_writer *writer, uint16_t code, const uint16_t *types,
                         uint8_t count)
{
	stun_put_error(writer, (enum stun_error)code);
	if (count != 0)
		stun_put_unknown(writer, types, count);
}

/* In the request's place. */
static bool answer_write(struct rte_mbuf *mbuf, const uint8_t transaction[STUN_TRANSACTION_SIZE],
                         const struct stun_key *key, uint16_t error, const uint16_t *types,
                         uint8_t n_types)
{
	const struct packet *packet = packet_of(mbuf);
	struct stun_writer writer;

	output_begin(mbuf);
	stun_begin(&writer, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->buf_len - mbuf->data_off,
	           STUN_BINDING, error != 0 ? STUN_ERROR : STUN_SUCCESS, transaction);
	if (error != 0)
		answer_error(&writer, error, types, n_types);
	else
		stun_put_xor_addr(&writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &packet->flow.src,
		                  packet->flow.src_port);
	stun_put_integrity(&writer, key);
	stun_put_fingerprint(&writer);
	mbuf->data_len = stun_end(&writer);
	mbuf->pkt_len = mbuf->data_len;
	return mbuf->data_len != 0;
}

/* What a check is answered with that is none; 0: it is one. */
static uint16_t check_error(struct worker *worker, const struct session_check *check,
                            uint8_t n_types)
{
	uint64_t *counters = worker->sessions->counters;

	if (n_types != 0) {
		counters[ICE_UNKNOWN_ATTRIBUTE]++;
		return STUN_420_UNKNOWN_ATTRIBUTE;
	}
	if (check->controlled) { /* so are we, always: a lite agent (RFC 8445, 6.1.1) */
		counters[ICE_CONFLICTS]++;
		return STUN_487_ROLE_CONFLICT;
	}
	return 0;
}

bool session_admits(const struct dataplane *dp, const uint8_t *message, uint16_t length)
{
	struct stun_message parsed;
	struct stun_key key;
	uint8_t generation;

	return dp->sessions != NULL && stun_header_valid(message, length) &&
	       stun_class_of(message) == STUN_REQUEST && stun_method_of(message) == STUN_BINDING &&
	       stun_parse(&parsed, message, length) == 0 && session_is_check(&parsed) &&
	       session_find(dp->sessions, &parsed, &key, &generation) != NULL &&
	       stun_has(&parsed, STUN_KNOWN_FINGERPRINT) && stun_fingerprint_ok(&parsed) &&
	       stun_integrity_ok(&parsed, &key);
}

/* The first worker with a valid check owns the session. */
static bool owner_is(const struct worker *worker, struct session *session, uint16_t *owner)
{
	uint16_t none = 0;

	*owner = worker->id + 1;
	if (__atomic_compare_exchange_n(&session->owner, &none, *owner, false, __ATOMIC_ACQ_REL,
	                                __ATOMIC_ACQUIRE))
		return true;
	*owner = none;
	return none == worker->id + 1;
}

static void flow_of(const struct packet *packet, struct five_tuple *flow)
{
	*flow = packet->flow;
	flow->service = session_service(packet->session);
}

enum session_verdict session_check(struct worker *worker, struct rte_mbuf *mbuf,
                                   const struct stun_message *message, uint16_t *reason)
{
	struct sessions *sessions = worker->dp->sessions;
	struct packet *packet = packet_of(mbuf);
	struct session_check check;
	struct session *session;
	struct five_tuple flow;
	struct stun_key key;
	uint8_t transaction[STUN_TRANSACTION_SIZE];
	uint16_t types[STUN_UNKNOWN_MAX], error, owner;
	uint8_t generation, n_types;
	uint32_t index;

	*reason = DROP_ICE_UNKNOWN;
	session = sessions != NULL ? session_find(sessions, message, &key, &generation) : NULL;
	if (session == NULL || message->method != STUN_BINDING)
		return SESSION_DROP;
	index = (uint32_t)(session - sessions->list);
	flow_of(packet, &flow);
	*reason = DROP_ICE_RATE;
	if (wrong_full(worker, session) && !flow_is_known(worker, &flow, index))
		return SESSION_DROP;
	*reason = DROP_STUN_FINGERPRINT;
	if (!stun_has(message, STUN_KNOWN_FINGERPRINT) || !stun_fingerprint_ok(message))
		return SESSION_DROP; /* without one the answer, which has it, may be longer */
	*reason = DROP_ICE_INTEGRITY;
	if (!stun_integrity_ok(message, &key)) {
		wrong_count(worker, session);
		return SESSION_DROP;
	}
	check = check_read(message);
	n_types = unknown_list(message, types);
	memcpy(transaction, message->transaction, sizeof(transaction));
	*reason = DROP_STUN_MALFORMED;
	error = check_error(worker, &check, n_types);
	if (error == 0) {
		session_flow_fresh(worker, &flow, index);
		if (!owner_is(worker, session, &owner)) {
			*reason = DROP_ICE_UNKNOWN; /* of a session that has just ended */
			if (packet->flags & PACKET_HANDED_OVER)
				return SESSION_DROP;
			worker->sessions->counters[ICE_HANDED_OVER]++;
			packet->worker = owner - 1;
			return SESSION_HAND_OVER;
		}
		worker->sessions->counters[ICE_CHECKS]++;
		generation_follow(session, generation);
		session_path_seen(worker, session, packet, &check);
	}
	return answer_write(mbuf, transaction, &key, error, types, n_types) ? SESSION_ANSWER
	                                                                    : SESSION_DROP;
}
