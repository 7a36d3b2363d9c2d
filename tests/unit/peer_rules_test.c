/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom a relay may reach: special ranges, our own addresses, rules, and every other spelling of
 * them. */
#include "turn_fixture.h"

struct verdict_row {
	const char *peer;
	uint16_t port;
	bool allowed;
};

static void judge_rows(struct fixture *fixture, const struct verdict_row *rows, size_t count)
{
	struct turn *turn = fixture->dp.turn;

	for (size_t i = 0; i < count; i++) {
		struct transport_addr peer = transport(rows[i].peer, rows[i].port);

		if (turn_peer_allowed(turn, turn_policy_now(turn)->realms[0].peers, &peer) !=
		    rows[i].allowed)
			fail_msg("%s is %s", rows[i].peer, rows[i].allowed ? "denied" : "allowed");
	}
}

static void rule(struct fixture *fixture, const char *ip, uint8_t length, uint8_t action)
{
	struct sluice_turn_peer peer = {addr(ip, 0), length, action, 0};

	assert_int_equal(turn_peer_add(fixture->dp.turn, &peer, 0, fixture->why), 0);
}

#define ALLOW(ip, length) rule(fixture, ip, length, SLUICE_TURN_PEER_ALLOW)
#define DENY(ip, length)  rule(fixture, ip, length, SLUICE_TURN_PEER_DENY)

static const struct verdict_row defaults[] = {
        {"8.8.8.8", 0, true},
        {"1.1.1.1", 53, true},
        {"0.0.0.0", 0, false},
        {"0.1.2.3", 0, false},
        {"9.255.255.255", 0, true},
        {"10.0.0.0", 0, false},
        {"10.255.255.255", 0, false},
        {"11.0.0.0", 0, true},
        {"100.63.255.255", 0, true},
        {"100.64.0.0", 0, false},
        {"100.127.255.255", 0, false},
        {"100.128.0.0", 0, true},
        {"127.0.0.1", 0, false},
        {"127.255.255.255", 0, false},
        {"169.253.255.255", 0, true},
        {"169.254.169.254", 0, false},
        {"172.15.255.255", 0, true},
        {"172.16.0.1", 0, false},
        {"172.31.255.255", 0, false},
        {"172.32.0.0", 0, true},
        {"192.0.0.8", 0, false},
        {"192.0.2.77", 0, false},
        {"192.88.99.1", 0, false},
        {"192.168.1.1", 0, false},
        {"198.17.255.255", 0, true},
        {"198.18.0.1", 0, false},
        {"198.19.255.255", 0, false},
        {"198.51.100.9", 0, false},
        {"203.0.113.9", 0, false},
        {"223.255.255.255", 0, true},
        {"224.0.0.1", 0, false},
        {"239.255.255.255", 0, false},
        {"240.0.0.1", 0, false},
        {"255.255.255.255", 0, false},
        {"2606:4700:4700::1111", 0, true},
        {"2a00::1", 0, true},
        {"::", 0, false},
        {"::1", 0, false},
        {"::2", 0, false},
        {"100::1", 0, false},
        {"100:0:0:1::1", 0, false},
        {"2001:2::1", 0, false},
        {"2001:10::1", 0, false},
        {"2001:2f::1", 0, false},
        {"2001:db8::5", 0, false},
        {"3fff::1", 0, false},
        {"3fff:1000::1", 0, true},
        {"5f00::1", 0, false},
        {"fc00::1", 0, false},
        {"fdff::1", 0, false},
        {"fe80::1", 0, false},
        {"febf::1", 0, false},
        {"fec0::1", 0, false},
        {"ff02::1", 0, false},
        /* the same IPv4 hosts by other names */
        {"::127.0.0.1", 0, false},
        {"::8.8.8.8", 0, false},
        {"::ffff:0:10.0.0.1", 0, false},
        {"64:ff9b::8.8.8.8", 0, true},
        {"64:ff9b::10.0.0.1", 0, false},
        {"64:ff9b::127.0.0.1", 0, false},
        {"64:ff9b::192.0.2.1", 0, false},
        {"64:ff9b:1::8.8.8.8", 0, false},
        {"64:ff9b:1:0a00:0:100::", 0, false},
        {"2002:808:808::1", 0, true},
        {"2002:7f00:1::1", 0, false},
        {"2002:c0a8:101::1", 0, false},
        {"2001:0:808:808:0:0:f7f7:f7f7", 0, true},  /* Teredo, client 8.8.8.8 */
        {"2001:0:808:808:0:0:f5ff:fffe", 0, false}, /* Teredo, client 10.0.0.1 */
        {"2001:0:7f00:1:0:0:f7f7:f7f7", 0, false},  /* Teredo, server 127.0.0.1 */
        {"2a00::5efe:8.8.8.8", 0, true},
        {"2a00::5efe:10.0.0.1", 0, false},
        {"2a00::200:5efe:10.0.0.1", 0, false},
};

static void test_defaults(void **state)
{
	struct fixture *fixture = fixture_create_bare(4, 4, 4, 1);

	judge_rows(fixture, defaults, RTE_DIM(defaults));
	fixture_destroy(fixture);
}

static void test_rules(void **state)
{
	static const struct verdict_row rows[] = {
	        {"10.0.0.1", 0, true},     {"10.1.0.1", 0, false},
	        {"10.1.2.3", 0, true},     {"11.0.0.1", 0, true},
	        {"8.8.8.8", 0, false},     {"8.8.4.4", 0, true},
	        {"9.9.9.9", 0, false},     {"2a00::1", 0, false},
	        {"2a00:1::1", 0, true},    {"fd00::1", 0, true},
	        {"192.168.0.1", 0, false}, {"64:ff9b::10.0.0.1", 0, true},
	        {"2002:a00:1::", 0, true}, {"64:ff9b::8.8.8.8", 0, false},
	        {"::1", 0, true},          {"127.0.0.1", 0, false},
	};
	struct fixture *fixture = fixture_create_bare(4, 4, 4, 1);

	ALLOW("10.0.0.0", 8);
	DENY("10.1.0.0", 16);
	ALLOW("10.1.2.0", 24);
	DENY("8.8.8.8", 32);
	ALLOW("9.9.9.0", 24);
	DENY("9.9.9.0", 24); /* deny wins between equals */
	DENY("2a00::", 32);
	ALLOW("fd00::", 16);
	ALLOW("::1", 128);
	judge_rows(fixture, rows, RTE_DIM(rows));
	fixture_destroy(fixture);
}

/* Everything is allowed: IPv6's everything is not IPv4's, and what is denied behind an embedding
 * stays so. */
static void test_families_apart(void **state)
{
	static const struct verdict_row six[] = {
	        {"2a00::1", 0, true},
	        {"fd00::1", 0, true},
	        {"10.0.0.1", 0, false},
	        {"127.0.0.1", 0, false},
	        {"64:ff9b::127.0.0.1", 0, false},
	        {"64:ff9b::8.8.8.8", 0, true},
	        {"::127.0.0.1", 0, false},
	        {"64:ff9b:1::10.0.0.1", 0, false},
	        {"64:ff9b:1::8.8.8.8", 0, true},
	        {"64:ff9b:1:0808:8:0800::", 0, true},
	        {"64:ff9b:1:0a00:0:0100::", 0, false},
	};
	static const struct verdict_row four[] = {
	        {"127.0.0.1", 0, true},
	        {"64:ff9b::127.0.0.1", 0, true},
	        {"fd00::1", 0, false},
	};
	struct fixture *fixture = fixture_create_bare(4, 4, 4, 1);

	ALLOW("::", 0);
	judge_rows(fixture, six, RTE_DIM(six));
	fixture_destroy(fixture);
	fixture = fixture_create_bare(4, 4, 4, 1);
	ALLOW("0.0.0.0", 0);
	judge_rows(fixture, four, RTE_DIM(four));
	fixture_destroy(fixture);
}

static void test_own_addresses(void **state)
{
	static const struct verdict_row rows[] = {
	        {"203.0.114.1", 0, false}, /* listener */
	        {"203.0.114.1", 3478, false}, {"203.0.114.1", 9, false},
	        {"203.0.114.2", 0, true},                               /* relay */
	        {"203.0.114.2", 50000, true}, {"203.0.114.3", 0, true}, /* both */
	        {"203.0.114.3", 50000, true}, {"203.0.114.3", 3478, false},
	        {"203.0.114.3", 22, false},   {"64:ff9b::203.0.114.1", 0, false},
	        {"10.0.0.2", 50000, false}, /* relay in a private range: as any private address */
	        {"10.1.0.1", 0, false},     /* listener in an allowed range */
	        {"10.1.0.2", 50000, true},  /* relay in an allowed range */
	        {"10.1.0.3", 0, true},      /* listener, allowed by name */
	        {"203.0.115.1", 0, false},  /* announced: a listener, a relay, both */
	        {"203.0.115.2", 0, true},     {"203.0.115.3", 50000, true},
	        {"203.0.115.3", 22, false},
	};
	static const char *const outsides[] = {"203.0.115.1", "203.0.115.3", NULL, NULL};
	static const char *const relay_outsides[] = {"203.0.115.2", "203.0.115.3", NULL, NULL};
	static const char *const listens[] = {"203.0.114.1", "203.0.114.3", "10.1.0.1", "10.1.0.3"};
	static const char *const relays[] = {"203.0.114.2", "203.0.114.3", "10.0.0.2", "10.1.0.2"};
	struct fixture *fixture = fixture_create_bare(4, 4, 4, 1);

	for (size_t i = 0; i < RTE_DIM(listens); i++) {
		struct sluice_turn_listen listen = {addr(listens[i], 3478)};
		struct sluice_turn_relay relay = {addr(relays[i], 0), 49152, 65535};

		if (outsides[i] != NULL) {
			listen.announce = addr(outsides[i], 0);
			relay.announce = addr(relay_outsides[i], 0);
		}
		assert_int_equal(turn_listen_add(fixture->dp.turn, &listen, 0, fixture->why), 0);
		assert_int_equal(turn_relay_add(fixture->dp.turn, &relay, 0, fixture->why), 0);
	}
	ALLOW("10.1.0.0", 16);
	ALLOW("10.1.0.3", 32);
	judge_rows(fixture, rows, RTE_DIM(rows));
	fixture_destroy(fixture);
}

static void test_many_rules(void **state)
{
	struct fixture *fixture = fixture_create_bare(4, 4, 4, 1);
	char ip[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(ip, sizeof(ip), "20.%d.%d.0", i / 250, i % 250);
		rule(fixture, ip, 24, i % 2 ? SLUICE_TURN_PEER_ALLOW : SLUICE_TURN_PEER_DENY);
	}
	for (int i = 0; i < 1000; i++) {
		struct verdict_row row = {ip, 0, i % 2};

		snprintf(ip, sizeof(ip), "20.%d.%d.%d", i / 250, i % 250, i % 256);
		judge_rows(fixture, &row, 1);
	}
	fixture_destroy(fixture);
}

static void test_masks(void **state)
{
	static const struct {
		const char *ip, *masked;
		uint8_t length;
	} rows[] = {
	        {"255.255.255.255", "255.255.255.255", 32}, {"255.255.255.255", "255.254.0.0", 15},
	        {"255.255.255.255", "0.0.0.0", 0},          {"ffff::ffff", "ffff::ffff", 128},
	        {"ffff:ffff::1", "ffff:fff0::", 28},        {"ffff::1", "::", 0},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct ip_addr ip = transport(rows[i].ip, 0).ip;
		struct ip_addr expected = transport(rows[i].masked, 0).ip;
		struct ip_addr masked = peer_rule_mask(&ip, rows[i].length);

		assert_memory_equal(&masked, &expected, sizeof(masked));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_rules),
	        cmocka_unit_test(test_families_apart), cmocka_unit_test(test_own_addresses),
	        cmocka_unit_test(test_many_rules),     cmocka_unit_test(test_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
