/* SPDX-License-Identifier: BSD-3-Clause */
/* How a NAT behaves (RFC 5780): two addresses, two ports, and from which of them an answer comes.
 */
#include "turn_fixture.h"

#include "turn/turn.h"

#include <errno.h>

#define FIRST  "192.0.2.1"
#define SECOND "192.0.2.9"
#define TOLD   "203.0.113.9"

/* What an answer says, and where it comes from. */
struct origin {
	struct transport_addr from, told, other;
};

static void listen_at(struct fixture *fixture, const char *ip, uint16_t port, const char *announce)
{
	struct sluice_turn_listen listen = {.addr = addr(ip, port)};

	if (announce != NULL)
		listen.announce = addr(announce, 0);
	assert_int_equal(
	        turn_listen_add(fixture->dp.turn, &listen, SLUICE_API_EXIST_OK, fixture->why), 0);
}

static void listen_at_all(struct fixture *fixture)
{
	listen_at(fixture, FIRST, 3479, NULL);
	listen_at(fixture, SECOND, 3478, TOLD);
	listen_at(fixture, SECOND, 3479, TOLD);
}

static void discovery_add(struct fixture *fixture)
{
	const struct sluice_turn_discovery discovery = {addr(FIRST, 3478), addr(SECOND, 3479)};

	assert_int_equal(turn_discovery_add(fixture->dp.turn, &discovery, 0, fixture->why), 0);
}

/* One that is not masked (RFC 8489, 14.1). */
static struct transport_addr plain_addr(const struct client *client, enum stun_attr_type type)
{
	struct transport_addr made = {.ip = ip_addr_v4(0)};
	const uint8_t *value = answer(client, type, 0, NULL);

	if (value == NULL)
		return (struct transport_addr){0};
	assert_int_equal(value[1], STUN_FAMILY_IPV4);
	memcpy(&made.port, value + 2, 2);
	memcpy(made.ip.bytes + 12, value + 4, 4);
	return made;
}

/* change < 0: no CHANGE-REQUEST. */
static int bind_at(struct client *client, const char *ip, uint16_t port, int change,
                   struct origin *origin)
{
	struct transport_addr local = transport(ip, port);
	const uint8_t *error;

	ask(client, STUN_BINDING);
	if (change >= 0)
		stun_put_u32(&client->writer, STUN_ATTR_CHANGE_REQUEST, (uint32_t)change);
	client->sent_length = stun_end(&client->writer);
	memcpy(client->sent, client->request, client->sent_length);
	client->length =
	        turn_request(client->worker, &client->flow, &local, client->request,
	                     client->sent_length, sizeof(client->request) - 1, &client->reason);
	if (client->length == 0)
		return DROPPED;
	*origin = (struct origin){.from = local,
	                          .told = plain_addr(client, STUN_ATTR_RESPONSE_ORIGIN),
	                          .other = plain_addr(client, STUN_ATTR_OTHER_ADDRESS)};
	error = answer(client, STUN_ATTR_ERROR_CODE, 0, NULL);
	return error != NULL ? error[2] * 100 + error[3] : 0;
}

static void is_at(const struct transport_addr *addr, const char *ip, uint16_t port)
{
	struct transport_addr wanted = transport(ip, port);

	assert_true(ip_addr_equal(&addr->ip, &wanted.ip));
	assert_int_equal(addr->port, wanted.port);
}

static void test_off(void **state)
{
	struct fixture *fixture = fixture_create(4, 4, 4, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct origin origin;

	assert_int_equal(bind_at(client, FIRST, 3478, -1, &origin), 0);
	assert_int_equal(client->length, 32);
	assert_int_equal(bind_at(client, FIRST, 3478, 0, &origin), 420);
	/* three of four are not enough: what cannot be done is not promised */
	discovery_add(fixture);
	listen_at(fixture, FIRST, 3479, NULL);
	listen_at(fixture, SECOND, 3479, NULL);
	assert_int_equal(bind_at(client, FIRST, 3478, -1, &origin), 0);
	assert_int_equal(client->length, 32);
	assert_int_equal(bind_at(client, FIRST, 3478, 6, &origin), 420);
	is_at(&origin.from, FIRST, 3478);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_origins(void **state)
{
	static const char *const ips[2] = {FIRST, SECOND}, *const tolds[2] = {FIRST, TOLD};
	struct fixture *fixture = fixture_create(4, 4, 4, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct transport_addr mapped;
	struct origin origin;

	discovery_add(fixture);
	listen_at_all(fixture);
	for (int i = 0; i < 16; i++) {
		int ip = i & 1, port = i >> 1 & 1, other_ip = i >> 2 & 1, other_port = i >> 3 & 1;

		assert_int_equal(bind_at(client, ips[ip], 3478 + port,
		                         other_ip << 2 | other_port << 1, &origin),
		                 0);
		is_at(&origin.from, ips[ip ^ other_ip], 3478 + (port ^ other_port));
		is_at(&origin.told, tolds[ip ^ other_ip], 3478 + (port ^ other_port));
		/* ... of where it was asked, whatever is changed */
		is_at(&origin.other, tolds[!ip], 3478 + !port);
		mapped = plain_addr(client, STUN_ATTR_MAPPED_ADDRESS);
		is_at(&mapped, "198.51.100.1", 4000);
		mapped = answer_addr(client, STUN_ATTR_XOR_MAPPED_ADDRESS, 0);
		is_at(&mapped, "198.51.100.1", 4000);
		assert_int_equal(client->length, 32 + 36);
	}
	assert_int_equal(bind_at(client, FIRST, 3478, -1, &origin), 0);
	is_at(&origin.from, FIRST, 3478);
	is_at(&origin.told, FIRST, 3478);
	/* an allocation's requests know nothing of it */
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	stun_put_u32(&client->writer, STUN_ATTR_CHANGE_REQUEST, 6);
	assert_int_equal(send_signed(client), 420);
	client_free(client);
	fixture_destroy(fixture);
}

/* Answers go nowhere else, and are not padded. */
static void test_not_understood(void **state)
{
	struct fixture *fixture = fixture_create(4, 4, 4, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	static const struct {
		uint16_t type, length;
	} rows[] = {{0x0026, 64}, {0x0027, 4}, {STUN_ATTR_CHANGE_REQUEST, 8}};

	discovery_add(fixture);
	listen_at_all(fixture);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		static const uint8_t value[64] = {[3] = 6};
		struct transport_addr local = transport(FIRST, 3478);
		const uint8_t *unknown;
		uint16_t length;

		ask(client, STUN_BINDING);
		if (rows[i].type != STUN_ATTR_CHANGE_REQUEST)
			stun_put_u32(&client->writer, STUN_ATTR_CHANGE_REQUEST, 6);
		ask_bytes(client, rows[i].type, value, rows[i].length);
		client->length = turn_request(client->worker, &client->flow, &local,
		                              client->request, stun_end(&client->writer),
		                              sizeof(client->request) - 1, &client->reason);
		assert_int_equal(answer_u32(client, STUN_ATTR_ERROR_CODE), 4 << 8 | 20);
		unknown = answer(client, STUN_ATTR_UNKNOWN_ATTRIBUTES, 0, &length);
		assert_int_equal(length, 2);
		assert_int_equal(unknown[0] << 8 | unknown[1], rows[i].type);
		is_at(&local, FIRST, 3478);
	}
	client_free(client);
	fixture_destroy(fixture);
}

static void test_configuration(void **state)
{
	struct fixture *fixture = fixture_create(4, 4, 4, 1);
	struct client *client = client_create(fixture, "198.51.100.1", 4000, "alice", "secret1");
	struct turn *turn = fixture->dp.turn;
	const struct sluice_turn_discovery good = {addr(FIRST, 3478), addr(SECOND, 3479)},
	                                   same_ip = {addr(FIRST, 3478), addr(FIRST, 3479)},
	                                   same_port = {addr(FIRST, 0), addr(SECOND, 3478)},
	                                   mixed = {addr(FIRST, 3478), addr("2001:db8::1", 3479)},
	                                   other = {addr(FIRST, 3479), addr(SECOND, 3478)};
	struct origin origin;

	assert_int_equal(turn_discovery_add(turn, &same_ip, 0, fixture->why), -EINVAL);
	assert_int_equal(turn_discovery_add(turn, &same_port, 0, fixture->why), -EINVAL);
	assert_int_equal(turn_discovery_add(turn, &mixed, 0, fixture->why), -EINVAL);
	assert_int_equal(turn_discovery_delete(turn, &good, fixture->why), -ENOENT);
	listen_at_all(fixture);
	discovery_add(fixture);
	assert_int_equal(turn_discovery_add(turn, &good, 0, fixture->why), -EEXIST);
	assert_int_equal(turn_discovery_add(turn, &good, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(turn_discovery_delete(turn, &other, fixture->why), -ENOENT);
	assert_int_equal(turn_discovery_add(turn, &other, SLUICE_API_EXIST_OK, fixture->why), 0);
	assert_int_equal(bind_at(client, SECOND, 3479, 0, &origin), 0);
	is_at(&origin.other, FIRST, 3478);
	assert_int_equal(turn_discovery_delete(turn, &other, fixture->why), 0);
	assert_int_equal(bind_at(client, SECOND, 3479, 0, &origin), 420);
	/* it goes with its line */
	discovery_add(fixture);
	assert_true(turn_policy_now(turn)->discoveries[0].on);
	fixture->dp.config_generation++;
	turn_config_sweep(turn);
	assert_false(turn_policy_now(turn)->discoveries[0].on);
	client_free(client);
	fixture_destroy(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_off),
	        cmocka_unit_test(test_origins),
	        cmocka_unit_test(test_not_understood),
	        cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
