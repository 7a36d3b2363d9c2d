/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SRTP over the dataplane's death: subscribers that know nothing of it read each packet that they
 * are sent, with libsrtp2, which takes no index twice.
 */
#include "media_fixture.h"

#include "ledger/ledger.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/record.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CAMERA   0x1111u
#define LEG_SSRC 0x2000u
#define DEATHS   100

static char folder[] = "/tmp/media-take-XXXXXX";
static char path[64];

static uint32_t received(struct party *party)
{
	uint32_t count = 0;

	while (party_next(party, false) != NULL)
		count++;
	return count;
}

static struct subscription *leg_of(struct media_scene *scene, const char *stream, const char *to)
{
	struct media *media = scene->rig.dp->media;
	uint32_t index = subscription_named(media, stream, to);

	assert_int_not_equal(index, 0);
	return &media->subscriptions[index];
}

/* Four profiles, an SSRC that was told and one that was not, rollovers on both sides, reports. */
static void test_no_index_twice(void **state)
{
	static const char *const names[] = {"one", "two", "three", "four"};
	struct media_scene *scene = media_scene_create(2);
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_GCM128), *watchers[4];
	uint32_t ssrcs[4], timestamp = 0, sent = 0;
	uint16_t seq = 65000;

	stream_add(scene, "camera", camera, CAMERA, 90000);
	for (int i = 0; i < 4; i++) {
		watchers[i] = party_add(scene, names[i], (uint8_t)i);
		subscription_add(scene, "camera", watchers[i], i % 2 == 0 ? LEG_SSRC + i : 0, 0);
		ssrcs[i] = leg_of(scene, "camera", names[i])->ssrc;
	}
	srand(1);
	for (int death = 0; death < DEATHS; death++) {
		uint32_t packets = 1 + (uint32_t)rand() % 100;

		for (uint32_t i = 0; i < packets; i++) {
			party_publish(scene, camera, CAMERA, seq++, timestamp += 3000);
			if (rand() % 20 == 0)
				media_scene_pass(scene, 600);
			for (int j = 0; j < 4; j++)
				assert_int_equal(received(watchers[j]), 1);
			party_forget(camera);
		}
		sent += packets;
		media_scene_restart(scene, 1 + (uint16_t)rand() % 2);
		assert_int_equal(scene->rig.dp->ledger->taken.broken, 0);
		assert_int_equal(scene->rig.dp->ledger->taken.foreign, 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(watchers[i]->unreadable, 0);
		assert_int_equal(leg_of(scene, "camera", names[i])->ssrc, ssrcs[i]);
		assert_true(leg_of(scene, "camera", names[i])->highest >> 16 > 2);
	}
	assert_int_equal(camera->unreadable, 0);
	print_message("%u packets over %d deaths\n", sent, DEATHS);
	media_scene_destroy(scene);
}

/* RTX under an SSRC of its own has indices of its own. */
static void test_repeats(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_GCM128);
	struct party *watcher = party_add(scene, "watcher", SLUICE_SRTP_CM80);
	uint8_t bytes[256];
	uint16_t seq = 1;

	stream_add(scene, "camera", camera, CAMERA, 90000);
	subscription_add(scene, "camera", watcher, LEG_SSRC, LEG_SSRC + 1);
	for (int death = 0; death < 20; death++) {
		struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
		const struct party_packet *packet;
		uint16_t missing = 0;

		for (int i = 0; i < 20; i++) {
			party_publish(scene, camera, CAMERA, seq, seq * 3000);
			seq++;
			packet = party_next(watcher, false);
			assert_non_null(packet);
			if (i == 10)
				missing = read_be16(packet->bytes + 2);
		}
		rtcp_put_rr(&writer, 77);
		rtcp_put_nack(&writer, 77, LEG_SSRC, &(uint64_t){missing}, 1);
		party_report(scene, watcher, &writer);
		media_scene_pass(scene, 20);
		packet = party_next(watcher, false);
		assert_non_null(packet);
		assert_int_equal(read_be32(packet->bytes + 8), LEG_SSRC + 1);
		media_scene_restart(scene, 1);
		assert_int_equal(watcher->unreadable, 0);
	}
	media_scene_destroy(scene);
}

/* The subscriber is sent to where it was, and need not show itself again. */
static void test_learned(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *watcher = party_add(scene, "watcher", SLUICE_SRTP_GCM256);
	struct party *camera = party_add_learning(scene, "camera", SLUICE_SRTP_GCM128);
	struct sluice_subscription_switch change = {"camera", "watcher", "other"};
	struct sluice_subscription_name name = {"other", "watcher"};
	char why[SLUICE_API_ERROR_MAX];
	struct endpoint *endpoint;

	stream_add(scene, "camera", camera, 0, 90000);
	stream_add(scene, "other", camera, 0x3333, 90000);
	subscription_add(scene, "camera", watcher, 0, 0);
	subscription_add(scene, "other", watcher, 0, 0);
	assert_int_equal(media_subscription_switch(scene->rig.dp->media, &change, why), 0);
	assert_int_equal(media_subscription_pause(scene->rig.dp->media, &name, true, why), 0);
	party_publish(scene, camera, CAMERA, 7, 0);
	party_publish(scene, camera, 0x3333, 7, 0);
	assert_int_equal(received(watcher), 1);
	media_scene_restart(scene, 1);
	endpoint = &scene->rig.dp->media->endpoints[endpoint_named(scene->rig.dp->media, "camera")];
	assert_true(ip_addr_equal(&endpoint->remote.ip, &camera->addr.ip));
	assert_int_equal(endpoint->remote.port, camera->addr.port);
	/* switched and paused as before */
	party_publish(scene, camera, CAMERA, 8, 3000);
	assert_int_equal(received(watcher), 0);
	party_publish(scene, camera, 0x3333, 8, 3000);
	assert_int_equal(received(watcher), 1);
	assert_int_equal(watcher->unreadable, 0);
	media_scene_destroy(scene);
}

static void layer_add(struct media_scene *scene, const char *name, const char *rid, uint32_t ssrc)
{
	struct sluice_stream add = {.endpoint = "camera", .ssrc = ssrc, .mid = "v"};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(add.name, sizeof(add.name), "%s", name);
	snprintf(add.rid, sizeof(add.rid), "%s", rid);
	assert_int_equal(media_stream_add(scene->rig.dp->media, &add, 0, why), 0);
}

/* The layer that was chosen is silent, and another one has its place: it is what is waited for
 * still; and what is added to its picture ids is added still. */
static void test_choice(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_CM80);
	struct party *watcher = party_add(scene, "watcher", SLUICE_SRTP_CM80);
	const struct sluice_subscription_name name = {"low", "watcher"};
	char why[SLUICE_API_ERROR_MAX] = "";
	struct media *media;

	layer_add(scene, "low", "l", CAMERA);
	layer_add(scene, "high", "h", 0x3333);
	subscription_add(scene, "low", watcher, 0, 0);
	party_publish(scene, camera, CAMERA, 7, 0);
	assert_int_equal(media_subscription_layer(scene->rig.dp->media, &name, "h", why), 0);
	media_tick(scene->rig.dp->media);
	media = scene->rig.dp->media;
	assert_int_equal(leg_of(scene, "low", "watcher")->stream, stream_named(media, "low"));
	leg_of(scene, "low", "watcher")->picture_offset = 777;
	leg_of(scene, "low", "watcher")->tl0_offset = 55;
	record_subscription_state(leg_of(scene, "low", "watcher"));
	media_scene_restart(scene, 1);
	media = scene->rig.dp->media;
	assert_int_equal(leg_of(scene, "low", "watcher")->picture_offset, 777);
	assert_int_equal(leg_of(scene, "low", "watcher")->tl0_offset, 55);
	assert_int_equal(leg_of(scene, "low", "watcher")->wanted, stream_named(media, "high"));
	party_publish(scene, camera, 0x3333, 8, 3000);
	media_tick(media);
	assert_int_equal(leg_of(scene, "low", "watcher")->stream, stream_named(media, "high"));
	media_scene_destroy(scene);
}

/* The publisher is past its first rollovers: its packets authenticate at once. */
static void test_source_goes_on(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_CM80);
	struct party *watcher = party_add(scene, "watcher", SLUICE_SRTP_CM80);
	uint32_t seq = 65500;

	stream_add(scene, "camera", camera, CAMERA, 90000);
	subscription_add(scene, "camera", watcher, 0, 0);
	for (; seq < 65536 * 3 + 100; seq += seq % 65536 < 200 || seq % 65536 > 65300 ? 1 : 997) {
		party_publish(scene, camera, CAMERA, (uint16_t)seq, seq * 10);
		received(watcher);
		party_forget(camera);
	}
	media_scene_restart(scene, 1);
	party_publish(scene, camera, CAMERA, (uint16_t)seq++, 1);
	assert_int_equal(received(watcher), 1);
	media_scene_destroy(scene);
}

/* -- what is not known -- */

static void section_damage(enum sluice_ledger_kind kind)
{
	struct sluice_ledger_header *header;
	int fd = open(path, O_RDWR);
	struct stat status;
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(bytes != MAP_FAILED);
	close(fd);
	header = (struct sluice_ledger_header *)bytes;
	for (uint32_t i = 0; i < header->n_sections; i++) {
		const struct sluice_ledger_section *section = &header->sections[i];

		for (uint32_t j = 0; section->kind == kind && j < section->count; j++)
			bytes[section->offset + j * section->record_size + 20] ^= 1;
	}
	munmap(bytes, (size_t)status.st_size);
}

/* How far it was is not known: nothing is sent under an SSRC that was told, and another SSRC is
 * drawn where none was. */
static void test_damaged(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_GCM128);
	struct party *told = party_add(scene, "told", SLUICE_SRTP_GCM128);
	struct party *drawn = party_add(scene, "drawn", SLUICE_SRTP_GCM128);
	uint32_t before;

	stream_add(scene, "camera", camera, CAMERA, 90000);
	subscription_add(scene, "camera", told, LEG_SSRC, 0);
	subscription_add(scene, "camera", drawn, 0, 0);
	before = leg_of(scene, "camera", "drawn")->ssrc;
	party_publish(scene, camera, CAMERA, 1, 0);
	section_damage(SLUICE_LEDGER_SUBSCRIPTION_STATE);
	received(told);
	received(drawn);
	media_scene_restart(scene, 1);
	for (uint16_t seq = 2; seq < 40; seq++)
		party_publish(scene, camera, CAMERA, seq, seq);
	assert_int_equal(received(told), 0);
	assert_true(leg_of(scene, "camera", "told")->needs_key);
	assert_int_equal(received(drawn), 38);
	assert_int_not_equal(leg_of(scene, "camera", "drawn")->ssrc, before);
	/* and so it stays */
	media_scene_restart(scene, 1);
	party_publish(scene, camera, CAMERA, 40, 40);
	assert_int_equal(received(told), 0);
	assert_int_equal(received(drawn), 1);
	media_scene_destroy(scene);
}

static void replay(struct media_scene *scene, struct party *party, const char *stream,
                   uint32_t ssrc)
{
	struct sluice_subscription add = {.ssrc = ssrc};
	struct media *media = scene->rig.dp->media;
	uint32_t flags = SLUICE_API_EXIST_OK | SLUICE_API_CONFIGURATION | SLUICE_API_REPLAYED;
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(media_endpoint_add(media, &party->endpoint, flags, why), 0);
	if (stream == NULL)
		return;
	snprintf(add.stream, sizeof(add.stream), "%s", stream);
	snprintf(add.endpoint, sizeof(add.endpoint), "%s", party->name);
	assert_int_equal(media_subscription_add(media, &add, flags, why), 0);
}

/* Without a ledger a configuration that is replayed brings keys of which nobody knows what was made
 * with them. */
static void test_no_ledger(void **state)
{
	struct media_scene *scene;
	struct party *camera, *told, *drawn;

	media_scene_ledger = NULL;
	scene = media_scene_create(1);
	camera = party_add(scene, "camera", SLUICE_SRTP_GCM128);
	told = party_add(scene, "told", SLUICE_SRTP_GCM128);
	drawn = party_add(scene, "drawn", SLUICE_SRTP_GCM128);
	media_scene_restart(scene, 1);
	replay(scene, camera, NULL, 0);
	stream_add(scene, "camera", camera, CAMERA, 90000);
	replay(scene, told, "camera", LEG_SSRC);
	replay(scene, drawn, "camera", 0);
	party_publish(scene, camera, CAMERA, 1, 0);
	assert_int_equal(received(told), 0);
	assert_int_equal(received(drawn), 1);
	assert_int_equal(told->unreadable, 0);
	media_scene_destroy(scene);
	media_scene_ledger = path;
}

/* What was ended before the death is known after it, should its key and its SSRC come back. */
static void test_used_keys(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *camera = party_add(scene, "camera", SLUICE_SRTP_GCM128);
	struct party *watcher = party_add(scene, "watcher", SLUICE_SRTP_GCM128);
	struct sluice_subscription_name name = {"camera", "watcher"};
	char why[SLUICE_API_ERROR_MAX];
	uint16_t seq = 1;

	stream_add(scene, "camera", camera, CAMERA, 90000);
	for (int death = 0; death < 10; death++) {
		subscription_add(scene, "camera", watcher, LEG_SSRC, 0);
		for (int i = 0; i < 50; i++, seq++)
			party_publish(scene, camera, CAMERA, seq, seq);
		assert_int_equal(received(watcher), 50);
		assert_int_equal(media_subscription_delete(scene->rig.dp->media, &name, why), 0);
		media_scene_restart(scene, 1);
		replay(scene, watcher, NULL, 0);
	}
	replay(scene, watcher, "camera", LEG_SSRC);
	assert_false(leg_of(scene, "camera", "watcher")->needs_key);
	assert_int_equal(watcher->unreadable, 0);
	media_scene_destroy(scene);
}

/* State stays over a configuration that is replayed, and the configuration's own does not. */
static void test_origin(void **state)
{
	struct media_scene *scene = media_scene_create(1);
	struct party *made = party_add(scene, "made", SLUICE_SRTP_GCM128);
	struct party *configured = party_add(scene, "configured", SLUICE_SRTP_GCM128);
	struct media *media = scene->rig.dp->media;

	replay(scene, configured, NULL, 0);
	for (int death = 0; death < 2; death++) {
		scene->rig.dp->config_generation++;
		replay(scene, configured, NULL, 0);
		media_config_commit(media);
		assert_int_not_equal(endpoint_named(media, "made"), 0);
		assert_int_not_equal(endpoint_named(media, "configured"), 0);
		media_scene_restart(scene, 1);
		media = scene->rig.dp->media;
	}
	scene->rig.dp->config_generation++;
	media_config_commit(media);
	assert_int_not_equal(endpoint_named(media, made->name), 0);
	assert_int_equal(endpoint_named(media, "configured"), 0);
	media_scene_destroy(scene);
}

static int setup(void **state)
{
	if (rig_eal("media_take", 256, false) != 0)
		return -1;
	assert_int_equal(srtp_init(), srtp_err_status_ok);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ledger", folder);
	media_scene_ledger = path;
	return 0;
}

static int path_clean(void **state)
{
	unlink(path);
	return 0;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_teardown(name, path_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_no_index_twice), TEST(test_repeats),        TEST(test_choice),
	        TEST(test_learned),        TEST(test_source_goes_on), TEST(test_damaged),
	        TEST(test_no_ledger),      TEST(test_used_keys),      TEST(test_origin),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
