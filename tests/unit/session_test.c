/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of browsers without a network: checks, paths and nomination by the shipped functions. */
#include "session_fixture.h"

#include "graph/drop.h"
#include "media/media.h"
#include "media/state.h"
#include "session/record.h"
#include "worker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Its endpoint, as keys bring one. */
static void endpoint_give(struct dataplane *dp, const char *id)
{
	struct sluice_endpoint add = {
	        .profile = SLUICE_SRTP_GCM128,
	        .rx_key_length = 28,
	        .tx_key_length = 28,
	        .outside = 1,
	        .local.port = RTE_BE16(3478),
	        .remote.port = RTE_BE16(5000),
	};
	char why[SLUICE_API_ERROR_MAX] = "";
	int endpoint;

	strcpy(add.name, id);
	memcpy(add.local.ip, ip("198.18.1.1").bytes, 16);
	memcpy(add.remote.ip, ip("198.18.1.2").bytes, 16);
	endpoint = media_session_endpoint_add(dp->media, &add, 0, why);
	if (endpoint <= 0)
		fail_msg("%s: %s", id, why);
	if (session_has(dp->sessions, id))
		dp->sessions->list[session_named(dp->sessions, id)].endpoint = (uint32_t)endpoint;
}

static uint16_t error_of(const uint8_t *answer)
{
	const uint8_t *error = answer + STUN_HEADER_SIZE;

	return stun_class_of(answer) == STUN_ERROR ? error[6] * 100 + error[7] : 0;
}

/* Its mapped address is the client's, and its integrity under our password. */
static void answer_check(const struct rte_mbuf *mbuf, const struct sluice_session_made *made,
                         uint16_t error)
{
	const uint8_t *answer = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	struct stun_message message;
	struct stun_key key;

	assert_true(stun_header_valid(answer, mbuf->data_len));
	assert_memory_equal(answer + 8, check_transaction, sizeof(check_transaction));
	assert_int_equal(stun_class_of(answer), error != 0 ? STUN_ERROR : STUN_SUCCESS);
	assert_int_equal(error_of(answer), error);
	assert_int_equal(stun_parse(&message, answer, mbuf->data_len), 0);
	stun_key_raw(&key, made->pwd, strlen(made->pwd));
	assert_true(stun_integrity_ok(&message, &key));
	assert_true(stun_has(&message, STUN_KNOWN_FINGERPRINT) && stun_fingerprint_ok(&message));
}

static const struct check checks[] = {
        {"right", .verdict = SESSION_ANSWER},
        {"nominates", .use_candidate = true, .verdict = SESSION_ANSWER},
        {"without FINGERPRINT", .no_fingerprint = true, .reason = DROP_STUN_FINGERPRINT},
        {"wrong FINGERPRINT", .bad_fingerprint = true, .reason = DROP_STUN_FINGERPRINT},
        {"wrong password", .bad_password = true, .reason = DROP_ICE_INTEGRITY},
        {"wrong password, nominates", .bad_password = true, .use_candidate = true,
         .reason = DROP_ICE_INTEGRITY},
        {"claims our role", .controlled = true, .verdict = SESSION_ANSWER, .error = 487},
        {"an attribute that nobody knows", .unknown = true, .verdict = SESSION_ANSWER,
         .error = 420},
};

static void checks_answered(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "checks");

	for (size_t i = 0; i < RTE_DIM(checks); i++) {
		struct rte_mbuf *answer;
		uint16_t reason;
		enum session_verdict verdict =
		        check_send(dp, &checks[i], &made, 5000, &reason, &answer);

		if (verdict != checks[i].verdict)
			fail_msg("%s: verdict %d", checks[i].name, verdict);
		if (verdict == SESSION_DROP)
			assert_int_equal(reason, checks[i].reason);
		else
			answer_check(answer, &made, checks[i].error);
		rte_pktmbuf_free(answer);
	}
	end(dp, "checks");
}

/* A ufrag of another key, of a session that has gone, of an index that nobody has. */
static void unknown_ufrags(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "gone"), other = made;
	const struct siphash_key foreign = {1, 2};
	const struct check check = {0};
	struct rte_mbuf *answer;
	uint16_t reason;

	end(dp, "gone");
	assert_int_equal(check_send(dp, &check, &made, 5000, &reason, &answer), SESSION_DROP);
	assert_int_equal(reason, DROP_ICE_UNKNOWN);
	rte_pktmbuf_free(answer);
	ufrag_write(other.ufrag, &foreign, 1 << 8 | 1);
	assert_int_equal(check_send(dp, &check, &other, 5000, &reason, &answer), SESSION_DROP);
	rte_pktmbuf_free(answer);
	ufrag_write(other.ufrag, &dp->sessions->ufrags.key, 0xffffffu << 8 | 1);
	assert_int_equal(check_send(dp, &check, &other, 5000, &reason, &answer), SESSION_DROP);
	assert_int_equal(reason, DROP_ICE_UNKNOWN);
	rte_pktmbuf_free(answer);
}

static void ufrag_has_one_spelling(void **state)
{
	const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
	char text[UFRAG_SIZE];
	struct ufrag ufrag;

	for (uint32_t place = 0; place < 0x1000000; place += 0x10305) {
		ufrag_write(text, &key, place << 8 | 7);
		ufrag = ufrag_read((const uint8_t *)text, &key);
		assert_true(ufrag.ours);
		assert_int_equal(ufrag.place, place << 8 | 7);
		for (uint32_t i = 0; i < UFRAG_SIZE; i++) {
			text[i] ^= 1;
			assert_false(ufrag_read((const uint8_t *)text, &key).ours);
			text[i] ^= 1;
		}
	}
	memset(text, '=', sizeof(text));
	assert_false(ufrag_read((const uint8_t *)text, &key).ours);
}

static uint16_t selected_port(struct dataplane *dp, const char *id)
{
	struct session_way way;

	return session_selected_read(session_at(dp, id), &way) ? rte_be_to_cpu_16(way.remote.port)
	                                                       : 0;
}

/* A plain check moves nothing; USE-CANDIDATE does; of libwebrtc's numbers only one that is higher,
 * or the same again. */
static void nomination(void **state)
{
	static const struct {
		uint16_t port;
		bool use_candidate;
		uint32_t number;
		uint16_t selected;
	} steps[] = {
	        {5000, false, 0, 0},    {5000, true, 0, 5000},  {5001, false, 0, 5000},
	        {5001, true, 0, 5001},  {5000, false, 0, 5001}, {5002, true, 3, 5002},
	        {5003, true, 2, 5002},  {5003, true, 4, 5003},  {5002, true, 3, 5003},
	        {5004, false, 0, 5003}, {5003, true, 4, 5003},
	};
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "nominates");

	for (size_t i = 0; i < RTE_DIM(steps); i++) {
		checked(dp, &made, steps[i].port, steps[i].use_candidate, steps[i].number);
		assert_int_equal(selected_port(dp, "nominates"), steps[i].selected);
	}
	assert_int_equal(session_at(dp, "nominates")->moved, 3);
	end(dp, "nominates");
}

static struct five_tuple flow_of(uint16_t port)
{
	return (struct five_tuple){
	        .src = ip("198.18.1.2"),
	        .src_port = rte_cpu_to_be_16(port),
	        .service = session_service(1),
	};
}

static uint32_t bound(struct dataplane *dp, uint16_t port)
{
	const struct five_tuple flow = flow_of(port);
	void *data;

	return rte_hash_lookup_data(dp->sessions->paths, &flow, &data) >= 0
	               ? (uint32_t)(uintptr_t)data
	               : 0;
}

/* Eight paths at most: the one that was checked the longest ago goes, the selected one never. */
static void paths_are_bounded(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "wanders");
	uint32_t count = 0;

	checked(dp, &made, 6000, true, 0);
	for (uint16_t port = 6001; port < 6040; port++) {
		dp->workers[0]->tsc += dp->workers[0]->tsc_hz;
		checked(dp, &made, port, false, 0);
	}
	assert_int_equal(selected_port(dp, "wanders"), 6000);
	for (uint16_t port = 6000; port < 6040; port++)
		count += bound(dp, port) != 0;
	assert_int_equal(count, SESSION_PATHS_MAX);
	assert_int_not_equal(bound(dp, 6039), 0);
	end(dp, "wanders");
	for (uint16_t port = 6000; port < 6040; port++)
		assert_int_equal(bound(dp, port), 0);
}

/* Two sessions of one client through one port: it belongs to the one that checked last. */
static void flow_is_the_last_ones(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made first = made_of(dp, "first"), second = made_of(dp, "second");
	uint32_t one = session_named(dp->sessions, "first");
	uint32_t two = session_named(dp->sessions, "second");

	checked(dp, &first, 7000, true, 0);
	assert_int_equal(bound(dp, 7000), one);
	checked(dp, &second, 7000, true, 0);
	assert_int_equal(bound(dp, 7000), two);
	end(dp, "first");
	assert_int_equal(bound(dp, 7000), two);
	end(dp, "second");
	assert_int_equal(bound(dp, 7000), 0);
}

/* A check shows who sent it, and not from where: it takes no path from a session that is connected,
 * until that has been silent for 6 s. */
static void flow_is_not_taken(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made victim = made_of(dp, "victim"), thief = made_of(dp, "thief");
	const struct five_tuple flow = flow_of(7500);
	uint32_t one = session_named(dp->sessions, "victim");
	uint32_t two = session_named(dp->sessions, "thief");

	checked(dp, &victim, 7500, true, 0);
	dp->sessions->control[one].state = SLUICE_SESSION_CONNECTED;
	endpoint_give(dp, "victim");
	/* by another worker, whose clock was read later */
	dp->sessions->list[one].checked = dp->workers[0]->tsc + 1;
	checked(dp, &thief, 7500, true, 0);
	assert_int_equal(bound(dp, 7500), one);
	assert_int_equal(session_by_flow(dp->workers[0], &flow), one);
	dp->workers[0]->tsc += 7 * dp->workers[0]->tsc_hz;
	checked(dp, &thief, 7500, false, 0);
	assert_int_equal(bound(dp, 7500), two);
	end(dp, "victim");
	end(dp, "thief");
}

/* One that is answered by an error changes nothing. */
static void errors_change_nothing(void **state)
{
	const struct check wrong[] = {{.use_candidate = true, .unknown = true},
	                              {.use_candidate = true, .controlled = true}};
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "errs");

	for (size_t i = 0; i < RTE_DIM(wrong); i++) {
		struct rte_mbuf *answer;
		uint16_t reason;

		assert_int_equal(check_send(dp, &wrong[i], &made, 7600, &reason, &answer),
		                 SESSION_ANSWER);
		rte_pktmbuf_free(answer);
	}
	assert_int_equal(selected_port(dp, "errs"), 0);
	assert_int_equal(bound(dp, 7600), 0);
	end(dp, "errs");
}

/* Who checks from ever new ports costs the control thread 20 changes a second, and no more; the
 * path that is selected is never the one that makes room. */
static void changes_are_bounded(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "sweeps");
	uint64_t before = dp->workers[0]->sessions->counters[ICE_RATE];

	checked(dp, &made, 8000, true, 0);
	for (uint16_t port = 8001; port < 8100; port++)
		checked(dp, &made, port, port & 1, 0);
	assert_true(dp->workers[0]->sessions->counters[ICE_RATE] - before > 50);
	assert_int_not_equal(bound(dp, selected_port(dp, "sweeps")), 0);
	end(dp, "sweeps");
}

/* ICE restart: the old credentials hold until a check has the new ones, whose nominations count
 * from their own beginning. */
static void restart(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made old = made_of(dp, "again"), fresh;
	struct sluice_session_restart ask = {.id = "again", .remote_ufrag = "next"};
	char why[SLUICE_API_ERROR_MAX];
	const struct check check = {0};
	struct rte_mbuf *answer;
	uint16_t reason;

	checked(dp, &old, 7100, true, 9);
	assert_int_equal(session_restart(dp->sessions, &ask, &fresh, why), 0);
	assert_string_not_equal(old.ufrag, fresh.ufrag);
	assert_string_not_equal(old.pwd, fresh.pwd);
	checked(dp, &old, 7100, false, 0);
	checked(dp, &fresh, 7101, true, 1);
	assert_int_equal(selected_port(dp, "again"), 7101);
	assert_int_equal(check_send(dp, &check, &old, 7100, &reason, &answer), SESSION_DROP);
	assert_int_equal(reason, DROP_ICE_UNKNOWN);
	rte_pktmbuf_free(answer);
	end(dp, "again");
}

/* Wrong ones from new addresses are soon not even verified; a path that is proven goes on. */
static void wrong_checks_cost_little(void **state)
{
	const struct check wrong = {.bad_password = true};
	struct dataplane *dp = *state;
	struct sluice_session_made made = made_of(dp, "guessed");
	uint32_t verified = 0;

	checked(dp, &made, 7200, true, 0);
	for (int i = 0; i < 500; i++) {
		struct rte_mbuf *answer;
		uint16_t reason;

		assert_int_equal(check_send(dp, &wrong, &made, 7300, &reason, &answer),
		                 SESSION_DROP);
		verified += reason == DROP_ICE_INTEGRITY;
		rte_pktmbuf_free(answer);
	}
	assert_in_range(verified, 50, 52);
	checked(dp, &made, 7200, false, 0);
	end(dp, "guessed");
}

/* -- who may -- */

static void refused(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session publisher = offer("p", SLUICE_SESSION_PUBLISH, "room");
	struct sluice_session second = offer("q", SLUICE_SESSION_PUBLISH, "room");
	struct sluice_session viewer = offer("v", SLUICE_SESSION_WATCH, "room");
	struct sluice_session_made made;

	assert_int_equal(add(dp, &viewer, &made), -ENOENT);
	assert_int_equal(add(dp, &publisher, &made), 0);
	assert_int_equal(add(dp, &publisher, &made), -EEXIST);
	assert_int_equal(add(dp, &second, &made), -EBUSY);
	second.takeover = 1;
	assert_int_equal(add(dp, &second, &made), 0);
	assert_int_equal(add(dp, &viewer, &made), 0);
	assert_int_not_equal(made.ssrcs[0], 0);
	viewer = offer("w", SLUICE_SESSION_WATCH, "room");
	viewer.n_tracks = SLUICE_SESSION_TRACKS_MAX + 1;
	assert_int_equal(add(dp, &viewer, &made), -EINVAL);
	second = offer("named", SLUICE_SESSION_PUBLISH, "two words");
	assert_int_equal(add(dp, &second, &made), -EINVAL);
	end(dp, "p");
	end(dp, "q");
	end(dp, "v");
}

/* All places, one more, and all again. */
static void places(void **state)
{
	struct dataplane *dp = *state;
	struct sluice_session_made made;
	char id[8];

	for (int round = 0; round < 3; round++) {
		struct sluice_session more = offer("more", SLUICE_SESSION_PUBLISH, "more");

		for (int i = 0; i < SESSIONS; i++) {
			snprintf(id, sizeof(id), "s%d", i);
			made_of(dp, id);
		}
		assert_int_equal(add(dp, &more, &made), -ENOSPC);
		for (int i = 0; i < SESSIONS; i++) {
			snprintf(id, sizeof(id), "s%d", i);
			end(dp, id);
		}
	}
	assert_int_equal(dp->sessions->count, 0);
}

/* Without a check, and with the last one too long ago, it ends, and says why. */
static void ends_by_itself(void **state)
{
	struct dataplane *dp = *state;
	struct worker *worker = dp->workers[0];
	struct sluice_session_event events[8];
	struct sluice_session_made made;
	uint32_t count;

	made_of(dp, "silent");
	made = made_of(dp, "leaves");
	checked(dp, &made, 7400, true, 0);
	sessions_tick(dp->sessions);
	assert_int_equal(dp->sessions->count, 2);
	worker->tsc += 31 * worker->tsc_hz;
	sessions_tick(dp->sessions);
	count = session_events(dp->sessions, events, RTE_DIM(events));
	assert_int_equal(dp->sessions->count, 0);
	assert_in_range(count, 3, 4);
	for (uint32_t i = 0; i < count; i++)
		if (events[i].state == SLUICE_SESSION_ENDED)
			assert_int_equal(events[i].reason, strcmp(events[i].id, "silent") == 0
			                                           ? SLUICE_SESSION_TIMEOUT
			                                           : SLUICE_SESSION_CONSENT);
	session_places_collect(dp->sessions);
}

/* As pion does, which sends no checks while media go: a viewer has to, a publisher does not. */
static void packets_are_a_sign_of_life(void **state)
{
	static const uint8_t roles[] = {SLUICE_SESSION_PUBLISH, SLUICE_SESSION_WATCH};
	struct dataplane *dp = *state;
	struct worker *worker = dp->workers[0];

	for (size_t i = 0; i < RTE_DIM(roles); i++) {
		struct sluice_session_made made = made_of(dp, "speaks");
		uint32_t index = session_named(dp->sessions, "speaks");
		struct endpoint *endpoint;

		checked(dp, &made, 7400, true, 0);
		endpoint_give(dp, "speaks");
		endpoint = &dp->media->endpoints[dp->sessions->list[index].endpoint];
		dp->sessions->control[index].config.role = roles[i];
		dp->sessions->control[index].state = SLUICE_SESSION_CONNECTED;
		for (int s = 0; s < 60; s++) {
			endpoint->rx_packets++;
			worker->tsc += worker->tsc_hz;
			sessions_tick(dp->sessions);
			if (roles[i] == SLUICE_SESSION_WATCH && dp->sessions->count == 0)
				break;
		}
		assert_int_equal(dp->sessions->count, roles[i] == SLUICE_SESSION_PUBLISH);
		if (dp->sessions->count == 0)
			continue;
		worker->tsc += 31 * worker->tsc_hz;
		sessions_tick(dp->sessions);
		assert_int_equal(dp->sessions->count, 0);
		session_places_collect(dp->sessions);
	}
	session_places_collect(dp->sessions);
}

/* After a death: what has no session that was taken has nobody who would end it. */
static void strays_end(void **state)
{
	struct dataplane *dp = *state;

	made_of(dp, "taken");
	endpoint_give(dp, "taken");
	endpoint_give(dp, "shaking");
	session_strays_end(dp);
	assert_int_not_equal(media_endpoint_index(dp->media, "taken"), 0);
	assert_int_equal(media_endpoint_index(dp->media, "shaking"), 0);
	end(dp, "taken");
	assert_int_equal(media_endpoint_index(dp->media, "taken"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ufrag_has_one_spelling),
	        cmocka_unit_test(checks_answered),
	        cmocka_unit_test(unknown_ufrags),
	        cmocka_unit_test(nomination),
	        cmocka_unit_test(paths_are_bounded),
	        cmocka_unit_test(flow_is_the_last_ones),
	        cmocka_unit_test(flow_is_not_taken),
	        cmocka_unit_test(errors_change_nothing),
	        cmocka_unit_test(changes_are_bounded),
	        cmocka_unit_test(restart),
	        cmocka_unit_test(wrong_checks_cost_little),
	        cmocka_unit_test(refused),
	        cmocka_unit_test(places),
	        cmocka_unit_test(ends_by_itself),
	        cmocka_unit_test(packets_are_a_sign_of_life),
	        cmocka_unit_test(strays_end),
	};

	return cmocka_run_group_tests(tests, session_setup, net_teardown);
}
