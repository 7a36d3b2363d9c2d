/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_fixture.h"

#include "net/service.h"
#include "stun/attribute.h"
#include "stun/writer.h"
#include "worker.h"

#include <rte_eal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GOOG_NUMBER   0xc001
#define UNKNOWN_ATTR  0x0077 /* comprehension-required */
#define PRIORITY_MADE 0x6e7f1eff

const uint8_t check_transaction[STUN_TRANSACTION_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

int session_eal(void)
{
	char *arguments[] = {
	        "test",           "--no-huge",         "-m", "256", "--no-shconf", "--no-pci",
	        "--no-telemetry", "--log-level=error", "-l", "0"};

	return rte_eal_init(RTE_DIM(arguments), arguments) < 0 ? -1 : 0;
}

struct dataplane *session_dataplane(const char *ledger, struct event_base *events)
{
	struct sluice_webrtc_listen listen = {.local.port = RTE_BE16(3478)};
	char why[SLUICE_API_ERROR_MAX] = "";
	struct options options;
	struct dataplane *dp;

	options_default(&options);
	options.max_endpoints = 16;
	options.max_streams = 16;
	options.max_subscriptions = 16;
	options.max_sessions = SESSIONS;
	options.ledger = ledger;
	dp = dataplane_create(&options, events);
	memcpy(listen.local.ip, ip("198.18.1.1").bytes, 16);
	if (dp != NULL && webrtc_listen_add(dp->sessions, &listen, SLUICE_API_EXIST_OK, why) != 0) {
		dataplane_destroy(dp);
		dp = NULL;
	}
	return dp;
}

int session_setup(void **state)
{
	*state = session_eal() == 0 ? session_dataplane(NULL, NULL) : NULL;
	return *state == NULL ? -1 : 0;
}

/* -- sessions -- */

struct sluice_session offer(const char *id, uint8_t role, const char *stream)
{
	struct sluice_session add = {
	        .role = role,
	        .n_tracks = 1,
	        .n_fingerprints = 1,
	        .tracks = {{.mid = "0",
	                    .kind = SLUICE_TRACK_AUDIO,
	                    .n_payloads = 1,
	                    .payloads = {{.pt = 111,
	                                  .codec = SLUICE_CODEC_OPUS,
	                                  .from = 111,
	                                  .clock_hz = 48000}}}},
	        .fingerprints = {{.length = 32}},
	};

	strcpy(add.id, id);
	strcpy(add.stream, stream);
	strcpy(add.remote_ufrag, "them");
	return add;
}

int add(struct dataplane *dp, const struct sluice_session *session,
        struct sluice_session_made *made)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	return session_add(dp->sessions, session, made, why);
}

struct sluice_session_made made_of(struct dataplane *dp, const char *id)
{
	struct sluice_session session = offer(id, SLUICE_SESSION_PUBLISH, id);
	struct sluice_session_made made;

	assert_int_equal(add(dp, &session, &made), 0);
	return made;
}

void end(struct dataplane *dp, const char *id)
{
	struct sluice_session_event events[16];
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(session_delete(dp->sessions, id, why), 0);
	session_places_collect(dp->sessions);
	while (session_events(dp->sessions, events, RTE_DIM(events)) != 0)
		;
}

const struct session *session_at(struct dataplane *dp, const char *id)
{
	return &dp->sessions->list[session_named(dp->sessions, id)];
}

/* -- checks -- */

uint16_t check_write(uint8_t room[CHECK_ROOM], const struct check *check,
                     const struct sluice_session_made *made)
{
	char name[64];
	struct stun_writer writer;
	struct stun_key key;

	snprintf(name, sizeof(name), "%s:them", made->ufrag);
	stun_key_raw(&key, check->bad_password ? "wrong" : made->pwd,
	             check->bad_password ? 5 : strlen(made->pwd));
	stun_begin(&writer, room, CHECK_ROOM, STUN_BINDING, STUN_REQUEST, check_transaction);
	stun_put_bytes(&writer, STUN_ATTR_USERNAME, name, (uint16_t)strlen(name));
	stun_put_u32(&writer, STUN_ATTR_PRIORITY, PRIORITY_MADE);
	stun_put_bytes(&writer,
	               check->controlled ? STUN_ATTR_ICE_CONTROLLED : STUN_ATTR_ICE_CONTROLLING,
	               check_transaction, 8);
	if (check->use_candidate)
		stun_put_bytes(&writer, STUN_ATTR_USE_CANDIDATE, NULL, 0);
	if (check->number != 0)
		stun_put_u32(&writer, (enum stun_attr_type)GOOG_NUMBER, check->number);
	if (check->unknown)
		stun_put_u32(&writer, (enum stun_attr_type)UNKNOWN_ATTR, 0);
	stun_put_integrity(&writer, &key);
	if (!check->no_fingerprint)
		stun_put_fingerprint(&writer);
	if (check->bad_fingerprint)
		room[writer.length - 1] ^= 1;
	return stun_end(&writer);
}

/* As classify leaves it: headers, and the datagram behind them. */
struct rte_mbuf *mbuf_of(struct dataplane *dp, const uint8_t *datagram, uint16_t length,
                         const char *from, uint16_t port)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(dp->pool);
	struct packet *packet = packet_of(mbuf);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(mbuf, 42 + length);

	memset(frame, 0, 42);
	memcpy(frame + 42, datagram, length);
	memset(packet, 0, sizeof(*packet));
	packet->flow.src = ip(from);
	packet->flow.src_port = rte_cpu_to_be_16(port);
	packet->dst = ip("198.18.1.1");
	packet->dst_port = RTE_BE16(3478);
	packet->payload_offset = 42;
	packet->payload_length = length;
	packet->service_kind = SERVICE_SESSION;
	packet->session = 1;
	return mbuf;
}

enum session_verdict check_send(struct dataplane *dp, const struct check *check,
                                const struct sluice_session_made *made, uint16_t port,
                                uint16_t *reason, struct rte_mbuf **answer)
{
	struct worker *worker = dp->workers[0];
	uint8_t room[CHECK_ROOM];
	uint16_t length = check_write(room, check, made);
	struct stun_message message;
	enum session_verdict verdict;

	*answer = mbuf_of(dp, room, length, "198.18.1.2", port);
	assert_int_equal(
	        stun_parse(&message, rte_pktmbuf_mtod_offset(*answer, uint8_t *, 42), length), 0);
	assert_true(session_is_check(&message));
	verdict = session_check(worker, *answer, &message, reason);
	sessions_poll(dp);
	return verdict;
}

/* One that is right, from a port of the client. */
void checked(struct dataplane *dp, const struct sluice_session_made *made, uint16_t port,
             bool use_candidate, uint32_t number)
{
	const struct check check = {.use_candidate = use_candidate, .number = number};
	struct rte_mbuf *answer;
	uint16_t reason;

	assert_int_equal(check_send(dp, &check, made, port, &reason, &answer), SESSION_ANSWER);
	rte_pktmbuf_free(answer);
}
