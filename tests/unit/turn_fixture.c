/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn_fixture.h"

#include "ledger/ledger.h"
#include "net/mirror.h"
#include "random.h"
#include "stream/stream.h"
#include "turn/record.h"
#include "turn/take.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#define START 1000

/* -- what the server needs of the rest of the dataplane -- */

void dataplane_quiesce(struct dataplane *dp)
{
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
}

void worker_call(struct worker *worker, void (*run)(struct worker *worker, void *arg), void *arg)
{
	run(worker, arg);
}

void services_free(struct services *services)
{
	if (services == NULL)
		return;
	services_free(services->announced);
	free(services->slots);
	free(services->list);
	free(services);
}

static struct service_slot *slot_for(struct services *services, const struct ip_addr *ip)
{
	uint32_t i = service_hash(ip) & services->mask;

	while (services->slots[i].count != 0 && !ip_addr_equal(&services->slots[i].ip, ip))
		i = (i + 1) & services->mask;
	services->slots[i].ip = *ip;
	return &services->slots[i];
}

uint32_t fixture_absent;

static struct services *services_make(const struct service *list, uint32_t count)
{
	struct services *services = calloc(1, sizeof(*services));
	uint32_t n = 0;

	if (services == NULL)
		return NULL;
	services->mask = 2047;
	services->slots = calloc(2048, sizeof(services->slots[0]));
	services->list = calloc(count + 1, sizeof(*list));
	if (services->slots == NULL || services->list == NULL) {
		services_free(services);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct service_slot *slot = slot_for(services, &list[i].ip);

		if (slot->count != 0)
			continue;
		slot->first = n;
		for (uint32_t j = i; j < count; j++)
			if (ip_addr_equal(&list[j].ip, &list[i].ip)) {
				services->list[n++] = list[j];
				slot->count++;
			}
	}
	return services;
}

int services_set(struct dataplane *dp, const struct service *list, uint32_t count,
                 const struct service *announced, uint32_t n_announced)
{
	struct services *old = dp->services, *made = services_make(list, count);

	if (made != NULL && n_announced != 0) {
		made->announced = services_make(announced, n_announced);
		if (made->announced == NULL) {
			services_free(made);
			made = NULL;
		}
	}
	if (made == NULL)
		return -ENOMEM;
	dp->services = made;
	services_free(old);
	return 0;
}

int stream_listen(struct dataplane *dp, uint32_t index, const struct transport_addr *addr,
                  uint32_t transport, const struct stream_proxy *proxy, char *why)
{
	return 0;
}

void stream_proxy_set(struct dataplane *dp, uint32_t index, const struct stream_proxy *proxy)
{
}

void stream_listen_end(struct dataplane *dp, uint32_t index)
{
}

uint32_t stream_connections(const struct dataplane *dp, uint32_t index)
{
	return 0;
}

uint32_t stream_connections_all(const struct dataplane *dp, uint32_t *max)
{
	*max = 0;
	return 0;
}

bool stream_address_is_here(const struct ip_addr *ip)
{
	return true;
}

bool mirror_has_address(const struct dataplane *dp, const struct ip_addr *ip)
{
	return ip->words[3] != fixture_absent;
}

/* -- the server -- */

void fixture_eal(void)
{
	static bool done;
	char *arguments[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
	                     "-m",   "512",       "-l",          "0",        "--log-level=3"};

	if (!done)
		assert_true(rte_eal_init(RTE_DIM(arguments), arguments) >= 0);
	done = true;
}

static void worker_make(struct fixture *fixture, uint16_t id)
{
	struct worker *worker = &fixture->workers[id];

	worker->dp = &fixture->dp;
	worker->id = id;
	worker->tsc_hz = rte_get_tsc_hz();
	worker->now = START;
	worker->random = random_create();
	fixture->dp.workers[id] = worker;
	rte_rcu_qsbr_thread_register(fixture->dp.qsbr, id);
	worker->turn = turn_worker_create(worker);
	assert_non_null(worker->turn);
	fixture->dp.n_workers++;
}

const char *fixture_ledger;

static void ledger_begin(struct fixture *fixture)
{
	struct ledger_shape shapes[RECORD_SHAPES];

	if (fixture_ledger == NULL)
		return;
	fixture->dp.ledger = ledger_create(
	        fixture_ledger, shapes, record_shapes(&fixture->dp.options, shapes), fixture->why);
	assert_non_null(fixture->dp.ledger);
}

void (*fixture_before_take)(void);

static void ledger_take(struct fixture *fixture)
{
	struct ledger *ledger = fixture->dp.ledger;

	if (ledger == NULL)
		return;
	if (fixture_before_take != NULL)
		fixture_before_take();
	if (ledger->old != NULL)
		assert_int_equal(turn_take(fixture->dp.turn), 0);
	assert_int_equal(ledger_commit(ledger), 0);
}

struct fixture *fixture_create_bare(uint32_t allocations, uint32_t permissions, uint32_t channels,
                                    uint32_t workers)
{
	struct fixture *fixture = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*fixture), 64));
	struct dataplane *dp = &fixture->dp;

	fixture_eal();
	memset(fixture, 0, sizeof(*fixture));
	dp->options.workers = workers;
	dp->options.max_allocations = allocations;
	dp->options.max_permissions = permissions;
	dp->options.max_channels = channels;
	dp->options.max_channels_per_allocation = 256;
	dp->tsc_start = rte_rdtsc();
	dp->qsbr = rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(workers), 64);
	rte_rcu_qsbr_init(dp->qsbr, workers);
	assert_int_equal(services_set(dp, NULL, 0, NULL, 0), 0);
	ledger_begin(fixture);
	dp->turn = turn_create(dp);
	assert_non_null(dp->turn);
	for (uint32_t id = 0; id < workers; id++)
		worker_make(fixture, id);
	ledger_take(fixture);
	fixture->unix_now = 1800000000;
	turn_tick(dp->turn, fixture->unix_now);
	return fixture;
}

void fixture_configure(struct fixture *fixture)
{
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_realm realm = {REALM};
	struct sluice_turn_secret secret = {"north"};
	struct sluice_turn_user users[] = {{"alice", "secret1"}, {"bob", "secret2"}};
	struct sluice_turn_listen listens[] = {{addr("192.0.2.1", 3478)}, {addr("2001:db8::1", 0)}};
	struct sluice_turn_relay relays[] = {{addr("192.0.2.2", 0), 50000, 50099},
	                                     {addr("2001:db8::2", 0), 50000, 50099}};
	struct sluice_turn_peer peers[] = {
	        {addr("198.51.100.0", 0), 24, SLUICE_TURN_PEER_ALLOW, 0},
	        {addr("2001:db8:5::", 0), 48, SLUICE_TURN_PEER_ALLOW, 0}};

	assert_int_equal(turn_realm_set(turn, &realm, fixture->why), 0);
	assert_int_equal(turn_secret_add(turn, &secret, 0, fixture->why), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(turn_user_add(turn, &users[i], 0, fixture->why), 0);
		assert_int_equal(turn_listen_add(turn, &listens[i], 0, fixture->why), 0);
		assert_int_equal(turn_relay_add(turn, &relays[i], 0, fixture->why), 0);
		assert_int_equal(turn_peer_add(turn, &peers[i], 0, fixture->why), 0);
	}
}

struct sluice_turn_listen tenants_listen(const char *realm)
{
	struct sluice_turn_listen listen = {.addr = addr("192.0.2.1", 3479)};

	snprintf(listen.realm, sizeof(listen.realm), "%s", realm);
	return listen;
}

struct sluice_turn_user tenants_user(const char *name, const char *password)
{
	struct sluice_turn_user user = {.realm = TENANT};

	snprintf(user.name, sizeof(user.name), "%s", name);
	snprintf(user.password, sizeof(user.password), "%s", password);
	return user;
}

void fixture_tenant(struct fixture *fixture)
{
	struct turn *turn = fixture->dp.turn;
	struct sluice_turn_realm realm = {TENANT};
	struct sluice_turn_listen listen = tenants_listen(TENANT);
	struct sluice_turn_user user = tenants_user("alice", "other");

	assert_int_equal(turn_realm_add(turn, &realm, 0, fixture->why), 0);
	assert_int_equal(turn_listen_add(turn, &listen, 0, fixture->why), 0);
	assert_int_equal(turn_user_add(turn, &user, 0, fixture->why), 0);
}

struct fixture *fixture_create(uint32_t allocations, uint32_t permissions, uint32_t channels,
                               uint32_t workers)
{
	struct fixture *fixture = fixture_create_bare(allocations, permissions, channels, workers);

	fixture_configure(fixture);
	return fixture;
}

void fixture_destroy(struct fixture *fixture)
{
	ledger_close(fixture->dp.ledger);
	fixture->dp.ledger = NULL;
	for (uint16_t id = 0; id < fixture->dp.n_workers; id++) {
		turn_worker_destroy(fixture->workers[id].turn);
		random_destroy(fixture->workers[id].random);
	}
	turn_destroy(fixture->dp.turn);
	services_free(fixture->dp.services);
	rte_free(fixture->dp.qsbr);
	free(fixture);
}

void fixture_time(struct fixture *fixture, uint32_t now)
{
	for (uint16_t id = 0; id < fixture->dp.n_workers; id++)
		fixture->workers[id].now = now;
	for (int round = 0; round < 200; round++)
		for (uint16_t id = 0; id < fixture->dp.n_workers; id++)
			turn_housekeep(&fixture->workers[id]);
}

uint64_t counted(struct fixture *fixture, enum turn_counter counter)
{
	return turn_counter_sum(fixture->dp.turn, counter);
}

struct transport_addr transport(const char *ip, uint16_t port)
{
	struct transport_addr made = {.port = htons(port)};
	uint32_t v4;

	if (inet_pton(AF_INET, ip, &v4) == 1)
		made.ip = ip_addr_v4(v4);
	else
		assert_int_equal(inet_pton(AF_INET6, ip, made.ip.bytes), 1);
	return made;
}

struct sluice_addr addr(const char *ip, uint16_t port)
{
	struct transport_addr from = transport(ip, port);
	struct sluice_addr made = {.port = from.port};

	memcpy(made.ip, from.ip.bytes, sizeof(made.ip));
	return made;
}

/* -- the client -- */

struct client *client_create(struct fixture *fixture, const char *ip, uint16_t port,
                             const char *user, const char *password)
{
	struct client *client = calloc(1, sizeof(*client));
	struct transport_addr from = transport(ip, port);

	client->fixture = fixture;
	client->worker = &fixture->workers[0];
	client->flow.src = from.ip;
	client->flow.src_port = from.port;
	client->flow.service = ip_addr_is_v4(&from.ip) ? 0 : 1;
	client->user = user;
	client->user_length = strlen(user);
	client->password = password;
	client->realm = REALM;
	stun_key_long_term(&client->key, user, strlen(user), REALM, password, strlen(password));
	return client;
}

struct client *tenants_client(struct fixture *fixture, uint16_t port, const char *user,
                              const char *password)
{
	struct client *client = client_create(fixture, "192.0.2.60", port, user, password);

	client->flow.service = TENANT_SERVICE;
	client->realm = TENANT;
	stun_key_long_term(&client->key, user, strlen(user), TENANT, password, strlen(password));
	return client;
}

void client_free(struct client *client)
{
	free(client);
}

void ask(struct client *client, enum stun_method method)
{
	uint8_t transaction[STUN_TRANSACTION_SIZE] = "transact";

	client->serial++;
	memcpy(transaction + 8, &client->serial, sizeof(client->serial));
	stun_begin(&client->writer, client->request, 60000, method, STUN_REQUEST, transaction);
}

void ask_peer(struct client *client, const char *ip, uint16_t port)
{
	struct transport_addr peer = transport(ip, port);

	stun_put_xor_addr(&client->writer, STUN_ATTR_XOR_PEER_ADDRESS, &peer.ip, peer.port);
}

void ask_bytes(struct client *client, enum stun_attr_type type, const void *bytes, uint16_t length)
{
	stun_put_bytes(&client->writer, type, bytes, length);
}

void ask_family(struct client *client, enum stun_attr_type type, uint8_t family)
{
	stun_put_u32(&client->writer, type, (uint32_t)family << 24);
}

void ask_transport(struct client *client)
{
	stun_put_u32(&client->writer, STUN_ATTR_REQUESTED_TRANSPORT, 17u << 24);
}

static int answer_code(struct client *client)
{
	const uint8_t *error;

	if (client->length == 0)
		return DROPPED;
	assert_true(stun_header_valid(client->request, client->length));
	assert_memory_equal(client->request + 8, client->sent + 8, STUN_TRANSACTION_SIZE);
	assert_int_equal(stun_method_of(client->request), stun_method_of(client->sent));
	if (stun_class_of(client->request) == STUN_SUCCESS)
		return 0;
	assert_int_equal(stun_class_of(client->request), STUN_ERROR);
	error = answer(client, STUN_ATTR_ERROR_CODE, 0, NULL);
	assert_non_null(error);
	return error[2] * 100 + error[3];
}

int send_again(struct client *client)
{
	struct transport_addr local = {.port = htons(3478)};

	memcpy(client->request, client->sent, client->sent_length);
	client->reason = DROP_NONE;
	client->length =
	        turn_request(client->worker, &client->flow, &local, client->request,
	                     client->sent_length, sizeof(client->request) - 1, &client->reason);
	return answer_code(client);
}

int send_plain(struct client *client)
{
	client->sent_length = stun_end(&client->writer);
	assert_true(client->sent_length != 0);
	memcpy(client->sent, client->request, client->sent_length);
	return send_again(client);
}

static void nonce_take(struct client *client)
{
	const uint8_t *nonce = answer(client, STUN_ATTR_NONCE, 0, &client->nonce_length);

	assert_non_null(nonce);
	memcpy(client->nonce, nonce, client->nonce_length);
}

/* What was built so far waits meanwhile. */
static void nonce_fetch(struct client *client)
{
	struct client *scratch = malloc(sizeof(*scratch));

	*scratch = *client;
	/* whatever is done with new clients, this is answered by a nonce */
	ask(scratch, STUN_REFRESH);
	assert_int_equal(send_plain(scratch), 401);
	nonce_take(scratch);
	memcpy(client->nonce, scratch->nonce, sizeof(client->nonce));
	client->nonce_length = scratch->nonce_length;
	client->serial = scratch->serial;
	free(scratch);
}

/* Signed requests pay for every error that answers them: nobody gains by a nonce of another's. */
int send_signed(struct client *client)
{
	int code;

	if (client->nonce_length == 0)
		nonce_fetch(client);
	ask_bytes(client, STUN_ATTR_USERNAME, client->user, client->user_length);
	ask_bytes(client, STUN_ATTR_REALM, client->realm, strlen(client->realm));
	ask_bytes(client, STUN_ATTR_NONCE, client->nonce, client->nonce_length);
	stun_put_integrity(&client->writer, &client->key);
	code = send_plain(client);
	if (code > 0)
		assert_true(client->length <= client->sent_length);
	return code;
}

const uint8_t *answer(const struct client *client, enum stun_attr_type type, int n,
                      uint16_t *length)
{
	struct stun_cursor cursor = {client->request, STUN_HEADER_SIZE, client->length};
	struct stun_attr attr;

	while (stun_attr_next(&cursor, &attr) > 0) {
		if (attr.type != type || n-- > 0)
			continue;
		if (length != NULL)
			*length = attr.value.length;
		return client->request + attr.value.offset;
	}
	return NULL;
}

uint32_t answer_u32(const struct client *client, enum stun_attr_type type)
{
	const uint8_t *value = answer(client, type, 0, NULL);
	uint32_t be;

	assert_non_null(value);
	memcpy(&be, value, sizeof(be));
	return ntohl(be);
}

struct transport_addr answer_addr(const struct client *client, enum stun_attr_type type, int n)
{
	uint16_t length;
	const uint8_t *value = answer(client, type, n, &length);
	struct transport_addr made = {.ip = ip_addr_v4(0)};
	uint16_t size = length - 4;

	assert_non_null(value);
	assert_int_equal(value[1], size == 4 ? STUN_FAMILY_IPV4 : STUN_FAMILY_IPV6);
	for (int i = 0; i < size; i++)
		made.ip.bytes[16 - size + i] = value[4 + i] ^ client->request[4 + i];
	made.port = (uint16_t)((value[2] ^ 0x21) | (value[3] ^ 0x12) << 8);
	return made;
}

bool answer_signed(const struct client *client)
{
	struct stun_message message;

	assert_int_equal(stun_parse(&message, client->request, client->length), 0);
	return stun_integrity_ok(&message, &client->key);
}

int allocate(struct client *client)
{
	ask(client, STUN_ALLOCATE);
	ask_transport(client);
	return send_signed(client);
}

int refresh(struct client *client, uint32_t lifetime)
{
	ask(client, STUN_REFRESH);
	stun_put_u32(&client->writer, STUN_ATTR_LIFETIME, lifetime);
	return send_signed(client);
}

int permit(struct client *client, const char *ip)
{
	ask(client, STUN_CREATE_PERMISSION);
	ask_peer(client, ip, 0);
	return send_signed(client);
}

int bind_channel(struct client *client, uint16_t number, const char *ip, uint16_t port)
{
	ask(client, STUN_CHANNEL_BIND);
	stun_put_u32(&client->writer, STUN_ATTR_CHANNEL_NUMBER, (uint32_t)number << 16);
	ask_peer(client, ip, port);
	return send_signed(client);
}

struct allocation *allocation_of(struct client *client)
{
	struct turn *turn = client->fixture->dp.turn;

	for (uint32_t i = 1; i <= turn->pools[TURN_OBJECT_ALLOCATION].count; i++) {
		struct allocation *allocation = turn_allocation(turn, i);

		if (allocation->expires != 0 &&
		    memcmp(&allocation->client, &client->flow, sizeof(client->flow)) == 0)
			return allocation;
	}
	return NULL;
}
