/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One table of cases through the XDP program and through its twin in C: usage: test-gate OBJECT.
 * Without root the kernel will not load the program, and the twin is tested alone.
 */
#include "gate_case.h"

#include <sluice/turn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <gate_default.h>

static struct gate_pair pair;

static void outcome_check(const struct gate_case *row, const char *who,
                          const struct gate_outcome *outcome)
{
	bool dropped = row->verdict >= GATE_DROP_FIRST && !row->passes;

	if (outcome->verdict != (int)row->verdict)
		fail_msg("%s: %s says %s, wanted %s", row->name, who,
		         gate_counter_infos[outcome->verdict].name,
		         gate_counter_infos[row->verdict].name);
	if (outcome->dropped != dropped)
		fail_msg("%s: %s %s it", row->name, who, dropped ? "does not drop" : "drops");
	for (uint32_t i = GATE_VERDICTS; i < GATE_COUNTERS; i++)
		if (outcome->counters[i] != (row->event == i))
			fail_msg("%s: %s counts %s %lu times", row->name, who,
			         gate_counter_infos[i].name, outcome->counters[i]);
}

static void case_run(void **state)
{
	const struct gate_case *row = *state;
	struct gate_config config = gate_case_config(row);
	uint32_t arrivals = row->arrivals > 0 ? row->arrivals : 1;
	struct gate_outcome xdp = {0}, twin = {0};
	uint8_t frame[GATE_CASE_MAX];
	uint16_t length;

	gate_pair_configure(&pair, &config);
	length = gate_case_frame(row, &config, frame);
	gate_case_prepare(&pair, row, frame, length);
	for (uint32_t i = 0; i < arrivals; i++) {
		gate_pair_twin(&pair, frame, length, &twin);
		if (pair.object != NULL)
			assert_int_equal(gate_pair_xdp(&pair, frame, length, &xdp), 0);
	}
	outcome_check(row, "the twin", &twin);
	if (pair.object != NULL)
		outcome_check(row, "XDP", &xdp);
}

/* -- what the table has no columns for -- */

static void both_run(const uint8_t *frame, uint16_t length, enum gate_verdict verdict)
{
	struct gate_outcome twin, xdp;

	gate_pair_twin(&pair, frame, length, &twin);
	assert_int_equal(twin.verdict, verdict);
	if (pair.object == NULL)
		return;
	assert_int_equal(gate_pair_xdp(&pair, frame, length, &xdp), 0);
	assert_int_equal(xdp.verdict, verdict);
	assert_memory_equal(xdp.counters, twin.counters, sizeof(xdp.counters));
}

static const struct gate_case *case_find(const char *name)
{
	for (uint32_t i = 0; i < gate_cases_count; i++)
		if (strcmp(gate_cases[i].name, name) == 0)
			return &gate_cases[i];
	abort();
}

/* Addresses of one /24 (/48): each within its own limit, the prefix runs dry and is attacked. */
static void prefix_runs_dry(const char *name, unsigned int byte)
{
	const struct gate_case *row = case_find(name);
	struct gate_config config = gate_case_config(row);
	uint8_t frame[GATE_CASE_MAX];
	uint16_t length;

	config.prefix.slack = 19 * config.prefix.interval;
	gate_pair_configure(&pair, &config);
	length = gate_case_frame(row, &config, frame);
	for (int host = 10; host < 32; host++) {
		struct gate_packet packet = {0};

		frame[byte] = host;
		gate_parse(&packet, frame, frame + length);
		if (host == 10)
			gate_case_prepare(&pair, row, frame, length);
		both_run(frame, length, host < 30 ? GATE_PASS_UNVERIFIED : GATE_DROP_FIRST_PREFIX);
	}
	/* who comes back finds no token left for his prefix */
	both_run(frame, length, GATE_DROP_LIMIT_PREFIX);
}

static void ip4_prefix_runs_dry(void **state)
{
	prefix_runs_dry("allocate", 14 + 15);
}

/* in the third group's lower byte: other /64s of the same /48 */
static void ip6_prefix_runs_dry(void **state)
{
	prefix_runs_dry("allocate_v6", 14 + 8 + 7);
}

/* IPv6: another address of the /64 shares the bucket, port left out. */
static void source_is_a_64(void **state)
{
	const struct gate_case *row = case_find("limit_source_v6");
	struct gate_config config = gate_case_config(row);
	uint8_t frame[GATE_CASE_MAX];
	uint16_t length;

	gate_pair_configure(&pair, &config);
	length = gate_case_frame(row, &config, frame);
	gate_case_prepare(&pair, row, frame, length);
	for (uint32_t i = 0; i < row->arrivals; i++) {
		frame[14 + 8 + 15]++; /* address */
		frame[14 + 40 + 1]++; /* port */
		both_run(frame, length,
		         i + 1 < row->arrivals ? GATE_PASS_UNVERIFIED : GATE_DROP_LIMIT_SOURCE);
	}
}

/* From everywhere: the host runs dry, counts as attacked, and is calm again after the hold. */
static void host_runs_dry(void **state)
{
	const struct gate_case *row = case_find("allocate");
	struct gate_config config = gate_case_config(row);
	const struct gate_guard over = {.attacked = 1};
	uint8_t frame[GATE_CASE_MAX];
	uint16_t length;

	config.host.slack = 9 * config.host.interval;
	gate_pair_configure(&pair, &config);
	length = gate_case_frame(row, &config, frame);
	gate_case_prepare(&pair, row, frame, length);
	for (int net = 0; net < 12; net++) {
		frame[14 + 14] = 100 + net;
		both_run(frame, length, net < 10 ? GATE_PASS_UNVERIFIED : GATE_DROP_FIRST_HOST);
	}
	assert_true(pair.tables->host.attacked > gate_pair_now());
	both_run(frame, length, GATE_PASS_SECOND);
	gate_pair_host_set(&pair, &over);
	both_run(frame, length, GATE_PASS_UNVERIFIED);
	assert_int_equal(pair.tables->host.attacked, 0);
}

/* Fragments behind the first go where it went, for a while, and nobody else's with them. */
static void fragments_follow(const char *name, const char *last, unsigned int id)
{
	const struct gate_case *row = case_find(name);
	struct gate_case behind = *case_find(last);
	struct gate_config config = gate_case_config(row);
	uint8_t first[GATE_CASE_MAX], later[GATE_CASE_MAX];
	uint16_t length, first_length;

	gate_pair_configure(&pair, &config);
	first_length = gate_case_frame(row, &config, first);
	behind.from = row->from;
	length = gate_case_frame(&behind, &config, later);
	first[id] = later[id] = 0x5a;
	both_run(later, length, GATE_PASS_KERNEL);
	both_run(first, first_length, GATE_PASS_FRAGMENT);
	both_run(later, length, GATE_PASS_FRAGMENT);
	later[id] ^= 1;
	both_run(later, length, GATE_PASS_KERNEL);
}

/* Of a denied source none follow, but where the rules observe. */
static void denied_fragments_follow(void **state)
{
	static const struct {
		enum gate_mode mode;
		enum gate_verdict later;
	} modes[] = {{GATE_MODE_ENFORCE, GATE_PASS_KERNEL},
	             {GATE_MODE_OBSERVE, GATE_PASS_FRAGMENT}};
	const struct gate_case *row = case_find("fragment_denied");
	struct gate_case behind = *case_find("last_fragment");
	struct gate_config config = gate_case_config(row);
	uint8_t first[GATE_CASE_MAX], later[GATE_CASE_MAX];
	uint16_t length, first_length;

	behind.from = row->from;
	for (size_t i = 0; i < RTE_DIM(modes); i++) {
		config.mode = modes[i].mode;
		gate_pair_configure(&pair, &config);
		first_length = gate_case_frame(row, &config, first);
		length = gate_case_frame(&behind, &config, later);
		first[14 + 5] = later[14 + 5] = 0x6b;
		both_run(first, first_length, GATE_DROP_DENIED);
		both_run(later, length, modes[i].later);
	}
}

static void ip4_fragments_follow(void **state)
{
	fragments_follow("fragment_channel_data", "last_fragment", 14 + 5);
}

static void ip6_fragments_follow(void **state)
{
	fragments_follow("ip6_fragment_channel_data", "ip6_last_fragment", 14 + 40 + 7);
}

static void fragments_are_forgotten(void **state)
{
	const uint64_t hash = 0x123456789abcdef0ull, quarter = 1ull << 28;
	uint64_t entry = gate_fragment_entry(hash, 7 * quarter);

	assert_true(gate_fragment_is(entry, hash, 7 * quarter));
	assert_true(gate_fragment_is(entry, hash, (7 + GATE_FRAGMENT_UNITS) * quarter));
	assert_false(gate_fragment_is(entry, hash, (8 + GATE_FRAGMENT_UNITS) * quarter));
	assert_false(gate_fragment_is(entry, hash ^ 1ull << 24, 7 * quarter));
	assert_false(gate_fragment_is(0, hash, 7 * quarter));
}

/* A challenge of 84 bytes, that three requests pay for, costs two of the host's answers. */
static void long_realm_costs_more(void **state)
{
	const struct gate_case *row = case_find("allocate");
	struct gate_config config = gate_case_config(row);
	uint8_t frame[GATE_CASE_MAX];
	uint16_t length;

	config.host.slack = 9 * config.host.interval;
	config.challenge = GATE_CHALLENGE(35);
	gate_pair_configure(&pair, &config);
	length = gate_case_frame(row, &config, frame);
	gate_case_prepare(&pair, row, frame, length);
	for (int net = 0; net < 6; net++) {
		frame[14 + 14] = 100 + net;
		both_run(frame, length, net < 5 ? GATE_PASS_UNVERIFIED : GATE_DROP_FIRST_HOST);
	}
}

/* Its Bindings cost its address nothing: a neighbour of the same address has all its tokens. */
static void client_has_tokens_of_its_own(void **state)
{
	const struct gate_case *row = case_find("binding");
	struct gate_config config = gate_case_config(row);
	struct gate_packet packet = {0};
	uint8_t frame[GATE_CASE_MAX];
	uint16_t length;

	config.source.interval = 3600 * 1000000000ull;
	config.source.slack = 2 * config.source.interval;
	gate_pair_configure(&pair, &config);
	length = gate_case_frame(row, &config, frame);
	gate_parse(&packet, frame, frame + length);
	gate_case_prepare(&pair, row, frame, length);
	gate_pair_client_set(&pair, &packet);
	for (int i = 0; i < 9; i++)
		both_run(frame, length, GATE_PASS_CLIENT);
	frame[14 + 20] ^= 1; /* the neighbour's port */
	for (int i = 0; i < 3; i++)
		both_run(frame, length, GATE_PASS_UNVERIFIED);
	both_run(frame, length, GATE_DROP_LIMIT_SOURCE);
	gate_pair_client_set(&pair, NULL);
	frame[14 + 20] ^= 1;
	both_run(frame, length, GATE_DROP_LIMIT_SOURCE);
}

/* Nine at once, and two a second, whenever it is. */
static void client_rate(void **state)
{
	const uint32_t starts[] = {1, 1u << 31, UINT32_MAX - 6 * GATE_CLIENT_INTERVAL};

	for (unsigned int i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct gate_clients entry = {{[6] = 77ull << 32 | (starts[i] - 1)}};
		uint32_t now = starts[i];

		assert_false(gate_client_take(&entry, 78, now));
		for (int taken = 0; taken < 9; taken++)
			assert_true(gate_client_take(&entry, 77, now));
		assert_false(gate_client_take(&entry, 77, now));
		now += GATE_CLIENT_INTERVAL - 1;
		assert_false(gate_client_take(&entry, 77, now));
		assert_true(gate_client_take(&entry, 77, now + 1));
		assert_false(gate_client_take(&entry, 77, now + 1));
		now += 20 * GATE_CLIENT_INTERVAL;
		for (int taken = 0; taken < 9; taken++)
			assert_true(gate_client_take(&entry, 77, now));
		assert_false(gate_client_take(&entry, 77, now));
	}
}

/* Whatever the realm and the request: what pays for an answer is a third more than it. */
static void factor_holds(void **state)
{
	const struct gate_packet from[] = {{.src = {0, 0xffff0000u}}, {.src = {1, 1}}};

	for (uint32_t family = 0; family < 2; family++)
		for (uint32_t realm = 1; realm < SLUICE_TURN_REALM_MAX; realm++)
			for (uint32_t length = 28; length < 400; length += 4) {
				struct gate_packet packet = from[family];
				uint32_t header = family == 0 ? 28 : 48, arrivals;

				packet.length = length;
				arrivals = gate_arrivals(&packet, GATE_CHALLENGE(realm));
				assert_in_range(arrivals, 2, GATE_ARRIVALS_MAX - 1);
				assert_true(4 * (GATE_CHALLENGE(realm) + header) <=
				            3 * arrivals * (length + header));
			}
}

/* The guard alone, over time: begins when dry, lasts while more comes than the limit, ends after.
 */
static void hysteresis(void **state)
{
	const struct gate_limit limit = gate_limit_of(1000, 1000);
	const uint64_t hold = 10000000000ull, ms = 1000000;
	struct gate_guard guard = {0};
	uint64_t now = 5000 * ms;

	for (int i = 0; i < 1000; i++)
		assert_true(gate_take(&guard.due, &limit, now));
	assert_false(gate_take(&guard.due, &limit, now));
	assert_true(gate_begins_attack(&guard, hold, now));
	assert_false(gate_begins_attack(&guard, hold, now));
	/* 2,000 a second, for a minute */
	for (int i = 0; i < 120000; i++, now += ms / 2)
		assert_true(gate_is_attacked(&guard, &limit, hold, now));
	/* then 500 a second: half of the hold is made up for, so it takes twice as long */
	for (int i = 0; i < 9900; i++, now += 2 * ms)
		assert_true(gate_is_attacked(&guard, &limit, hold, now));
	now += 400 * ms;
	assert_false(gate_is_attacked(&guard, &limit, hold, now));
	assert_true(gate_ends_attack(&guard, now));
	assert_false(gate_ends_attack(&guard, now));
}

/* 40 a second and 10 at once are never more than 50 in a second. */
static void source_rate(void **state)
{
	const struct gate_limit limit = gate_limit_of(GATE_SOURCE_RATE, GATE_SOURCE_BURST);
	uint64_t now = 7000000000ull, passed[2000] = {0};
	__u64 bucket = 0;
	uint32_t first = 0, count = 0;

	for (int i = 0; i < 200000; i++, now += 50000) {
		if (!gate_take(&bucket, &limit, now))
			continue;
		passed[count++] = now;
		while (passed[first] + 1000000000ull <= now)
			first++;
		assert_true(count - first <= 50);
	}
	assert_in_range(count, 10 + 395, 10 + 405);
}

/* As the rules have it: what passes is forgotten. */
static bool comes_back(uint64_t *words, uint64_t hash, uint32_t needed)
{
	__u64 *seen = (__u64 *)&words[hash & (GATE_SEEN - 1)];
	__u64 place = gate_seen_find(seen, hash, needed);

	if (place != 0)
		gate_seen_forget(seen, place);
	return place != 0;
}

/* One hash in 32 has to come once more; this one has not. */
static uint64_t hash_plain(uint64_t hash)
{
	return hash | 1ull << 32;
}

static void seen_counts(void **state)
{
	const uint64_t hash = hash_plain(77ull << 40);

	for (uint32_t needed = 2; needed < GATE_ARRIVALS_MAX; needed++) {
		memset(pair.seen, 0, sizeof(*pair.seen));
		for (uint32_t i = 1; i <= 5 * needed; i++)
			assert_int_equal(comes_back(pair.seen, hash, needed), i % needed == 0);
		for (uint32_t i = 1; i <= 5 * (needed + 1); i++)
			assert_int_equal(comes_back(pair.seen, 77ull << 40, needed),
			                 i % (needed + 1) == 0);
	}
}

/* A word holds seven, and loses its oldest first; what passes makes room. */
static void seen_forgets_the_oldest(void **state)
{
	uint64_t hashes[8];

	memset(pair.seen, 0, sizeof(*pair.seen));
	for (uint64_t i = 0; i < 8; i++) {
		hashes[i] = hash_plain((1000 + 4000 * i) << 40);
		assert_false(comes_back(pair.seen, hashes[i], 2));
	}
	for (int i = 1; i < 8; i++)
		assert_true(comes_back(pair.seen, hashes[i], 2));
	assert_int_equal(pair.seen[0], 0);
	assert_false(comes_back(pair.seen, hashes[0], 2));
}

#define SIM_RATE    6000000u /* forged requests a second */
#define SIM_CLIENTS 400u
#define SIM_STEPS   100u /* a second */

/* Retransmissions of a client, in steps from its first request; a later one has been waiting. */
static uint32_t sim_delay(uint32_t client, int transmission)
{
	static const uint32_t delays[] = {0, 50, 150};

	return delays[transmission] + (transmission > 0 ? client % 11 : 0);
}

/*
 * Six million forged requests a second have filled the table; every 10 ms a client begins, and
 * retransmits after 0.5 to 0.6 and 1.5 to 1.6 s: all are in by then, nearly all by the first
 * retransmission. Few of the forged are taken for known.
 */
static void seen_survives(void **state)
{
	const struct siphash_key key = {1, 2};
	uint64_t random = 0x9e3779b97f4a7c15ull, forged = 0, passed = 0;
	uint32_t in[3] = {0}, all;
	bool known[SIM_CLIENTS] = {0};

	for (uint32_t i = 0; i < GATE_SEEN; i++)
		pair.seen[i] = gate_siphash(&key, i, 1) >> 1;
	for (uint32_t step = 0; step < SIM_CLIENTS + 2 * SIM_STEPS; step++) {
		for (uint32_t client = 0; client < SIM_CLIENTS && client <= step; client++)
			for (int i = 0; i < 3 && !known[client]; i++) {
				if (step - client != sim_delay(client, i))
					continue;
				known[client] = comes_back(
				        pair.seen, hash_plain(gate_siphash(&key, client, 0)), 2);
				in[i] += known[client];
			}
		for (uint32_t i = 0; i < SIM_RATE / SIM_STEPS; i++, forged++) {
			random ^= random >> 12;
			random ^= random << 25;
			random ^= random >> 27;
			passed += comes_back(pair.seen, random * 0x2545f4914f6cdd1dull, 2);
		}
	}
	all = in[0] + in[1] + in[2];
	printf("# %u of %u in under %u forged a second: %u by chance, %u by the first "
	       "retransmission, %u by the second; of the forged %.2f %% pass\n",
	       all, SIM_CLIENTS, SIM_RATE, in[0], in[1], in[2],
	       100.0 * (double)passed / (double)forged);
	assert_int_equal(all, SIM_CLIENTS);
	assert_true(in[0] + in[1] >= SIM_CLIENTS * 99 / 100);
	assert_in_range(passed * 1000 / forged, 0, 16);
	memset(pair.seen, 0, GATE_SEEN * sizeof(*pair.seen));
}

/* The loudest keeps his entry, whoever else falls into it. */
static void top_is_the_loudest(void **state)
{
	struct gate_top top = {0};

	for (uint64_t i = 0; i < 3000; i++) {
		const __u64 loud[2] = {0, 42}, other[2] = {0, 1000 + i};

		gate_top_add(&top, i % 3 == 0 ? other : loud, i);
	}
	assert_int_equal(top.ip[1], 42);
	assert_in_range(top.dropped, 1990, 2000);
}

static void set_of_prefixes(void **state)
{
	const struct prefix prefixes[] = {
	        {ip_addr_v4(RTE_BE32(0x0a010000)), 96 + 16},
	        {ip_addr_v4(RTE_BE32(0x0a000000)), 96 + 8},
	        {ip_addr_v4(RTE_BE32(0xc0000207)), 128},
	};
	static const struct {
		uint32_t ip;
		bool has;
	} rows[] = {
	        {0x0a000000, true},  {0x0affffff, true},  {0x0a01ffff, true},  {0x0b000000, false},
	        {0x09ffffff, false}, {0xc0000207, true},  {0xc0000206, false}, {0xc0000208, false},
	        {0x00000000, false}, {0xffffffff, false},
	};
	struct ranges *set = ranges_create(prefixes, 3);

	assert_non_null(set);
	assert_int_equal(set->prefixes, 3);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct ip_addr ip = ip_addr_v4(rte_cpu_to_be_32(rows[i].ip));

		assert_int_equal(ranges_find(set, &ip) != RANGE_NONE, rows[i].has);
	}
	free(set);
}

/* As a division would, at each second's edges, until the nonces' clock has to be looked at again.
 */
static void seconds_are_exact(void **state)
{
	for (uint64_t second = 1000000000; second < 3760000000; second += 86391) {
		const uint64_t ns = second * 1000000000;

		assert_int_equal(gate_seconds(ns - 1), second - 1);
		assert_int_equal(gate_seconds(ns), second);
		assert_int_equal(gate_seconds(ns + 999999999), second);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest others[] = {
	        cmocka_unit_test(ip4_prefix_runs_dry),
	        cmocka_unit_test(ip6_prefix_runs_dry),
	        cmocka_unit_test(source_is_a_64),
	        cmocka_unit_test(host_runs_dry),
	        cmocka_unit_test(long_realm_costs_more),
	        cmocka_unit_test(client_has_tokens_of_its_own),
	        cmocka_unit_test(client_rate),
	        cmocka_unit_test(denied_fragments_follow),
	        cmocka_unit_test(ip4_fragments_follow),
	        cmocka_unit_test(ip6_fragments_follow),
	        cmocka_unit_test(fragments_are_forgotten),
	        cmocka_unit_test(factor_holds),
	        cmocka_unit_test(hysteresis),
	        cmocka_unit_test(source_rate),
	        cmocka_unit_test(seen_counts),
	        cmocka_unit_test(seen_forgets_the_oldest),
	        cmocka_unit_test(seen_survives),
	        cmocka_unit_test(top_is_the_loudest),
	        cmocka_unit_test(set_of_prefixes),
	        cmocka_unit_test(seconds_are_exact),
	};
	struct CMUnitTest *rows = calloc(gate_cases_count, sizeof(*rows));
	bool root = geteuid() == 0;
	int failed;

	if (rows == NULL || argc != 2)
		return 1;
	if (!root)
		printf("# not root: the XDP program is left out, the twin is tested alone\n");
	if (gate_pair_create(&pair, root ? argv[1] : NULL) != 0)
		return 1;
	for (uint32_t i = 0; i < gate_cases_count; i++)
		rows[i] = (struct CMUnitTest){gate_cases[i].name, case_run, NULL, NULL,
		                              (void *)(uintptr_t)&gate_cases[i]};
	failed = _cmocka_run_group_tests("gate cases", rows, gate_cases_count, NULL, NULL);
	failed += cmocka_run_group_tests(others, NULL, NULL);
	gate_pair_destroy(&pair);
	free(rows);
	return failed != 0;
}
