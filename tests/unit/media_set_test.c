/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints, streams and subscriptions that are changed in place: the far ends begin again with
 * libsrtp2, or know nothing of it, and read each packet that they are sent.
 */
#include "media_fixture.h"

#include "ledger/ledger.h"
#include "media/bytes.h"
#include "media/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <errno.h>

#include <cmocka.h>

#define CAMERA   0x1111u
#define LEG_SSRC 0x2000u

static char folder[] = "/tmp/media-set-XXXXXX";
static char path[64];

struct scene {
	struct media_scene *media;
	struct party *camera, *watcher;
	uint16_t seq;
};

static struct media *media_of(struct scene *scene)
{
	return scene->media->rig.dp->media;
}

static struct subscription *leg_of(struct scene *scene)
{
	uint32_t index = subscription_named(media_of(scene), "camera", "watcher");

	assert_int_not_equal(index, 0);
	return &media_of(scene)->subscriptions[index];
}

static void scene_make(struct scene *scene, uint8_t profile)
{
	*scene = (struct scene){.media = media_scene_create(1), .seq = 1};
	scene->camera = party_add(scene->media, "camera", profile);
	scene->watcher = party_add(scene->media, "watcher", profile);
	stream_add(scene->media, "camera", scene->camera, CAMERA, 90000);
	subscription_add(scene->media, "camera", scene->watcher, LEG_SSRC, 0);
}

static void scene_end(struct scene *scene)
{
	media_scene_destroy(scene->media);
	unlink(path);
}

/* One packet of the camera's: what the watcher got of it, or -1. */
static int packet_pass(struct scene *scene, uint32_t ssrc, uint32_t leg)
{
	const struct party_packet *packet;
	int seq = -1;

	party_publish(scene->media, scene->camera, ssrc, scene->seq, scene->seq * 3000);
	scene->seq++;
	while ((packet = party_next(scene->watcher, false)) != NULL) {
		assert_int_equal(seq, -1);
		assert_int_equal(read_be32(packet->bytes + 8), leg);
		seq = read_be16(packet->bytes + 2);
	}
	assert_int_equal(scene->watcher->unreadable, 0);
	party_forget(scene->camera);
	return seq;
}

static void packets_pass(struct scene *scene, int count)
{
	int last = packet_pass(scene, CAMERA, LEG_SSRC), seq;

	assert_true(last >= 0);
	for (; count > 1; count--, last = seq) {
		seq = packet_pass(scene, CAMERA, LEG_SSRC);
		assert_int_equal((uint16_t)(seq - last), 1);
	}
}

static void endpoint_set(struct scene *scene, const struct sluice_endpoint_set *set)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	if (media_endpoint_set(media_of(scene), set, why) != 0)
		fail_msg("%s", why);
}

static void rekey(struct scene *scene, struct party *party, uint8_t seed)
{
	struct sluice_endpoint_set set;

	party_rekey(party, seed, &set);
	endpoint_set(scene, &set);
}

/* Each profile: the subscriber begins again past our first rollover, and follows the numbers. */
static void test_subscriber_keys(void **state)
{
	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++) {
		struct scene scene;
		int after;

		scene_make(&scene, profile);
		packets_pass(&scene, 10);
		leg_of(&scene)->highest += 2 << 16; /* as after two rollovers */
		leg_of(&scene)->seq_offset += 2 << 16;
		rekey(&scene, scene.watcher, 1);
		after = packet_pass(&scene, CAMERA, LEG_SSRC);
		assert_int_equal(leg_of(&scene)->highest, after);
		packets_pass(&scene, 10);
		media_scene_restart(scene.media, 1);
		packets_pass(&scene, 10);
		scene_end(&scene);
	}
}

/* A key that was here before: no index of it comes again. */
static void test_keys_come_back(void **state)
{
	uint64_t used;
	struct scene scene;

	scene_make(&scene, SLUICE_SRTP_GCM128);
	rekey(&scene, scene.watcher, 1);
	packets_pass(&scene, 50);
	used = leg_of(&scene)->highest;
	rekey(&scene, scene.watcher, 2);
	packets_pass(&scene, 20);
	rekey(&scene, scene.watcher, 1);
	packets_pass(&scene, 1);
	assert_true(leg_of(&scene)->highest > used);
	/* nor over a death */
	used = leg_of(&scene)->highest;
	rekey(&scene, scene.watcher, 3);
	media_scene_restart(scene.media, 1);
	packets_pass(&scene, 20);
	rekey(&scene, scene.watcher, 1);
	packets_pass(&scene, 1);
	assert_true(leg_of(&scene)->highest > used);
	scene_end(&scene);
}

/* The publisher begins again; its subscribers notice nothing. */
static void test_publisher_keys(void **state)
{
	struct scene scene;

	scene_make(&scene, SLUICE_SRTP_CM80);
	scene.seq = 65530;
	packets_pass(&scene, 20); /* the publisher is past a rollover */
	rekey(&scene, scene.camera, 1);
	packets_pass(&scene, 20);
	media_scene_restart(scene.media, 1);
	packets_pass(&scene, 20);
	scene_end(&scene);
}

static void test_profile(void **state)
{
	struct sluice_endpoint_set set = {.to = {.name = "watcher", .profile = SLUICE_SRTP_CM32},
	                                  .profile_given = 1};
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;

	scene_make(&scene, SLUICE_SRTP_CM80);
	packets_pass(&scene, 3);
	assert_int_equal(media_endpoint_set(media_of(&scene), &set, why), -EINVAL);
	packets_pass(&scene, 3);
	scene.watcher->profile = SLUICE_SRTP_GCM256;
	rekey(&scene, scene.watcher, 1);
	packets_pass(&scene, 3);
	media_scene_restart(scene.media, 1);
	packets_pass(&scene, 3);
	scene_end(&scene);
}

/* The subscriber is elsewhere, is learned there, and is told where it is again. */
static void test_remote(void **state)
{
	struct sluice_endpoint_set set = {.to.name = "watcher"};
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;

	scene_make(&scene, SLUICE_SRTP_GCM128);
	packets_pass(&scene, 3);
	party_move(scene.media, scene.watcher, "198.18.1.77", 7000);
	memcpy(set.to.remote.ip, scene.watcher->addr.ip.bytes, sizeof(set.to.remote.ip));
	set.to.remote.port = scene.watcher->addr.port;
	endpoint_set(&scene, &set);
	packets_pass(&scene, 3);
	media_scene_restart(scene.media, 1);
	packets_pass(&scene, 3);
	/* the camera is at the same local port */
	set.to.remote = (struct sluice_addr){0};
	set.to.learn = 1;
	assert_int_equal(media_endpoint_set(media_of(&scene), &set, why), -EADDRINUSE);
	/* the camera's own pair of addresses is taken */
	set.to.learn = 0;
	memcpy(set.to.remote.ip, scene.camera->addr.ip.bytes, sizeof(set.to.remote.ip));
	set.to.remote.port = scene.camera->addr.port;
	assert_int_equal(media_endpoint_set(media_of(&scene), &set, why), -EADDRINUSE);
	packets_pass(&scene, 3);
	/* where its RTCP is outlives us, too */
	set.to.rtcp = set.to.remote;
	set.to.rtcp.port = RTE_BE16(7001);
	set.to.remote.port = 0;
	endpoint_set(&scene, &set);
	media_scene_restart(scene.media, 1);
	assert_memory_equal(&media_of(&scene)->endpoints[leg_of(&scene)->endpoint].config.rtcp,
	                    &set.to.rtcp, sizeof(set.to.rtcp));
	packets_pass(&scene, 3);
	scene_end(&scene);
}

static void test_learn(void **state)
{
	struct sluice_endpoint_set set = {.to.name = "camera"};
	struct scene scene;

	scene = (struct scene){.media = media_scene_create(1), .seq = 1};
	scene.watcher = party_add(scene.media, "watcher", SLUICE_SRTP_GCM128);
	scene.camera = party_add_learning(scene.media, "camera", SLUICE_SRTP_GCM128);
	stream_add(scene.media, "camera", scene.camera, CAMERA, 90000);
	subscription_add(scene.media, "camera", scene.watcher, LEG_SSRC, 0);
	packets_pass(&scene, 3);
	memcpy(set.to.remote.ip, scene.camera->addr.ip.bytes, sizeof(set.to.remote.ip));
	set.to.remote.port = scene.camera->addr.port;
	endpoint_set(&scene, &set);
	packets_pass(&scene, 3);
	/* who comes from elsewhere is nobody now, and is found again once it is learned */
	party_move(scene.media, scene.camera, "198.18.1.88", 7000);
	assert_int_equal(packet_pass(&scene, CAMERA, LEG_SSRC), -1);
	set.to.remote = (struct sluice_addr){0};
	set.to.learn = 1;
	endpoint_set(&scene, &set);
	packets_pass(&scene, 3);
	scene_end(&scene);
}

static void test_stream(void **state)
{
	struct sluice_stream_set set = {.to = {.name = "camera", .ssrc = 0x7777}};
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;
	int last;

	scene_make(&scene, SLUICE_SRTP_GCM128);
	packets_pass(&scene, 3);
	assert_int_equal(media_stream_set(media_of(&scene), &set, why), 0);
	assert_int_equal(packet_pass(&scene, CAMERA, LEG_SSRC), -1);
	scene.seq = 40000;
	last = packet_pass(&scene, 0x7777, LEG_SSRC);
	assert_true(last > 0);
	assert_int_equal(packet_pass(&scene, 0x7777, LEG_SSRC), (uint16_t)(last + 1));
	/* retransmissions get an SSRC, and another clock */
	set.to = (struct sluice_stream){
	        .name = "camera", .rtx_ssrc = 0x8888, .rtx_pt = 97, .clock_hz = 48000};
	assert_int_equal(media_stream_set(media_of(&scene), &set, why), 0);
	assert_int_equal(packet_pass(&scene, 0x7777, LEG_SSRC), (uint16_t)(last + 2));
	set.to = (struct sluice_stream){.name = "camera", .rtx_ssrc = 0x7777};
	assert_int_equal(media_stream_set(media_of(&scene), &set, why), -EINVAL);
	media_scene_restart(scene.media, 1);
	last = packet_pass(&scene, 0x7777, LEG_SSRC);
	assert_true(last > 0);
	scene_end(&scene);
}

static void test_subscription(void **state)
{
	struct sluice_subscription_set set = {
	        .to = {.stream = "camera", .endpoint = "watcher", .pt = 111, .pt_given = 1}};
	struct sluice_subscription_added row;
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;
	int last;

	scene_make(&scene, SLUICE_SRTP_GCM128);
	packets_pass(&scene, 3);
	last = packet_pass(&scene, CAMERA, LEG_SSRC);
	assert_int_equal(media_subscription_set(media_of(&scene), &set, why), 0);
	assert_int_equal(packet_pass(&scene, CAMERA, LEG_SSRC), (uint16_t)(last + 1));
	assert_int_equal(leg_of(&scene)->pt, 111);
	set.to = (struct sluice_subscription){
	        .stream = "camera", .endpoint = "watcher", .ssrc = 0x9999};
	assert_int_equal(media_subscription_set(media_of(&scene), &set, why), 0);
	media_subscription_tell(media_of(&scene), "camera", "watcher", &row);
	assert_int_equal(row.ssrc, 0x9999);
	assert_int_equal(row.needs_key, 0);
	last = packet_pass(&scene, CAMERA, 0x9999);
	assert_true(last >= 0);
	media_scene_restart(scene.media, 1);
	assert_true(packet_pass(&scene, CAMERA, 0x9999) > last);
	/* back: behind all that was sent under it */
	set.to.ssrc = LEG_SSRC;
	assert_int_equal(media_subscription_set(media_of(&scene), &set, why), 0);
	packets_pass(&scene, 5);
	set.to.ssrc = 0;
	snprintf(set.source, sizeof(set.source), "none");
	assert_int_equal(media_subscription_set(media_of(&scene), &set, why), -ENOENT);
	scene_end(&scene);
}

/* Under one SSRC packets and their retransmissions would have the same nonces; one that was drawn
 * stands in no configuration. */
static void test_drawn_ssrc(void **state)
{
	struct sluice_subscription_name name = {"camera", "watcher"};
	struct sluice_subscription add = {.stream = "camera", .endpoint = "watcher", .rtx_pt = 97};
	struct sluice_subscription_set set = {.to = add};
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;

	scene_make(&scene, SLUICE_SRTP_GCM128);
	assert_int_equal(media_subscription_delete(media_of(&scene), &name, why), 0);
	assert_int_equal(media_subscription_add(media_of(&scene), &add, 0, why), 0);
	set.to.rtx_ssrc = leg_of(&scene)->ssrc;
	assert_int_equal(media_subscription_set(media_of(&scene), &set, why), -EINVAL);
	assert_int_equal(leg_of(&scene)->rtx_ssrc, 0);
	set.to.rtx_ssrc++;
	assert_int_equal(media_subscription_set(media_of(&scene), &set, why), 0);
	scene_end(&scene);
}

/* -- a key under which nobody knows what was sent -- */

static void subscription_again(struct scene *scene, uint32_t flags)
{
	struct sluice_subscription_name name = {"camera", "watcher"};
	struct sluice_subscription add = {
	        .stream = "camera", .endpoint = "watcher", .ssrc = LEG_SSRC, .rtx_pt = 97};
	char why[SLUICE_API_ERROR_MAX] = "";

	media_subscription_delete(media_of(scene), &name, why);
	assert_int_equal(media_subscription_add(media_of(scene), &add, flags, why), 0);
}

static void silent(struct scene *scene)
{
	struct sluice_endpoint_show show = {"watcher"};
	struct sluice_endpoint_row row;
	uint32_t cursor = 0;

	assert_true(leg_of(scene)->needs_key);
	assert_int_equal(packet_pass(scene, CAMERA, LEG_SSRC), -1);
	assert_int_equal(media_endpoint_show(media_of(scene), &show, &cursor, &row, 1), 1);
	assert_int_equal(row.needs_key, 1);
}

/* However it is added again, it stays silent until it has another key. */
static void test_unknown_key(void **state)
{
	uint32_t replayed = SLUICE_API_CONFIGURATION | SLUICE_API_REPLAYED;
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;

	media_scene_ledger = NULL;
	scene_make(&scene, SLUICE_SRTP_GCM128);
	packets_pass(&scene, 10);
	media_scene_restart(scene.media, 1);
	assert_int_equal(
	        media_endpoint_add(media_of(&scene), &scene.camera->endpoint, replayed, why), 0);
	assert_int_equal(
	        media_endpoint_add(media_of(&scene), &scene.watcher->endpoint, replayed, why), 0);
	stream_add(scene.media, "camera", scene.camera, CAMERA, 90000);
	subscription_again(&scene, 0);
	silent(&scene);
	subscription_again(&scene, replayed);
	silent(&scene);
	subscription_again(&scene, 0);
	silent(&scene);
	assert_int_equal(media_endpoint_delete(media_of(&scene), "watcher", why), 0);
	assert_int_equal(media_endpoint_add(media_of(&scene), &scene.watcher->endpoint, 0, why), 0);
	subscription_again(&scene, 0);
	silent(&scene);
	rekey(&scene, scene.watcher, 4);
	assert_false(leg_of(&scene)->needs_key);
	packets_pass(&scene, 10);
	scene_end(&scene);
	media_scene_ledger = path;
}

/* What stays unknown stays so over a death, too. */
static void test_unknown_key_outlives(void **state)
{
	uint32_t replayed = SLUICE_API_CONFIGURATION | SLUICE_API_REPLAYED;
	char why[SLUICE_API_ERROR_MAX] = "";
	struct scene scene;

	scene = (struct scene){.media = media_scene_create(1), .seq = 1};
	scene.camera = party_add(scene.media, "camera", SLUICE_SRTP_GCM128);
	scene.watcher = party_add(scene.media, "watcher", SLUICE_SRTP_GCM128);
	stream_add(scene.media, "camera", scene.camera, CAMERA, 90000);
	assert_int_equal(media_endpoint_delete(media_of(&scene), "watcher", why), 0);
	scene.watcher->endpoint.tx_key[0] ^= 1;
	assert_int_equal(
	        media_endpoint_add(media_of(&scene), &scene.watcher->endpoint, replayed, why), 0);
	subscription_again(&scene, 0);
	silent(&scene);
	media_scene_restart(scene.media, 1);
	silent(&scene);
	subscription_again(&scene, 0);
	silent(&scene);
	rekey(&scene, scene.watcher, 5);
	packets_pass(&scene, 10);
	media_scene_restart(scene.media, 1);
	packets_pass(&scene, 10);
	scene_end(&scene);
}

static int setup(void **state)
{
	if (rig_eal("media_set", 256, false) != 0)
		return -1;
	assert_int_equal(srtp_init(), srtp_err_status_ok);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ledger", folder);
	media_scene_ledger = path;
	return 0;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_subscriber_keys),
	        cmocka_unit_test(test_keys_come_back),
	        cmocka_unit_test(test_publisher_keys),
	        cmocka_unit_test(test_profile),
	        cmocka_unit_test(test_remote),
	        cmocka_unit_test(test_learn),
	        cmocka_unit_test(test_stream),
	        cmocka_unit_test(test_subscription),
	        cmocka_unit_test(test_drawn_ssrc),
	        cmocka_unit_test(test_unknown_key),
	        cmocka_unit_test(test_unknown_key_outlives),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
