/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures of a forwarding unit: whose packets they are, and who may see them in plaintext. */
#include "capture_fixture.h"
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
	};

	return cmocka_run_group_tests(tests, group_begin, NULL);
}
