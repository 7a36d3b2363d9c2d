/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys go with their endpoint: all memory that the process holds is searched for them, master keys,
 * session keys and what engines make of them.
 */
#include "common/words.h"
#include "media/config.h"
#include "net_fixture.h"
#include "rig.h"
#include "srtp/ipsec_mb.h"
#include "srtp/kdf.h"
#include "srtp/rtp.h"

#include <openssl/rand.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECRET_SIZE 12 /* bytes of a needle: a GCM salt */
#define SECRETS_MAX 1024
#define MASK        0xa5
#define DISTINCT    9 /* different bytes that tell a key from what lies about anyhow */

/* What must not be found, under a mask, or it would be found here. */
struct secrets {
	uint32_t count;
	uint8_t masked[SECRETS_MAX][SECRET_SIZE];
	bool found[SECRETS_MAX];
	bool master[SECRETS_MAX]; /* part of a master key: it goes once the others are made */
	/* which first two bytes, masked, any of them has */
	bool begins[UINT16_MAX + 1];
};

struct scene {
	struct rig rig;
	struct media *media;
	struct secrets secrets;
	enum sluice_srtp_profile profile;
};

static bool is_random(const uint8_t *bytes)
{
	bool seen[256] = {0};
	int distinct = 0;

	for (int i = 0; i < SECRET_SIZE; i++) {
		distinct += !seen[bytes[i]];
		seen[bytes[i]] = true;
	}
	return distinct >= DISTINCT;
}

static void secret_add(struct secrets *secrets, const uint8_t *bytes)
{
	uint8_t *masked = secrets->masked[secrets->count];

	if (!is_random(bytes))
		return;
	assert_true(secrets->count < SECRETS_MAX);
	for (int i = 0; i < SECRET_SIZE; i++)
		masked[i] = bytes[i] ^ MASK;
	secrets->begins[masked[0] << 8 | masked[1]] = true;
	secrets->count++;
}

static void secrets_add(struct secrets *secrets, const void *bytes, size_t length)
{
	for (size_t at = 0; at + SECRET_SIZE <= length; at += 16)
		secret_add(secrets, (const uint8_t *)bytes + at);
}

static bool secret_at(const uint8_t *masked, const uint8_t *bytes)
{
	for (int i = 0; i < SECRET_SIZE; i++)
		if (masked[i] != (bytes[i] ^ MASK))
			return false;
	return true;
}

static void bytes_search(struct secrets *secrets, const uint8_t *begin, const uint8_t *end)
{
	for (const uint8_t *at = begin; at + SECRET_SIZE <= end; at++) {
		if (!secrets->begins[(at[0] ^ MASK) << 8 | (at[1] ^ MASK)])
			continue;
		for (uint32_t i = 0; i < secrets->count; i++)
			secrets->found[i] |= secret_at(secrets->masked[i], at);
	}
}

/* Pages that are looked at together, in an array of our own: malloc would map another one while the
 * list of mappings is read. */
#define PAGES_AT_ONCE 65536

/* Page by page: what was never touched need not be. */
static void mapping_search(struct secrets *secrets, uint8_t *begin, uint8_t *end)
{
	static unsigned char resident[PAGES_AT_ONCE];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	while (begin < end) {
		size_t pages = RTE_MIN((size_t)(end - begin) / page, (size_t)PAGES_AT_ONCE);

		assert_int_equal(mincore(begin, pages * page, resident), 0);
		for (size_t i = 0, first; i < pages; i++) {
			for (first = i; i < pages && resident[i] & 1; i++)
				;
			bytes_search(secrets, begin + first * page, begin + i * page);
		}
		begin += pages * page;
	}
}

/* What functions left below the stack's end is not searched: the dynamic linker spills registers
 * there, and libraries do. */
static uint8_t *mapping_begin(uint8_t *begin, uint8_t *end)
{
	uint8_t *frame = __builtin_frame_address(0);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (frame < begin || frame >= end)
		return begin;
	return frame - ((uintptr_t)frame & (page - 1)) + page;
}

/* How many of the secrets lie in memory. */
static uint32_t __attribute__((noinline)) secrets_search(struct secrets *secrets)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint32_t count = 0;
	char line[512], mode[8];
	uintptr_t begin, end;

	assert_non_null(maps);
	memset(secrets->found, 0, sizeof(secrets->found));
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) == 3 &&
		    strncmp(mode, "rw", 2) == 0)
			mapping_search(secrets, mapping_begin((uint8_t *)begin, (uint8_t *)end),
			               (uint8_t *)end);
	fclose(maps);
	for (uint32_t i = 0; i < secrets->count; i++)
		count += secrets->found[i];
	return count;
}

/* -- endpoints, whose keys are nowhere but in them -- */

static struct sluice_addr addr(const char *text, uint16_t port)
{
	struct sluice_addr addr = {.port = rte_cpu_to_be_16(port)};
	struct ip_addr at = ip(text);

	memcpy(addr.ip, at.bytes, sizeof(addr.ip));
	return addr;
}

static void session_keys_add(struct secrets *secrets, enum sluice_srtp_profile profile,
                             const uint8_t *master)
{
	const struct srtp_profile_info *info = &srtp_profiles[profile];
	struct srtp_keys keys;

	uint32_t first = secrets->count;

	secrets_add(secrets, master, info->key_length);
	secret_add(secrets, master + info->key_length);
	while (first < secrets->count)
		secrets->master[first++] = true;
	assert_int_equal(srtp_keys_derive(&keys, info, master), 0);
	secrets_add(secrets, keys.rtp.cipher, info->key_length);
	secrets_add(secrets, keys.rtcp.cipher, info->key_length);
	secret_add(secrets, keys.rtp.salt);
	secret_add(secrets, keys.rtcp.salt);
	explicit_bzero(&keys, sizeof(keys));
}

/* What ipsec-mb's form of a key is made of: round keys, the hash key's powers, HMAC's states. */
static void schedules_add(struct scene *scene, const struct srtp_session *session)
{
	const struct srtp_engine *engine = scene->media->engine;
	size_t first = offsetof(struct srtp_session, salts);

	if (engine == &srtp_engine_ipsec_mb)
		secrets_add(&scene->secrets, (const uint8_t *)session + first,
		            engine->session_size(scene->profile) - first);
}

/* Under new keys, which are remembered as secrets; they are nowhere but in the endpoint. */
static void __attribute__((noinline))
endpoint_add(struct scene *scene, const char *name, const char *remote, uint32_t flags)
{
	const struct srtp_profile_info *info = &srtp_profiles[scene->profile];
	uint8_t length = info->key_length + info->salt_length;
	struct sluice_endpoint add = {
	        .local = addr("198.18.2.1", 5000),
	        .remote = addr(remote, 6000),
	        .profile = scene->profile,
	        .rx_key_length = length,
	        .tx_key_length = length,
	        .mki_length = SLUICE_MEDIA_MKI_MAX,
	};
	char why[SLUICE_API_ERROR_MAX];
	struct endpoint *endpoint;

	snprintf(add.name, sizeof(add.name), "%s", name);
	assert_int_equal(RAND_bytes(add.rx_key, length), 1);
	assert_int_equal(RAND_bytes(add.tx_key, length), 1);
	assert_int_equal(RAND_bytes(add.mki, add.mki_length), 1);
	session_keys_add(&scene->secrets, scene->profile, add.rx_key);
	session_keys_add(&scene->secrets, scene->profile, add.tx_key);
	assert_int_equal(media_endpoint_add(scene->media, &add, flags, why), 0);
	explicit_bzero(&add, sizeof(add));
	endpoint = &scene->media->endpoints[endpoint_named(scene->media, name)];
	schedules_add(scene, endpoint->rx);
	schedules_add(scene, endpoint->tx);
}

static void scene_open(struct scene *scene, const char *engine, enum sluice_srtp_profile profile)
{
	const struct rte_ether_addr mac = {{2, 0, 0, 0, 0, 9}};
	struct ip_addr near = ip("198.18.2.2"), far = ip("198.18.2.3");
	struct options options;
	struct route route;

	memset(scene, 0, sizeof(*scene));
	scene->profile = profile;
	options_default(&options);
	options.mbufs = 1023;
	options.srtp_engine = engine;
	options.max_endpoints = options.max_streams = options.max_subscriptions = 4;
	assert_int_equal(rig_create(&scene->rig, &options), 0);
	scene->media = scene->rig.dp->media;
	route = (struct route){
	        .prefix = ip("198.18.2.0"), .length = 120, .port = scene->rig.ports[1].index};
	assert_int_equal(fib_set(scene->rig.dp, &route, 1), 0);
	assert_int_equal(rig_neighbour(&scene->rig, 1, &near, &mac), 0);
	assert_int_equal(rig_neighbour(&scene->rig, 1, &far, &mac), 0);
}

static void leg_add(struct scene *scene)
{
	const struct sluice_stream stream = {.name = "video", .endpoint = "one", .ssrc = 1};
	const struct sluice_subscription leg = {.stream = "video", .endpoint = "two", .ssrc = 2};
	char why[SLUICE_API_ERROR_MAX];

	assert_int_equal(media_stream_add(scene->media, &stream, 0, why), 0);
	assert_int_equal(media_subscription_add(scene->media, &leg, 0, why), 0);
}

static void ports_empty(struct scene *scene)
{
	struct rte_mbuf *mbuf;

	while ((mbuf = rig_collect(&scene->rig, 1)) != NULL)
		rte_pktmbuf_free(mbuf);
}

/* The engine's scratch has seen the keys: a packet that nobody has signed is read, one that lies
 * here in plaintext is written. */
static void traffic(struct scene *scene)
{
	struct worker *worker = scene->rig.dp->workers[0];

	for (uint16_t i = 1; i <= 3; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(scene->rig.dp->pool);
		uint8_t *rtp = rte_pktmbuf_mtod(mbuf, uint8_t *);

		assert_non_null(rte_pktmbuf_append(mbuf, RTP_HEADER_SIZE + 100));
		memset(rtp, i, RTP_HEADER_SIZE + 100);
		rtp[0] = RTP_VERSION << 6;
		packet_of(mbuf)->entry = PACKET_ENTRY_SRTP_ENCRYPT;
		packet_of(mbuf)->media = (struct packet_media){
		        .index = i,
		        .stream = 1,
		        .serial = scene->media->streams[1].serial,
		        .header_length = RTP_HEADER_SIZE,
		        .payload_length = 100,
		        .payload_type = 96,
		};
		assert_int_equal(worker_inbox_put(worker, &mbuf, 1), 1);
		rig_walk(&scene->rig);
	}
	assert_int_equal(worker->media->counters[MEDIA_FORWARDED], 3);
	ports_empty(scene);
}

static void endpoint_delete(struct scene *scene, const char *name)
{
	char why[SLUICE_API_ERROR_MAX];

	uint32_t index = endpoint_named(scene->media, name);
	static const struct endpoint nothing;

	assert_int_equal(media_endpoint_delete(scene->media, name, why), 0);
	media_collect_all(scene->media);
	assert_memory_equal(&scene->media->endpoints[index], &nothing, sizeof(nothing));
}

/* Master keys are nowhere once session keys are made of them; libsrtp2 alone goes on needing them.
 */
static bool secret_goes(const struct scene *scene, uint32_t secret)
{
	return scene->secrets.master[secret] && scene->media->engine == &srtp_engine_ipsec_mb;
}

/* Of the secrets from `first` on all shall be there that stay, of those before it none. */
static void secrets_expect(struct scene *scene, uint32_t first)
{
	uint32_t found = secrets_search(&scene->secrets), later = 0;

	for (uint32_t i = 0; i < scene->secrets.count; i++) {
		if (i >= first && !secret_goes(scene, i))
			later++;
		else if (scene->secrets.found[i])
			fail_msg("%s, %s: secret %u of %u is still in memory",
			         scene->media->engine->name, profile_words[scene->profile], i,
			         scene->secrets.count);
	}
	assert_int_equal(found, later);
}

static const char *const engines[] = {"ipsec-mb", "libsrtp2"};

static void keys_go_with_their_endpoint(void **state)
{
	static struct scene scene;

	for (size_t i = 0; i < RTE_DIM(engines) * SLUICE_SRTP_PROFILES; i++) {
		scene_open(&scene, engines[i / SLUICE_SRTP_PROFILES], i % SLUICE_SRTP_PROFILES);
		endpoint_add(&scene, "one", "198.18.2.2", 0);
		endpoint_add(&scene, "two", "198.18.2.3", 0);
		leg_add(&scene);
		traffic(&scene);
		assert_true(scene.secrets.count >= 20);
		secrets_expect(&scene, 0);
		endpoint_delete(&scene, "two");
		endpoint_delete(&scene, "one");
		secrets_expect(&scene, scene.secrets.count);
		rig_destroy(&scene.rig);
	}
}

static void keys_go_with_the_next_ones(void **state)
{
	static struct scene scene;

	for (size_t i = 0; i < RTE_DIM(engines) * SLUICE_SRTP_PROFILES; i++) {
		uint32_t old;

		scene_open(&scene, engines[i / SLUICE_SRTP_PROFILES], i % SLUICE_SRTP_PROFILES);
		endpoint_add(&scene, "one", "198.18.2.2", 0);
		old = scene.secrets.count;
		endpoint_add(&scene, "one", "198.18.2.2", SLUICE_API_EXIST_OK);
		media_collect_all(scene.media);
		secrets_expect(&scene, old);
		rig_destroy(&scene.rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keys_go_with_their_endpoint),
	        cmocka_unit_test(keys_go_with_the_next_ones),
	};

	if (rig_eal("media_keys", 128, false) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
