/* SPDX-License-Identifier: BSD-3-Clause */
/* Which packets a trace takes, and what it says of them: two workers whose ports are rings. */
#include "media_fixture.h"

#include "capture/trace.h"
#include "frame.h"
#include "graph/packet.h"
#include "net/fib.h"
#include "net_fixture.h"
#include "stun/message.h"
#include "turn/turn.h"
#include "worker.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 400

static struct sluice_trace_row rows[ROWS];
static uint32_t n_rows;

static void program_set(struct sluice_trace *want, const char *expression)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;

	assert_int_equal(pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	assert_true(program.bf_len <= RTE_DIM(want->program));
	want->program_length = program.bf_len;
	memcpy(want->program, program.bf_insns, program.bf_len * sizeof(want->program[0]));
	pcap_freecode(&program);
	pcap_close(pcap);
}

static struct trace *begin(struct media_scene *scene, const struct sluice_trace *want)
{
	char why[SLUICE_API_ERROR_MAX] = "";
	struct trace *trace = NULL;

	if (trace_start(scene->rig.dp, want, &trace, why) != 0)
		fail_msg("%s", why);
	return trace;
}

/* Returns how many packets were traced; their rows are in `rows`. */
static uint32_t end(struct media_scene *scene, struct trace *trace)
{
	n_rows = trace_read(trace, rows, ROWS);
	trace_stop(scene->rig.dp, trace);
	return n_rows == 0 ? 0 : rows[n_rows - 1].packet;
}

/* From another thread, as a node that sends leaves it: from 198.18.1.1:7000 to 198.18.1.10:port. */
static void datagram_send(struct media_scene *scene, uint16_t port, const void *data,
                          uint16_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(scene->rig.dp->pool);

	assert_non_null(mbuf);
	memcpy(rte_pktmbuf_append(mbuf, length), data, length);
	*packet_of(mbuf) = (struct packet){
	        .flow = {.src = ip("198.18.1.1"), .src_port = RTE_BE16(7000)},
	        .dst = ip("198.18.1.10"),
	        .dst_port = rte_cpu_to_be_16(port),
	        .hop_limit = 64,
	        .sum = PACKET_SUM_COMPUTE,
	        .entry = PACKET_ENTRY_IP_OUTPUT,
	        .form = PACKET_DATAGRAM,
	        .port = UINT16_MAX,
	};
	assert_int_equal(worker_inbox_put(scene->rig.dp->workers[0], &mbuf, 1), 1);
	rig_walk(&scene->rig);
	while ((mbuf = rig_collect(&scene->rig, 0)) != NULL)
		rte_pktmbuf_free(mbuf);
}

/* What comes without headers is judged with those that it stands for, and its payload is none. */
static void a_program_sees_headers(void **state)
{
	static const struct {
		const char *expression;
		uint32_t matches;
	} cases[] = {
	        {"udp dst port 7777 and src host 198.18.1.1", 1},
	        {"udp dst port 7778", 0},
	        {"udp dst port 4242", 0},
	        {"src host 203.0.113.9", 0},
	        {"udp[8:2] == 0x0200", 1},
	};
	/* a sender's payload that is a frame to port 4242 */
	const struct frame fake = {
	        .to_mac = {{2, 0, 0, 0, 0, 1}},
	        .from_mac = {{2, 0, 0, 0, 0, 9}},
	        .from = {.ip = ip("203.0.113.9"), .port = RTE_BE16(4242)},
	        .to = {.ip = ip("203.0.113.1"), .port = RTE_BE16(4242)},
	        .hop_limit = 64,
	        .payload = (const uint8_t *)"data",
	        .length = 4,
	};
	struct media_scene *scene = media_scene_create(2);
	uint8_t bytes[FRAME_MAX];
	uint16_t length = frame_write(bytes, sizeof(bytes), &fake);

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct sluice_trace want = {.count = 10};
		struct trace *trace;

		program_set(&want, cases[i].expression);
		trace = begin(scene, &want);
		datagram_send(scene, 7777, bytes, length);
		if (end(scene, trace) != cases[i].matches)
			fail_msg("%s: %u rows", cases[i].expression, n_rows);
	}
	media_scene_destroy(scene);
}

#define SSRC  1111
#define OTHER 2222
#define LEG   3333

/* Stream "video" of `camera` goes to two viewers, "audio" to one; the first viewer is on the other
 * worker. */
struct call {
	struct media_scene *scene;
	struct party *camera, *viewer, *other;
};

static struct call call_create(void)
{
	struct call call = {.scene = media_scene_create(2)};

	call.camera = party_add(call.scene, "camera", SLUICE_SRTP_GCM128);
	call.viewer = party_add(call.scene, "viewer", SLUICE_SRTP_GCM128);
	call.other = party_add(call.scene, "other", SLUICE_SRTP_GCM128);
	stream_add(call.scene, "video", call.camera, SSRC, 90000);
	stream_add(call.scene, "audio", call.camera, OTHER, 48000);
	subscription_add(call.scene, "video", call.viewer, LEG, 0);
	subscription_add(call.scene, "video", call.other, LEG, 0);
	subscription_add(call.scene, "audio", call.viewer, LEG + 1, 0);
	return call;
}

/* A packet of each stream. */
static uint32_t traced(const struct call *call, const struct sluice_trace *want)
{
	static uint16_t seq = 1;
	struct trace *trace = begin(call->scene, want);

	party_publish(call->scene, call->camera, SSRC, seq, seq);
	party_publish(call->scene, call->camera, OTHER, seq, seq);
	seq++;
	return end(call->scene, trace);
}

static bool row_is(const char *node, const char *saw)
{
	for (uint32_t i = 0; i < n_rows; i++)
		if (strcmp(rows[i].node, node) == 0 && strstr(rows[i].saw, saw) != NULL)
			return true;
	return false;
}

/* A stream is told by its SSRC where it comes in, and by its subscriptions' where it leaves. */
static void a_stream_is_told_from_another(void **state)
{
	struct call call = call_create();
	struct sluice_trace want = {.count = 50, .stream = "video"};

	/* its frame, and its plaintext where another worker gets it */
	assert_in_range(traced(&call, &want), 1, 2);
	assert_true(row_is("srtp_decrypt", "198.18.1.10:6000 > 198.18.1.1:5000 RTP"));
	want.direction = SLUICE_CAPTURE_IN;
	assert_in_range(traced(&call, &want), 1, 2);
	want.direction = SLUICE_CAPTURE_OUT;
	assert_int_equal(traced(&call, &want), 2);
	assert_true(row_is("port_tx", "198.18.1.1:5000 > 198.18.1.11:6000 RTP"));
	assert_true(row_is("port_tx", "198.18.1.1:5000 > 198.18.1.12:6000 RTP"));
	snprintf(want.stream, sizeof(want.stream), "audio");
	assert_int_equal(traced(&call, &want), 1);
	snprintf(want.endpoint, sizeof(want.endpoint), "other");
	assert_int_equal(traced(&call, &want), 0);
	media_scene_destroy(call.scene);
}

static void directions_choose(void **state)
{
	struct call call = call_create();
	struct sluice_trace want = {.count = 50, .direction = SLUICE_CAPTURE_OUT};

	assert_int_equal(traced(&call, &want), 3);
	for (uint32_t i = 0; i < n_rows; i++)
		assert_string_not_equal(rows[i].node, "classify");
	/* to one endpoint */
	snprintf(want.endpoint, sizeof(want.endpoint), "viewer");
	assert_int_equal(traced(&call, &want), 2);
	want = (struct sluice_trace){.count = 50, .direction = SLUICE_CAPTURE_IN};
	assert_true(traced(&call, &want) >= 2);
	for (uint32_t i = 0; i < n_rows; i++)
		assert_string_not_equal(rows[i].node, "port_tx");
	media_scene_destroy(call.scene);
}

/* A reason has its counter's name as well; what was on its way out is not what came in. */
static void reasons_are_named_as_counted(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct sluice_trace want = {.count = 5, .reason = "drop.no_route"};
	static const uint8_t data[4] = {0xf0};

	assert_int_equal(fib_set(scene->rig.dp, NULL, 0), 0);
	for (want.direction = SLUICE_CAPTURE_BOTH; want.direction <= SLUICE_CAPTURE_OUT;
	     want.direction++) {
		struct trace *trace = begin(scene, &want);

		datagram_send(scene, 7777, data, sizeof(data));
		assert_int_equal(end(scene, trace), want.direction != SLUICE_CAPTURE_IN);
	}
	media_scene_destroy(scene);
}

/* What each node says it made of a packet of media. */
static void nodes_say_what_they_made_of_it(void **state)
{
	static const struct {
		const char *node, *decided;
	} said[] = {
	        {"port_rx", "to classify"},
	        {"classify", "to srtp_decrypt: SRTP at an address of endpoints"},
	        {"srtp_decrypt", "to media_route: endpoint camera, stream video, packet 1"},
	        {"media_route", "to srtp_encrypt: stream video, for 1 worker"},
	        {"srtp_encrypt", "stream video, a copy to each of 2 subscriptions here"},
	};
	struct media_scene *scene = media_scene_create(1);
	const struct sluice_trace want = {.count = 1};
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_GCM128);
	struct trace *trace;

	stream_add(scene, "video", camera, SSRC, 90000);
	subscription_add(scene, "video", party_add(scene, "one", SLUICE_SRTP_GCM128), LEG, 0);
	subscription_add(scene, "video", party_add(scene, "two", SLUICE_SRTP_GCM128), LEG, 0);
	trace = begin(scene, &want);
	party_publish(scene, camera, SSRC, 1, 1);
	assert_int_equal(end(scene, trace), 1);
	assert_int_equal(n_rows, RTE_DIM(said));
	for (uint32_t i = 0; i < n_rows; i++) {
		assert_string_equal(rows[i].node, said[i].node);
		assert_string_equal(rows[i].decided, said[i].decided);
	}
	media_scene_destroy(scene);
}

static void datagrams_say_where_they_go(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	const struct sluice_trace want = {.count = 1};
	static const uint8_t data[4] = {0xf0};
	struct trace *trace = begin(scene, &want);

	datagram_send(scene, 7777, data, sizeof(data));
	assert_int_equal(end(scene, trace), 1);
	assert_string_equal(rows[0].saw, "inbox: 198.18.1.1:7000 > 198.18.1.10:7777 data, 4 bytes");
	assert_string_equal(
	        rows[1].decided,
	        "to neighbour_wait: next hop 198.18.1.10 on rig0, its MAC is not known");
	party_add(scene, "camera", SLUICE_SRTP_GCM128);
	trace = begin(scene, &want);
	datagram_send(scene, 7777, data, sizeof(data));
	assert_int_equal(end(scene, trace), 1);
	assert_string_equal(rows[1].decided,
	                    "to port_tx: next hop 198.18.1.10 on rig0, 02:00:00:00:00:09");
	assert_string_equal(rows[2].decided, "sent by rig0");
	assert_int_equal(fib_set(scene->rig.dp, NULL, 0), 0);
	trace = begin(scene, &want);
	datagram_send(scene, 7777, data, sizeof(data));
	assert_int_equal(end(scene, trace), 1);
	assert_string_equal(rows[1].decided, "to drop: no_route");
	media_scene_destroy(scene);
}

/* A STUN message without attributes from `who` to the listener. */
static void stun_send(struct media_scene *scene, const struct party *who, uint16_t type)
{
	const uint8_t message[STUN_HEADER_SIZE] = {
	        (uint8_t)(type >> 8), (uint8_t)type, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	const struct frame frame = {
	        .to_mac = {{2, 0, 0, 0, 0, 1}},
	        .from_mac = {{2, 0, 0, 0, 0, 9}},
	        .from = who->addr,
	        .to = {.ip = ip("198.18.1.1"), .port = RTE_BE16(STUN_PORT)},
	        .hop_limit = 64,
	        .payload = message,
	        .length = sizeof(message),
	};
	uint8_t bytes[FRAME_MAX];
	uint16_t length = frame_write(bytes, sizeof(bytes), &frame);
	struct rte_mbuf *mbuf;

	assert_int_equal(rig_inject(&scene->rig, 0, 0, bytes, length), 0);
	rig_walk(&scene->rig);
	while ((mbuf = rig_collect(&scene->rig, 0)) != NULL)
		rte_pktmbuf_free(mbuf);
}

static void assert_said(const char *node, const char *decided)
{
	for (uint32_t i = 0; i < n_rows; i++) {
		if (strcmp(rows[i].node, node) != 0)
			continue;
		assert_string_equal(rows[i].decided, decided);
		return;
	}
	fail_msg("the packet did not come to %s", node);
}

static void the_gate_says_its_verdict(void **state)
{
	static const struct sluice_turn_listen listen = {
	        .addr = {.ip = {[10] = 0xff, 0xff, 198, 18, 1, 1}, .port = RTE_BE16(STUN_PORT)}};
	struct media_scene *scene = media_scene_create(1);
	const struct party *client = party_add(scene, "client", SLUICE_SRTP_GCM128);
	const struct sluice_trace want = {.count = 1};
	char why[SLUICE_API_ERROR_MAX];
	struct trace *trace;

	assert_int_equal(turn_listen_add(scene->rig.dp->turn, &listen, 0, why), 0);
	trace = begin(scene, &want);
	stun_send(scene, client, 0x0001);
	assert_int_equal(end(scene, trace), 1);
	assert_said("classify", "to gate: STUN at a TURN listener");
	assert_said("gate", "to stun_input: gate.unverified");
	assert_said("stun_input", "to turn_request: Binding request");
	assert_said("turn_request", "to ip_output: Binding success");
	trace = begin(scene, &want);
	stun_send(scene, client, 0x0101); /* a response */
	assert_int_equal(end(scene, trace), 1);
	assert_said("gate", "to drop: gate, gate.stun_response");
	media_scene_destroy(scene);
}

static void what_is_wrong_is_refused(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct sluice_trace want = {.stream = "nobody"};
	char why[SLUICE_API_ERROR_MAX];
	struct trace *trace;

	assert_int_equal(trace_start(scene->rig.dp, &want, &trace, why), -ENOENT);
	assert_string_equal(why, "no stream nobody");
	want = (struct sluice_trace){.direction = SLUICE_CAPTURE_OUT + 1};
	assert_int_equal(trace_start(scene->rig.dp, &want, &trace, why), -EINVAL);
	want = (struct sluice_trace){.program_length = SLUICE_CAPTURE_PROGRAM_MAX + 1};
	assert_int_equal(trace_start(scene->rig.dp, &want, &trace, why), -EINVAL);
	want = (struct sluice_trace){.reason = "drop.nothing"};
	assert_int_equal(trace_start(scene->rig.dp, &want, &trace, why), -EINVAL);
	media_scene_destroy(scene);
}

static int group_setup(void **state)
{
	return rig_eal("trace", 192, false) == 0 && srtp_init() == srtp_err_status_ok ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_program_sees_headers),
	        cmocka_unit_test(a_stream_is_told_from_another),
	        cmocka_unit_test(directions_choose),
	        cmocka_unit_test(reasons_are_named_as_counted),
	        cmocka_unit_test(nodes_say_what_they_made_of_it),
	        cmocka_unit_test(datagrams_say_where_they_go),
	        cmocka_unit_test(the_gate_says_its_verdict),
	        cmocka_unit_test(what_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
