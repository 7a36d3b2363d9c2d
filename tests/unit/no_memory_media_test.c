/* SPDX-License-Identifier: BSD-3-Clause */
/* Endpoints, streams and subscriptions, each allocation of which fails once: refused, nothing is
 * left, and what was there forwards on. */
#include "media_fixture.h"

#include "alloc_fail.h"
#include "media/media.h"
#include "media/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct change {
	struct media_scene *scene;
	struct sluice_endpoint endpoint;
	struct sluice_stream stream;
	struct sluice_subscription subscription;
	char why[SLUICE_API_ERROR_MAX];
};

static struct media *media_of(const struct change *change)
{
	return change->scene->rig.dp->media;
}

/* What is given back waits for the workers, and for the control thread's second. */
static void settle(struct change *change)
{
	alloc_fail_stop();
	for (int i = 0; i < 3; i++) {
		media_scene_pass(change->scene, 20);
		media_tick(media_of(change));
	}
}

static int endpoint_do(void *arg)
{
	struct change *change = arg;
	int ret = media_endpoint_add(media_of(change), &change->endpoint, 0, change->why);

	settle(change);
	return ret;
}

static void endpoint_undo(void *arg)
{
	struct change *change = arg;

	assert_int_equal(
	        media_endpoint_delete(media_of(change), change->endpoint.name, change->why), 0);
	settle(change);
}

static int stream_do(void *arg)
{
	struct change *change = arg;
	int ret = media_stream_add(media_of(change), &change->stream, 0, change->why);

	settle(change);
	return ret;
}

static void stream_undo(void *arg)
{
	struct change *change = arg;

	assert_int_equal(media_stream_delete(media_of(change), change->stream.name, change->why),
	                 0);
	settle(change);
}

static int subscription_do(void *arg)
{
	struct change *change = arg;
	int ret = media_subscription_add(media_of(change), &change->subscription, 0, change->why);

	settle(change);
	return ret;
}

static void subscription_undo(void *arg)
{
	struct change *change = arg;
	struct sluice_subscription_name name;

	memcpy(name.stream, change->subscription.stream, sizeof(name.stream));
	memcpy(name.endpoint, change->subscription.endpoint, sizeof(name.endpoint));
	assert_int_equal(media_subscription_delete(media_of(change), &name, change->why), 0);
	settle(change);
}

static void each_change_is_whole_or_not_at_all(void **state)
{
	struct media_scene *scene = media_scene_create(2);
	struct party *alice = party_add(scene, "alice", SLUICE_SRTP_GCM128);
	struct party *bob = party_add(scene, "bob", SLUICE_SRTP_CM80);
	struct party *carol = party_add(scene, "carol", SLUICE_SRTP_GCM128);
	struct change change = {
	        .scene = scene,
	        .endpoint = carol->endpoint,
	        .stream = {.name = "second", .endpoint = "alice", .ssrc = 2222, .rtx_ssrc = 3333},
	        .subscription = {.stream = "first",
	                         .endpoint = "carol",
	                         .ssrc = 77,
	                         .rtx_ssrc = 78,
	                         .rtx_pt = 97,
	                         .ext_count = 1,
	                         .ext_from = {1},
	                         .ext_to = {2}},
	};

	snprintf(change.endpoint.name, sizeof(change.endpoint.name), "dave");
	change.endpoint.remote.port = RTE_BE16(6001);
	change.endpoint.tx_key[0] ^= 1;
	stream_add(scene, "first", alice, 1111, 90000);
	subscription_add(scene, "first", bob, 1, 0);
	party_publish(scene, alice, 1111, 1, 90);
	assert_non_null(party_next(bob, false));

	/* An endpoint that has had a subscription keeps its list, an empty one. */
	assert_int_equal(subscription_do(&change), 0);
	subscription_undo(&change);
	alloc_fail_each("endpoint add", endpoint_do, endpoint_undo, &change);
	alloc_fail_each_but(1, "stream add", stream_do, stream_undo, &change);
	alloc_fail_each_but(2, "subscription add", subscription_do, subscription_undo, &change);

	party_publish(scene, alice, 1111, 2, 180);
	assert_non_null(party_next(bob, false));
	media_scene_destroy(scene);
}

static int switch_to(struct change *change, const char *to)
{
	struct sluice_subscription_switch name = {.stream = "low", .endpoint = "carol"};
	int ret;

	snprintf(name.to, sizeof(name.to), "%s", to);
	ret = media_subscription_switch(media_of(change), &name, change->why);
	settle(change);
	return ret;
}

static int switch_do(void *arg)
{
	return switch_to(arg, "high");
}

static void switch_undo(void *arg)
{
	assert_int_equal(switch_to(arg, "mid"), 0);
}

/* It has another stream in mind, and waits for that one's key frame: what it is sent goes on. */
static void a_switch_is_whole_or_not_at_all(void **state)
{
	static const char *const names[] = {"low", "mid", "high"};
	struct media_scene *scene = media_scene_create(2);
	struct party *alice = party_add(scene, "alice", SLUICE_SRTP_GCM128);
	struct party *carol = party_add(scene, "carol", SLUICE_SRTP_GCM128);
	struct party *other = party_add(scene, "other", SLUICE_SRTP_GCM128);
	struct change change = {.scene = scene};

	for (uint32_t i = 0; i < 3; i++) {
		struct sluice_stream add = {
		        .endpoint = "alice", .ssrc = 1111 + i, .codec = SLUICE_CODEC_VP8};

		snprintf(add.name, sizeof(add.name), "%s", names[i]);
		assert_int_equal(media_stream_add(media_of(&change), &add, 0, change.why), 0);
	}
	subscription_add(scene, "low", carol, 1, 0);
	subscription_add(scene, "mid", other, 1, 0);
	party_publish(scene, alice, 1111, 1, 90);
	media_scene_pass(scene, REWRITE_WAIT_MS + 100);
	party_publish(scene, alice, 1111, 2, 180);
	assert_non_null(party_next(carol, false));
	assert_int_equal(switch_do(&change), 0);
	switch_undo(&change);
	alloc_fail_each_but(1, "subscription switch", switch_do, switch_undo, &change);
	party_publish(scene, alice, 1113, 1, 180);
	party_publish(scene, alice, 1112, 1, 180);
	assert_null(party_next(carol, false));
	party_publish(scene, alice, 1111, 3, 270);
	assert_non_null(party_next(carol, false));
	media_scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_switch_is_whole_or_not_at_all),
	        cmocka_unit_test(each_change_is_whole_or_not_at_all),
	};

	if (srtp_init() != srtp_err_status_ok || rig_eal("no_memory_media", 512, false) != 0)
		return 1;
	return cmocka_run_group_tests_name("no_memory_media", tests, NULL, NULL);
}
