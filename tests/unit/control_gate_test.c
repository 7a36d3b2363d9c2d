/* SPDX-License-Identifier: BSD-3-Clause */
/* Who owns the gate: lines of the configuration become the XDP program's maps and what the
 * dataplane is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include <sluice/gate.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* What the dataplane's own gate was given. */
static const struct gate_compiled *told(const struct control *control)
{
	return dataplane_asked(control, SLUICE_GATE_SET);
}

/* The key that makes nonces now. */
static const struct siphash_key *key_told(const struct control *control)
{
	return &told(control)
	                ->config.nonce[told(control)->config.nonce_current & (GATE_NONCE_KEYS - 1)];
}

static int maps_setup(void **state)
{
	struct control *control;

	control_setup(state);
	control = *state;
	control->maps->pinned = true;
	control_await(control, control->maps->config.mode == GATE_MODE_ENFORCE);
	control_await(control, told(control) != NULL && told(control)->xdp == 1);
	return 0;
}

static bool lists(const struct control *control, enum sluice_gate_list list, uint32_t length,
                  const uint8_t ip[16])
{
	const struct control_maps *maps = control->maps;

	for (uint32_t i = 0; i < maps->counts[list]; i++)
		if (maps->lists[list][i].length == length &&
		    memcmp(maps->lists[list][i].ip, ip, 16) == 0)
			return true;
	return false;
}

/* Done means that it is in force. */
static void lists_are_in_the_maps(void **state)
{
	static const uint8_t net[16] = {[10] = 0xff, 0xff, 192, 0, 2, 0};
	static const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct control *control = *state;

	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0);
	assert_true(lists(control, SLUICE_GATE_DENY, 120, net));
	assert_int_equal(control_do(control, "gate deny add 2001:db8::/32"), 0);
	assert_true(lists(control, SLUICE_GATE_DENY, 32, six));
	assert_int_equal(control_do(control, "gate trust add 2001:db8::/32"), 0);
	assert_true(lists(control, SLUICE_GATE_TRUST, 32, six));
	assert_int_equal(control->maps->counts[SLUICE_GATE_DENY], 2);
	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0); /* is there */
	assert_int_equal(control->maps->counts[SLUICE_GATE_DENY], 2);
	assert_int_equal(control_do(control, "gate deny delete 192.0.2.0/24"), 0);
	assert_false(lists(control, SLUICE_GATE_DENY, 120, net));
	assert_int_equal(control_do(control, "gate deny delete 192.0.2.0/24"), -ENOENT);
	assert_int_equal(control_do(control, "gate show"), 0);
	assert_non_null(strstr(control->said, "\"denied\":1"));
	assert_non_null(strstr(control->said, "\"trusted\":1"));
}

static void settings_are_in_the_maps(void **state)
{
	struct control *control = *state;
	struct gate_config *config = &control->maps->config;
	uint64_t lifetime;

	assert_int_equal(control_do(control, "gate mode observe"), 0);
	assert_int_equal(config->mode, GATE_MODE_OBSERVE);
	assert_int_equal(control_do(control, "gate mode off"), 0);
	assert_int_equal(config->mode, GATE_MODE_OFF);
	assert_int_equal(control_do(control, "gate mode enforce"), 0);
	assert_int_equal(config->flags & GATE_FLAG_PRIVILEGED, 0);
	assert_int_equal(control_do(control, "gate ports privileged drop"), 0);
	assert_int_not_equal(config->flags & GATE_FLAG_PRIVILEGED, 0);
	lifetime = config->nonce_lifetime_s;
	assert_int_equal(control_do(control, "gate nonce lifetime 600"), 0);
	assert_int_not_equal(lifetime, 600);
	assert_int_equal(config->nonce_lifetime_s, 600);
	assert_int_equal(told(control)->config.nonce_lifetime_s, 600);
	assert_int_equal(control_do(control, "gate limit source 7 burst 9"), 0);
	assert_int_equal(control_do(control, "gate show"), 0);
	assert_non_null(strstr(control->said, "7"));
}

/* Nothing is done where the kernel refuses: the line is no line. */
static void a_refusal_of_the_kernel_is_said(void **state)
{
	struct control *control = *state;

	control->maps->refuses = -EPERM;
	assert_int_not_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0);
	assert_int_equal(control->maps->counts[SLUICE_GATE_DENY], 0);
	assert_int_not_equal(control_do(control, "gate mode off"), 0);
	control->maps->refuses = 0;
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "192.0.2.0"));
	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0);
	assert_int_equal(control->maps->counts[SLUICE_GATE_DENY], 1);
}

/* The workers' gate refuses what the maps have taken: they hold again what they held. */
static void a_refusal_of_the_dataplane_is_said(void **state)
{
	struct control *control = *state;

	dataplane_refuses(control, SLUICE_GATE_SET, -ENOMEM, "no memory today");
	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), -ENOMEM);
	assert_non_null(strstr(control->said, "no memory today"));
	control_await(control, control->maps->counts[SLUICE_GATE_DENY] == 0);
	dataplane_answers(control, SLUICE_GATE_SET, 0, NULL, 0);
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "192.0.2.0"));
	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0);
	assert_int_equal(told(control)->denied, 1);
}

/* Without a dataplane a line is in force in the maps, and given to the one that comes. */
static void without_a_dataplane_the_maps_hold_it(void **state)
{
	struct control *control = *state;

	dataplane_away(control);
	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0);
	assert_int_equal(control->maps->counts[SLUICE_GATE_DENY], 1);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, told(control) != NULL && told(control)->denied == 1);
}

/* Another load of the program: its maps are filled, and what the old ones counted is not lost. */
static void new_maps_are_filled(void **state)
{
	struct control *control = *state;
	struct control_maps *maps = control->maps;

	assert_int_equal(control_do(control, "gate deny add 192.0.2.0/24"), 0);
	maps->counters[GATE_PASS_UNVERIFIED] = 5;
	assert_int_equal(control_do(control, "counter show"), 0);
	assert_non_null(strstr(control->said, "\"name\":\"gate.unverified\",\"value\":5"));
	maps->pinned = false;
	control_await(control, told(control)->xdp == 0);
	memset(maps->counters, 0, sizeof(maps->counters));
	memset(&maps->config, 0, sizeof(maps->config));
	maps->counts[SLUICE_GATE_DENY] = 0;
	maps->id++;
	maps->pinned = true;
	control_await(control, maps->config.mode == GATE_MODE_ENFORCE);
	control_await(control, maps->counts[SLUICE_GATE_DENY] == 1);
	control_await(control, told(control)->xdp == 1);
	maps->counters[GATE_PASS_UNVERIFIED] = 2;
	assert_int_equal(control_do(control, "counter show"), 0);
	assert_non_null(strstr(control->said, "\"name\":\"gate.unverified\",\"value\":7"));
}

/* A control plane that comes back finds the keys of nonces that are out. */
static void keys_outlive_it(void **state)
{
	struct control *control = *state;
	struct gate_config before = control->maps->config;

	control_restart(control, SIGKILL);
	control_await(control, told(control) != NULL && told(control)->xdp == 1);
	assert_int_equal(control->maps->config.nonce_since, before.nonce_since);
	assert_memory_equal(control->maps->config.nonce, before.nonce, sizeof(before.nonce));
	assert_int_equal(told(control)->config.nonce_since, before.nonce_since);
	assert_memory_equal(told(control)->config.nonce, before.nonce, sizeof(before.nonce));
}

/* Who shares the secret has the same keys; a short one is none. */
static void a_secret_makes_the_keys(void **state)
{
	static const char line[] = "gate nonce secret MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
	struct control *control = *state;
	struct control *other = control_start("");

	other->maps->pinned = true;
	control_await(other, told(other) != NULL && told(other)->xdp == 1);
	assert_int_not_equal(key_told(other)->k0, key_told(control)->k0);
	assert_int_equal(control_do(control, line), 0);
	assert_int_equal(control_do(other, line), 0);
	assert_int_equal(key_told(control)->k0, key_told(other)->k0);
	assert_int_equal(key_told(control)->k1, key_told(other)->k1);
	assert_int_equal(control_do(control, "config show"), 0);
	assert_null(strstr(control->said, "MDEy"));
	control_stop(other);
}

/* A dataplane that was away is told again. */
static void the_dataplane_is_told_again(void **state)
{
	struct control *control = *state;

	dataplane_away(control);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, told(control) != NULL && told(control)->xdp == 1);
	assert_int_equal(told(control)->config.nonce_since, control->maps->config.nonce_since);
}

static void the_most_frequent_are_shown(void **state)
{
	struct control *control = *state;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	control->maps->top = (struct gate_top){
	        .weight = 3, .dropped = 1234, .seen = (uint64_t)now.tv_sec * 1000000000ull};
	memcpy(control->maps->top.ip, (uint8_t[16]){[10] = 0xff, 0xff, 203, 0, 113, 7}, 16);
	assert_int_equal(control_do(control, "gate show sources"), 0);
	assert_non_null(strstr(control->said, "203.0.113.7"));
	assert_non_null(strstr(control->said, "1234"));
}

#define MAPS_TEST(name) cmocka_unit_test_setup_teardown(name, maps_setup, control_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        MAPS_TEST(lists_are_in_the_maps),
	        MAPS_TEST(settings_are_in_the_maps),
	        MAPS_TEST(a_refusal_of_the_kernel_is_said),
	        MAPS_TEST(a_refusal_of_the_dataplane_is_said),
	        MAPS_TEST(without_a_dataplane_the_maps_hold_it),
	        MAPS_TEST(new_maps_are_filled),
	        MAPS_TEST(keys_outlive_it),
	        MAPS_TEST(a_secret_makes_the_keys),
	        MAPS_TEST(the_dataplane_is_told_again),
	        MAPS_TEST(the_most_frequent_are_shown),
	};

	return cmocka_run_group_tests_name("control_gate", tests, NULL, NULL);
}
