/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures of a forwarding unit: whose packets they are, and who may see them in plaintext. */
#include "capture_fixture.h"
#include "common/log.h"
#include "media/bytes.h"
#include "media/media.h"
#include "media_fixture.h"
#include "srtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADERS  (14 + 20 + 8) /* Ethernet, IPv4, UDP */
#define VOICE    1111
#define OTHER    2222
#define AT_BOB   3333
#define AT_CAROL 4444

/* alice publishes voice and other; bob and carol hear voice, nobody hears other. */
struct call {
	struct media_scene *scene;
	struct party *alice, *bob, *carol;
	uint16_t seq;
};

static int call_begin(void **state)
{
	static struct call call;
	struct media_scene *scene = media_scene_create(2);

	call = (struct call){.scene = scene,
	                     .alice = party_add(scene, "alice", SLUICE_SRTP_CM80),
	                     .bob = party_add(scene, "bob", SLUICE_SRTP_CM80),
	                     .carol = party_add(scene, "carol", SLUICE_SRTP_GCM128),
	                     .seq = 100};
	scene->rig.dp->options.allow_decrypted = true;
	stream_add(scene, "voice", call.alice, VOICE, 48000);
	stream_add(scene, "other", call.alice, OTHER, 48000);
	subscription_add(scene, "voice", call.bob, AT_BOB, 0);
	subscription_add(scene, "voice", call.carol, AT_CAROL, 0);
	*state = &call;
	return 0;
}

static int call_end(void **state)
{
	struct call *call = *state;

	media_scene_destroy(call->scene);
	return 0;
}

static void publish(struct call *call, uint32_t ssrc, int count)
{
	for (int i = 0; i < count; i++, call->seq++)
		party_publish(call->scene, call->alice, ssrc, call->seq, call->seq * 960u);
}

static struct sluice_capture wanted_of(uint32_t points, const char *endpoint, const char *stream)
{
	struct sluice_capture want = wanted(points);

	snprintf(want.filter.endpoint, sizeof(want.filter.endpoint), "%s", endpoint);
	snprintf(want.filter.stream, sizeof(want.filter.stream), "%s", stream);
	return want;
}

/* How many of the captured packets say this, and have this SSRC (0: any). */
static uint32_t count_of(const char *comment, uint32_t ssrc)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < file.n_packets; i++)
		count += starts(file.packets[i].comment, comment) &&
		         (ssrc == 0 || read_be32(file.packets[i].data + HEADERS + 8) == ssrc);
	return count;
}

static void endpoint_forget(struct call *call, const char *name)
{
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(media_endpoint_delete(call->scene->rig.dp->media, name, why), 0);
}

static void stream_forget(struct call *call, const char *name)
{
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(media_stream_delete(call->scene->rig.dp->media, name, why), 0);
}

/* -- tests -- */

/* Its place in the table is another one, and its address. */
static void an_endpoint_that_is_made_anew_is_followed(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_capture want = wanted_of(POINT(RECEIVED) | POINT(DECRYPTED), "alice", "");
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);

	publish(call, VOICE, 3);
	endpoint_forget(call, "alice");
	publish(call, VOICE, 5); /* nobody's */
	call->alice = party_add(call->scene, "alice", SLUICE_SRTP_CM80);
	stream_add(call->scene, "voice", call->alice, VOICE, 48000);
	publish(call, VOICE, 7);
	end(rig, capture, fd);
	assert_int_equal(count_of("received", VOICE), 3 + 7);
	assert_int_equal(count_of("decrypted", VOICE), 3 + 7);
	assert_int_equal(file.n_packets, 2 * (3 + 7));
	pcapng_free(&file);
}

static void a_stream_that_is_made_anew_is_followed(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_capture want = wanted_of(POINT(RECEIVED) | POINT(DECRYPTED), "", "voice");
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);

	publish(call, VOICE, 3);
	stream_forget(call, "voice");
	publish(call, VOICE, 5);
	stream_add(call->scene, "voice", call->alice, VOICE, 48000);
	publish(call, VOICE, 7);
	publish(call, OTHER, 2);
	end(rig, capture, fd);
	assert_int_equal(count_of("received", VOICE), 3 + 7);
	assert_int_equal(count_of("decrypted", VOICE), 3 + 7);
	assert_int_equal(file.n_packets, 2 * (3 + 7));
	pcapng_free(&file);
}

/* Its SSRC is in clear on the wire, the publisher's and those of its subscriptions. */
static void a_stream_is_known_wherever_it_is_seen(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_capture want = wanted_of(ALL_POINTS | POINT(DECRYPTED), "", "voice");
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);

	publish(call, VOICE, 4);
	publish(call, OTHER, 6);
	end(rig, capture, fd);
	assert_int_equal(count_of("received", VOICE), 4);
	assert_int_equal(count_of("decrypted", VOICE), 4);
	assert_int_equal(count_of("sent", AT_BOB), 4);
	assert_int_equal(count_of("sent", AT_CAROL), 4);
	assert_int_equal(file.n_packets, 4 * 4);
	pcapng_free(&file);

	want = wanted_of(ALL_POINTS, "", "other");
	fd = file_open();
	capture = begin(rig, &want, fd);
	publish(call, VOICE, 4);
	publish(call, OTHER, 6);
	end(rig, capture, fd);
	assert_int_equal(count_of("received", OTHER), 6);
	assert_int_equal(count_of("dropped", OTHER), 6);
	assert_int_equal(file.n_packets, 2 * 6);
	pcapng_free(&file);
}

/* What came in under a wrong key is dropped before it is anybody's plaintext. */
static void what_is_not_authentic_is_not_decrypted(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_capture want = wanted_of(POINT(DROPPED) | POINT(DECRYPTED), "alice", "");
	struct party stranger = *call->alice;
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);

	stranger.tx = call->bob->tx;
	party_publish(call->scene, &stranger, VOICE, 1, 960);
	end(rig, capture, fd);
	assert_int_equal(count_of("decrypted", 0), 0);
	assert_int_equal(count_of("dropped", VOICE), 1);
	pcapng_free(&file);
}

/* Takes the only place in a worker's inbox until it is walked. */
static void inbox_fill(struct rig *rig, struct worker *worker)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->dp->pool);

	assert_non_null(mbuf);
	memset(rte_pktmbuf_append(mbuf, 4), 0, 4);
	*packet_of(mbuf) = (struct packet){.entry = PACKET_ENTRY_CLASSIFY};
	assert_int_equal(worker_inbox_put(worker, &mbuf, 1), 1);
}

/* alice and carol are at one worker, bob is at the other. */
static void what_another_worker_has_no_room_for_is_dropped(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct worker *worker = rig->dp->workers[0], *other = rig->dp->workers[1];
	struct sluice_capture want = wanted_of(POINT(DROPPED), "", "voice");
	struct rte_ring *inbox = other->inbox;
	int fd = file_open();
	struct capture *capture = begin(rig, &want, fd);
	uint64_t drops = worker->drops[DROP_RING_FULL];

	other->inbox = rte_ring_create("one", 1, SOCKET_ID_ANY, RING_F_EXACT_SZ);
	assert_non_null(other->inbox);
	for (int i = 0; i < 3; i++) {
		inbox_fill(rig, other);
		publish(call, VOICE, 1);
	}
	rte_ring_free(other->inbox);
	other->inbox = inbox;
	end(rig, capture, fd);
	assert_int_equal(worker->drops[DROP_RING_FULL] - drops, 3);
	assert_int_equal(file.n_packets, 3);
	assert_int_equal(count_of("dropped, node media_route, reason ring_full", VOICE), 3);
	assert_int_equal(file.packets[0].captured, HEADERS + RTP_HEADER_SIZE);
	pcapng_free(&file);
}

/* Whether a program matches tells about bytes, too. */
static void a_program_does_not_see_what_may_be_plaintext(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_capture want = wanted_of(POINT(DROPPED), "", "other");
	int fd = file_open();
	struct capture *capture;

	/* ldh [HEADERS + RTP_HEADER_SIZE]; jeq seq, 1, 0; ret 0; ret -1 */
	want.filter.program_length = 4;
	memcpy(want.filter.program,
	       ((const struct sluice_capture_insn[]){{0x28, 0, 0, HEADERS + RTP_HEADER_SIZE},
	                                             {0x15, 1, 0, call->seq},
	                                             {0x06, 0, 0, 0},
	                                             {0x06, 0, 0, UINT32_MAX}}),
	       4 * sizeof(struct sluice_capture_insn));
	capture = begin(rig, &want, fd);
	publish(call, OTHER, 1);
	end(rig, capture, fd);
	assert_int_equal(file.n_packets, 0);
	pcapng_free(&file);
	call->seq++;
	want.filter.program[1].k = call->seq;
	want.filter.points |= POINT(DECRYPTED);
	fd = file_open();
	capture = begin(rig, &want, fd);
	publish(call, OTHER, 1);
	end(rig, capture, fd);
	assert_int_equal(count_of("dropped", OTHER), 1);
	assert_int_equal(count_of("decrypted", OTHER), 1);
	pcapng_free(&file);
}

/* Of all streams at once nobody is shown plaintext. */
static void plaintext_has_a_name(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_capture want = wanted(POINT(RECEIVED) | POINT(DECRYPTED));
	char why[SLUICE_API_ERROR_MAX];
	int fd = file_open();

	assert_int_equal(refused_why(rig, &want, fd, why), -EINVAL);
	assert_non_null(strstr(why, "name one"));
	want.filter.allocation = 1;
	assert_int_equal(refused_why(rig, &want, fd, why), -EINVAL);
	close(fd);
}

/* stderr_begin to stderr_end: how many lines have `text` in them. */
static int stderr_begin(int *log)
{
	int kept = dup(STDERR_FILENO);

	*log = file_open();
	fflush(stderr);
	dup2(*log, STDERR_FILENO);
	return kept;
}

static uint32_t stderr_end(int kept, int log, const char *text)
{
	char line[1024];
	uint32_t count = 0;
	FILE *lines;

	dup2(kept, STDERR_FILENO);
	close(kept);
	lseek(log, 0, SEEK_SET);
	lines = fdopen(log, "r");
	assert_non_null(lines);
	while (fgets(line, sizeof(line), lines) != NULL)
		count += strstr(line, text) != NULL;
	fclose(lines);
	return count;
}

/* Whatever the log's level is, and its end as well. */
static void who_sees_plaintext_is_logged(void **state)
{
	struct call *call = *state;
	struct rig *rig = &call->scene->rig;
	struct sluice_log_table quiet, usual = {0};

	memset(&quiet, SLUICE_LOG_ERROR, sizeof(quiet));
	for (int i = 0; i < SLUICE_LOG_AREAS; i++)
		usual.levels[i] = log_level(i);
	for (int decrypted = 0; decrypted < 2; decrypted++) {
		struct sluice_capture want =
		        wanted_of(decrypted ? POINT(DECRYPTED) : POINT(SENT), "alice", "");
		int fd = file_open(), log, kept = stderr_begin(&log);

		assert_true(log_levels_set(&quiet));
		end(rig, begin(rig, &want, fd), fd);
		assert_true(log_levels_set(&usual));
		assert_int_equal(stderr_end(kept, log, "capture "), decrypted ? 2 : 0);
		pcapng_free(&file);
	}
}

static int group_begin(void **state)
{
	return srtp_init() == srtp_err_status_ok ? rig_eal("capture_media", 256, false) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(an_endpoint_that_is_made_anew_is_followed,
	                                        call_begin, call_end),
	        cmocka_unit_test_setup_teardown(a_stream_that_is_made_anew_is_followed, call_begin,
	                                        call_end),
	        cmocka_unit_test_setup_teardown(a_stream_is_known_wherever_it_is_seen, call_begin,
	                                        call_end),
	        cmocka_unit_test_setup_teardown(what_is_not_authentic_is_not_decrypted, call_begin,
	                                        call_end),
	        cmocka_unit_test_setup_teardown(what_another_worker_has_no_room_for_is_dropped,
	                                        call_begin, call_end),
	        cmocka_unit_test_setup_teardown(a_program_does_not_see_what_may_be_plaintext,
	                                        call_begin, call_end),
	        cmocka_unit_test_setup_teardown(plaintext_has_a_name, call_begin, call_end),
	        cmocka_unit_test_setup_teardown(who_sees_plaintext_is_logged, call_begin, call_end),
	};

	return cmocka_run_group_tests(tests, group_begin, NULL);
}
