/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of nonces: hosts of a fleet agree on them, and no change makes a nonce worthless. */
#include "gate/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LIFETIME 3600u
#define NOW      (1000000ull * LIFETIME + 100)

static const struct sluice_gate_nonce_secret none;

static struct sluice_gate_nonce_secret secret_of(uint8_t byte)
{
	struct sluice_gate_nonce_secret secret = {.length = SLUICE_GATE_SECRET_MIN};

	memset(secret.secret, byte, secret.length);
	return secret;
}

static const struct siphash_key *key_now(const struct gate_keys *keys)
{
	return &keys->ring[keys->current & (GATE_NONCE_KEYS - 1)];
}

static const struct siphash_key *key_before(const struct gate_keys *keys)
{
	return &keys->ring[(keys->current - 1) & (GATE_NONCE_KEYS - 1)];
}

static void key_equal(const struct siphash_key *a, const struct siphash_key *b)
{
	assert_memory_equal(a, b, sizeof(*a));
}

static void fleet_agrees(void **state)
{
	const struct sluice_gate_nonce_secret secret = secret_of(7);
	struct gate_keys first = {0}, second = {0};

	assert_int_equal(gate_keys_follow(&first, &secret, LIFETIME, NOW), 1);
	assert_int_equal(gate_keys_follow(&first, &secret, LIFETIME, NOW + 10), 0);
	for (uint64_t period = 1; period < 9; period++) {
		uint64_t now = NOW + period * LIFETIME;

		/* one has run all the time, the other begins now */
		assert_int_equal(gate_keys_follow(&first, &secret, LIFETIME, now), 1);
		second = (struct gate_keys){0};
		assert_int_equal(gate_keys_follow(&second, &secret, LIFETIME, now + 7), 1);
		key_equal(key_now(&first), key_now(&second));
		key_equal(key_before(&first), key_before(&second));
		assert_int_equal(first.since, second.since);
		assert_int_equal(first.since, now - 100);
	}
	/* a host that slept knows what the others used meanwhile */
	assert_int_equal(gate_keys_follow(&first, &secret, LIFETIME, NOW + 50 * LIFETIME), 1);
	second = (struct gate_keys){0};
	assert_int_equal(gate_keys_follow(&second, &secret, LIFETIME, NOW + 50 * LIFETIME), 1);
	key_equal(key_before(&first), key_before(&second));
}

/* From random keys to a secret, to another one, and back: the key that was stays valid. */
static void change_keeps_the_key_before(void **state)
{
	const struct sluice_gate_nonce_secret secrets[] = {secret_of(1), secret_of(2), none,
	                                                   secret_of(1)};
	struct gate_keys keys = {0};
	struct siphash_key before;

	assert_int_equal(gate_keys_follow(&keys, &none, LIFETIME, NOW), 1);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		uint64_t now = NOW + 50 * (i + 1);

		before = *key_now(&keys);
		assert_int_equal(gate_keys_follow(&keys, &secrets[i], LIFETIME, now), 1);
		key_equal(key_before(&keys), &before);
		assert_memory_not_equal(key_now(&keys), &before, sizeof(before));
		assert_int_equal(keys.since, now);
		assert_int_equal(gate_keys_follow(&keys, &secrets[i], LIFETIME, now + 1), 0);
	}
}

/* What a control plane finds in the maps of one that died. */
static void adopted_keys_stay(void **state)
{
	const struct sluice_gate_nonce_secret secret = secret_of(9);
	struct gate_keys dead = {0}, heir = {0};

	assert_int_equal(gate_keys_follow(&dead, &secret, LIFETIME, NOW), 1);
	memcpy(heir.ring, dead.ring, sizeof(heir.ring));
	heir.current = dead.current;
	heir.since = dead.since;
	heir.lifetime_s = dead.lifetime_s;
	assert_int_equal(gate_keys_follow(&heir, &secret, LIFETIME, NOW + 20), 1);
	key_equal(key_now(&heir), key_now(&dead));
	key_equal(key_before(&heir), key_before(&dead));
	assert_int_equal(heir.since, dead.since);
	assert_int_equal(gate_keys_follow(&heir, &secret, LIFETIME, NOW + 21), 0);
}

static void random_keys_rotate(void **state)
{
	static const struct siphash_key zeros;
	struct gate_keys keys = {0};
	struct siphash_key before;

	assert_int_equal(gate_keys_follow(&keys, &none, LIFETIME, NOW), 1);
	assert_memory_not_equal(key_before(&keys), &zeros, sizeof(zeros));
	before = *key_now(&keys);
	assert_int_equal(gate_keys_follow(&keys, &none, LIFETIME, NOW + LIFETIME - 1), 0);
	assert_int_equal(gate_keys_follow(&keys, &none, LIFETIME, NOW + LIFETIME), 1);
	key_equal(key_before(&keys), &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fleet_agrees),
	        cmocka_unit_test(change_keeps_the_key_before),
	        cmocka_unit_test(adopted_keys_stay),
	        cmocka_unit_test(random_keys_rotate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
