/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and what is answered, without a socket. */
#include "api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <gate_default.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sluice/capture.h>
#include <sluice/log.h>
#include <sluice/port.h>
#include <sluice/session.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include "api/api.h"
#include "common/log.h"
#include "common/request.h"
#include "dataplane.h"
#include "gate/gate.h"
#include "graph/drop.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "srtp/engine.h"
#include "stderr_taken.h"
#include "turn/state.h"

static const struct {
	const char *name;
	uint16_t version, type;
	uint32_t claimed; /* body length in the header */
	uint32_t size;    /* of the record */
	char fill;
	int status;
} garbage[] = {
        {"empty", 0, 0, 0, 0, 0, -EINVAL},
        {"half a header", SLUICE_API_VERSION, SLUICE_VERSION, 0, 10, 0, -EINVAL},
        {"a byte short", SLUICE_API_VERSION, SLUICE_VERSION, 0, 19, 0, -EINVAL},
        {"version 0", 0, SLUICE_VERSION, 0, 20, 0, -EPROTO},
        {"two versions back", SLUICE_API_VERSION - 2, SLUICE_VERSION, 0, 20, 0, -EPROTO},
        {"next version", SLUICE_API_VERSION + 1, SLUICE_VERSION, 0, 20, 0, -EPROTO},
        {"wrong version, unknown type", 99, 0xffff, 0, 20, 0, -EPROTO},
        {"unknown type", SLUICE_API_VERSION, 0xffff, 0, 20, 0, -ENOSYS},
        {"type 0", SLUICE_API_VERSION, 0, 0, 20, 0, -ENOSYS},
        {"the control plane's", SLUICE_API_VERSION, SLUICE_CONFIG_SAVE, 0, 20, 0, -ENOSYS},
        {"claims more", SLUICE_API_VERSION, SLUICE_VERSION, 4, 20, 0, -EINVAL},
        {"claims 4 GB", SLUICE_API_VERSION, SLUICE_VERSION, UINT32_MAX, 20, 0, -EINVAL},
        {"claims less", SLUICE_API_VERSION, SLUICE_VERSION, 0, 24, 0, -EINVAL},
        {"body where none is due", SLUICE_API_VERSION, SLUICE_VERSION, 4, 24, 0, -EINVAL},
        {"no body", SLUICE_API_VERSION, SLUICE_PORT_ADD, 0, 20, 0, -EINVAL},
        {"body too short", SLUICE_API_VERSION, SLUICE_PORT_ADD, 263, 283, 0, -EINVAL},
        {"longest record", SLUICE_API_VERSION, SLUICE_TURN_USER_ADD, SLUICE_API_MESSAGE_MAX - 20,
         SLUICE_API_MESSAGE_MAX, 'x', -EINVAL},
        {"text without end", SLUICE_API_VERSION, SLUICE_TURN_REALM_SET, 128, 148, 'x', -EINVAL},
        {"name without end", SLUICE_API_VERSION, SLUICE_PORT_DELETE, 16, 36, 'x', -EINVAL},
        {"user without end", SLUICE_API_VERSION, SLUICE_ALLOCATION_SHOW, 512, 532, 'x', -EINVAL},
        {"poll mode", SLUICE_API_VERSION, SLUICE_WORKER_POLL_SET, 4, 24, 'x', -EINVAL},
        {"clock", SLUICE_API_VERSION, SLUICE_WORKER_CLOCK_SET, 4, 24, 'x', -EPERM},
        {"empty realm", SLUICE_API_VERSION, SLUICE_TURN_REALM_SET, 128, 148, 0, -EINVAL},
        {"empty port", SLUICE_API_VERSION, SLUICE_PORT_ADD, 264, 284, 0, -EINVAL},
};

static void garbage_refused(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < RTE_DIM(garbage); i++) {
		struct seqpacket_record record = {
		        .header = {garbage[i].version, garbage[i].type, 3, 0, 0,
		                   garbage[i].claimed},
		};

		memset(record.body, garbage[i].fill, sizeof(record.body));
		memset(&answer, 0, sizeof(answer));
		api_handle(fixture->dp, &record, garbage[i].size, answer_take, NULL);
		if (answer.status != garbage[i].status || answer.replies != 1 ||
		    answer.length == 0 || answer.length > SLUICE_API_ERROR_MAX)
			fail_msg("%s: status %d: %.*s", garbage[i].name, answer.status,
			         (int)answer.length, answer.body);
	}
}

/* The dataplane has a handler for what the table says is its own, and for nothing else. A body of
 * the wrong size is refused before any handler. */
static void table_handled(void **state)
{
	struct fixture *fixture = *state;
	const struct request *request = NULL;
	static const uint8_t body[SLUICE_API_MESSAGE_MAX];
	char name[REQUEST_NAME_MAX];

	while ((request = request_next(request)) != NULL) {
		ask(fixture, request->type, 0, body, request->body_size + 1);
		if (answer.status != (request_is_dataplane(request) ? -EINVAL : -ENOSYS))
			fail_msg("%s: status %d: dataplane/api/handlers_*.c and "
			         "common/requests_*.c differ",
			         request_name(request, name), answer.status);
	}
}

static void version_told(void **state)
{
	const struct sluice_version *version = (const void *)answer.body;

	ask(*state, SLUICE_VERSION, 0, "", 0);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.length, sizeof(*version));
	assert_int_equal(version->api, SLUICE_API_VERSION);
	assert_int_equal(version->pid, getpid());
	assert_string_equal(version->program, "sluice-dataplane");
	assert_string_equal(version->srtp, srtp_engine_choose(NULL)->name);
}

/* A control plane of the version before this one is answered as that one was: what it did not have
 * is not sent, and it has no request that came later. */
static void the_version_before_is_spoken(void **state)
{
	struct fixture *fixture = *state;
	const struct sluice_version *version = (const void *)answer.body;
	struct seqpacket_record request = {
	        .header = {SLUICE_API_VERSION_OLDEST, SLUICE_VERSION, 5, 0, 0, 0}};
	const struct request *row = request_of(SLUICE_VERSION);

	memset(&answer, 0, sizeof(answer));
	api_handle(fixture->dp, &request, sizeof(request.header), answer_take, NULL);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.version, SLUICE_API_VERSION_OLDEST);
	assert_int_equal(answer.length, request_row_size(row, SLUICE_API_VERSION_OLDEST));
	assert_int_equal(version->api, SLUICE_API_VERSION_OLDEST);
	assert_int_equal(version->pid, getpid());
	row = NULL;
	while ((row = request_next(row)) != NULL) {
		if (!request_is_dataplane(row) || row->since != SLUICE_API_VERSION)
			continue;
		memset(&answer, 0, sizeof(answer));
		request.header.type = row->type;
		request.header.length = row->body_size;
		api_handle(fixture->dp, &request, sizeof(request.header) + row->body_size,
		           answer_take, NULL);
		assert_int_equal(answer.status, -ENOSYS);
	}
	/* as that one it answers ours */
	fixture->dp->options.api_version = SLUICE_API_VERSION_OLDEST;
	memset(&answer, 0, sizeof(answer));
	request.header = (struct sluice_api_header){SLUICE_API_VERSION, SLUICE_VERSION, 6};
	api_handle(fixture->dp, &request, sizeof(request.header), answer_take, NULL);
	fixture->dp->options.api_version = 0;
	assert_int_equal(answer.status, -EPROTO);
	assert_int_equal(answer.version, SLUICE_API_VERSION_OLDEST);
}

/* What has grown since is no body of the version before. */
static void a_body_is_as_long_as_its_version_has_it(void **state)
{
	struct fixture *fixture = *state;
	static struct seqpacket_record request;
	const struct request *row = NULL;
	char name[REQUEST_NAME_MAX];

	while ((row = request_next(row)) != NULL) {
		if (!request_is_dataplane(row) || row->body_size_before == 0)
			continue;
		memset(&answer, 0, sizeof(answer));
		request.header = (struct sluice_api_header){
		        SLUICE_API_VERSION_OLDEST, row->type, 5, 0, 0, row->body_size};
		api_handle(fixture->dp, &request, sizeof(request.header) + row->body_size,
		           answer_take, NULL);
		if (answer.status != -EINVAL ||
		    memmem(answer.body, answer.length, " has a body of ", 15) == NULL)
			fail_msg("%s: status %d: %.*s", request_name(row, name), answer.status,
			         (int)answer.length, answer.body);
	}
}

static uint64_t counter_value(const char *name)
{
	const struct sluice_counter_row *rows = (const void *)answer.body;

	for (uint32_t i = 0; i < answer.length / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	}
	return UINT64_MAX;
}

static void counters_listed(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_counter_show show = {.nonzero = 0};

	fixture->dp->workers[0]->drops[DROP_NO_ROUTE] = 3;
	ask(fixture, SLUICE_COUNTER_SHOW, 0, &show, sizeof(show));
	assert_int_equal(answer.length % sizeof(struct sluice_counter_row), 0);
	assert_true(answer.length / sizeof(struct sluice_counter_row) > DROP_REASONS);
	assert_int_equal(counter_value("drop.no_route"), 3);
	assert_int_equal(counter_value("drop.ip4_checksum"), 0);
	assert_int_equal(counter_value("worker.ring_full"), 0);
	show.nonzero = 1;
	ask(fixture, SLUICE_COUNTER_SHOW, 0, &show, sizeof(show));
	assert_int_equal(answer.length, sizeof(struct sluice_counter_row));
	assert_int_equal(counter_value("drop.no_route"), 3);
}

/* Each name once, whole, and with what it means. */
static void counters_named(void **state)
{
	const struct sluice_counter_row *rows = (const void *)answer.body;
	struct sluice_counter_show show = {.nonzero = 0};
	uint32_t count;

	ask(*state, SLUICE_COUNTER_SHOW, 0, &show, sizeof(show));
	count = answer.length / sizeof(rows[0]);
	for (uint32_t i = 0; i < count; i++) {
		if (strchr(rows[i].name, '.') == NULL || rows[i].help[0] == '\0' ||
		    rows[i].unit[0] == '\0' || strlen(rows[i].unit) == sizeof(rows[i].unit) - 1 ||
		    strlen(rows[i].name) == sizeof(rows[i].name) - 1 ||
		    strlen(rows[i].help) == sizeof(rows[i].help) - 1)
			fail_msg("%s: %s", rows[i].name, rows[i].help);
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(rows[i].name, rows[j].name);
	}
}

static void workers_and_graph_listed(void **state)
{
	struct fixture *fixture = *state;
	const struct sluice_worker_row *workers = (const void *)answer.body;
	const struct sluice_graph_row *nodes = (const void *)answer.body;
	struct sluice_worker_poll poll = {SLUICE_POLL_BUSY};

	ask(fixture, SLUICE_WORKER_POLL_SET, 0, &poll, sizeof(poll));
	assert_int_equal(answer.status, 0);
	ask(fixture, SLUICE_WORKER_SHOW, 0, "", 0);
	assert_int_equal(answer.length, sizeof(workers[0]));
	assert_int_equal(workers[0].poll, SLUICE_POLL_BUSY);
	ask(fixture, SLUICE_GRAPH_SHOW, 0, "", 0);
	assert_int_equal(answer.length, graph_nodes_count * sizeof(nodes[0]));
	for (uint32_t i = 0; i < graph_nodes_count; i++)
		assert_string_equal(nodes[i].node, graph_nodes[i]->name);
	assert_non_null(strstr(nodes[0].edges, "classify"));
}

static void buffers_counted(void **state)
{
	struct fixture *fixture = *state;
	const struct sluice_pool_row *pool = (const void *)answer.body;
	struct rte_mbuf *mbuf;
	uint32_t before;

	ask(fixture, SLUICE_POOL_SHOW, 0, "", 0);
	assert_int_equal(answer.length, sizeof(*pool));
	assert_int_equal(pool->size, fixture->dp->options.mbufs);
	before = pool->used;
	mbuf = rte_pktmbuf_alloc(fixture->dp->pool);
	assert_non_null(mbuf);
	ask(fixture, SLUICE_POOL_SHOW, 0, "", 0);
	rte_pktmbuf_free(mbuf);
	assert_int_equal(pool->used, before + 1);
}

/* On ports without XDP nobody else sees it. */
static void attack_logged(void **state)
{
	struct gate *gate = ((struct fixture *)*state)->dp->gate;
	struct taken taken;
	char line[256];
	FILE *written;

	stderr_take(&taken);
	gate_tick(gate);
	gate->tables->host.attacked = gate_clock(gate->dp->workers[0]) + 1000000000u;
	gate_tick(gate);
	gate_tick(gate);
	gate->tables->host.attacked = 0;
	gate_tick(gate);
	written = stderr_give(&taken);
	assert_non_null(fgets(line, sizeof(line), written));
	assert_non_null(strstr(line, "gate: the host is under attack"));
	assert_non_null(fgets(line, sizeof(line), written));
	assert_non_null(strstr(line, "gate: the attack on the host is over"));
	assert_null(fgets(line, sizeof(line), written));
	fclose(written);
}

static uint32_t secrets(struct fixture *fixture)
{
	const struct sluice_turn_row *row = (const void *)answer.body;

	ask(fixture, SLUICE_TURN_SHOW, 0, "", 0);
	assert_int_equal(answer.length, sizeof(*row));
	return row->secrets;
}

static void configuration_replayed(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_turn_secret north = {"north"}, south = {"south"};
	struct sluice_allocation_delete none = {99};

	ask(fixture, SLUICE_TURN_SECRET_ADD, 0, &north, sizeof(north));
	assert_int_equal(answer.status, 0);
	ask(fixture, SLUICE_TURN_SECRET_ADD, 0, &north, sizeof(north));
	assert_int_equal(answer.status, -EEXIST);
	ask(fixture, SLUICE_TURN_SECRET_ADD, 0, &south, sizeof(south));
	assert_int_equal(secrets(fixture), 2);
	ask(fixture, SLUICE_CONFIG_BEGIN, 0, "", 0);
	ask(fixture, SLUICE_TURN_SECRET_ADD, SLUICE_API_EXIST_OK, &south, sizeof(south));
	assert_int_equal(answer.status, 0);
	assert_int_equal(secrets(fixture), 2);
	ask(fixture, SLUICE_CONFIG_COMMIT, 0, "", 0);
	assert_int_equal(answer.status, 0);
	assert_int_equal(secrets(fixture), 1);
	ask(fixture, SLUICE_ALLOCATION_DELETE, 0, &none, sizeof(none));
	assert_int_equal(answer.status, -ENOENT);
}

/* With a descriptor; -1: none. */
static void gate_ask(struct fixture *fixture, const struct gate_compiled *compiled, int fd)
{
	static struct seqpacket_record request, reply;
	struct api_holder holder = {0};
	struct api_job job;

	request.header = (struct sluice_api_header){.version = SLUICE_API_VERSION,
	                                            .type = SLUICE_GATE_SET,
	                                            .length = sizeof(*compiled)};
	memcpy(request.body, compiled, sizeof(*compiled));
	api_begin(&job, fixture->dp, &request, sizeof(request.header) + sizeof(*compiled));
	job.holder = &holder;
	job.fd = fd >= 0 ? dup(fd) : -1;
	assert_false(api_next(&job, &reply));
	answer.status = reply.header.status;
}

static bool denies(const struct gate *gate, const struct ip_addr *ip)
{
	return ranges_find(gate_policy_now(gate)->deny, ip) != RANGE_NONE;
}

/* What the control plane compiled, whole or not at all. */
static void gate_is_set(void **state)
{
	struct fixture *fixture = *state;
	struct gate *gate = fixture->dp->gate;
	struct gate_compiled before = gate_compiled_now(gate), compiled = before;
	const struct ip_addr bad = ip_addr_v4(RTE_BE32(0xc0000207));
	struct gate_lpm_key keys[2] = {{.length = 96 + 24}, {.length = 128}};
	struct sluice_gate_row row;
	int fd = memfd_create("test", MFD_CLOEXEC);

	memcpy(keys[0].ip, bad.bytes, sizeof(keys[0].ip));
	keys[1].ip[15] = 1;
	compiled.config.mode = GATE_MODE_OBSERVE;
	compiled.config.source = gate_limit_of(7, 3);
	compiled.config.flags = GATE_FLAG_DENY | GATE_FLAG_TRUST;
	compiled.denied = compiled.trusted = 1;
	gate_ask(fixture, &compiled, -1);
	assert_int_equal(answer.status, -EINVAL);
	assert_int_equal(write(fd, keys, sizeof(keys[0])), sizeof(keys[0]));
	gate_ask(fixture, &compiled, fd); /* holds less */
	assert_int_equal(answer.status, -EINVAL);
	gate_ask(fixture, &compiled, STDIN_FILENO); /* may be a pipe */
	assert_int_equal(answer.status, -EINVAL);
	assert_int_equal(gate->config.mode, GATE_MODE_ENFORCE);
	assert_int_equal(write(fd, &keys[1], sizeof(keys[1])), sizeof(keys[1]));
	gate_ask(fixture, &compiled, fd);
	assert_int_equal(answer.status, 0);
	assert_true(denies(gate, &bad));
	gate_show(gate, &row);
	assert_int_equal(row.mode, SLUICE_GATE_OBSERVE);
	assert_int_equal(row.limits[SLUICE_GATE_SOURCE].rate, 7);
	assert_int_equal(row.limits[SLUICE_GATE_SOURCE].burst, 3);
	assert_int_equal(row.prefixes[SLUICE_GATE_DENY], 1);
	assert_int_equal(row.prefixes[SLUICE_GATE_TRUST], 1);
	/* a policy for another reason has the same lists; COMMIT touches none of it */
	assert_int_equal(gate_policy_publish(gate), 0);
	ask(fixture, SLUICE_CONFIG_BEGIN, 0, "", 0);
	ask(fixture, SLUICE_CONFIG_COMMIT, 0, "", 0);
	assert_true(denies(gate, &bad));
	compiled.config.mode = 9;
	gate_ask(fixture, &compiled, fd);
	assert_int_equal(answer.status, -EINVAL);
	compiled.config.mode = GATE_MODE_OFF;
	compiled.denied = GATE_LPM_MAX + 1;
	gate_ask(fixture, &compiled, fd);
	assert_int_equal(answer.status, -EINVAL);
	assert_true(denies(gate, &bad));
	gate_ask(fixture, &before, -1);
	assert_int_equal(answer.status, 0);
	assert_false(denies(gate, &bad));
	assert_int_equal(gate->config.mode, GATE_MODE_ENFORCE);
	close(fd);
}

/* TURN makes nonces under the keys that came with it. */
static void gate_gives_keys(void **state)
{
	struct fixture *fixture = *state;
	struct gate_compiled compiled = gate_compiled_now(fixture->dp->gate);
	const struct stun_nonce_keys *keys;

	compiled.config.nonce_since = 1000;
	compiled.config.nonce_current = 0;
	compiled.config.nonce[0] = (struct siphash_key){1, 2};
	compiled.config.nonce[GATE_NONCE_KEYS - 1] = (struct siphash_key){3, 4};
	compiled.config.nonce_lifetime_s = 60;
	gate_ask(fixture, &compiled, -1);
	assert_int_equal(answer.status, 0);
	keys = &fixture->dp->turn->policy->nonce_keys;
	assert_int_equal(keys->keys[0].k0, 1);
	assert_int_equal(keys->keys[1].k1, 4);
	assert_int_equal(keys->lifetime_s, 60);
	assert_int_equal(gate_policy_now(fixture->dp->gate)->config.nonce_lifetime_s, 60);
}

/* Some at a time, and in the end how many; here there is none. */
static void allocations_end(void **state)
{
	struct fixture *fixture = *state;
	const struct sluice_allocation_ended *ended = (const void *)answer.body;

	ask(fixture, SLUICE_ALLOCATION_END, 0, "", 0);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.length, sizeof(*ended));
	assert_int_equal(ended->count, 0);
}

static void keys_of_users_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_turn_user user = {.name = "configured", .password = "x"};
	struct sluice_turn_key key = {.name = "fetched", .key = {1}, .refresh_s = 60};
	struct sluice_turn_key gone = {.name = "fetched"};
	struct sluice_turn_lookup lookup = {.on = 1};

	asks(fixture, SLUICE_TURN_LOOKUP_SET, &lookup, sizeof(lookup), 0);
	asks(fixture, SLUICE_TURN_KEY_ADD, &key, sizeof(key), 0);
	asks(fixture, SLUICE_TURN_KEY_ADD, &key, sizeof(key), 0);
	asks(fixture, SLUICE_TURN_USER_ADD, &user, sizeof(user), 0);
	strcpy(key.name, user.name);
	asks(fixture, SLUICE_TURN_KEY_ADD, &key, sizeof(key), -EEXIST);
	asks(fixture, SLUICE_TURN_KEY_DELETE, &gone, sizeof(gone), 0);
	/* nobody has come with another name, nothing has ended */
	asks(fixture, SLUICE_TURN_WANTED_TAKE, "", 0, 0);
	assert_int_equal(answer.length, 0);
	asks(fixture, SLUICE_ALLOCATION_ACCOUNT_TAKE, "", 0, 0);
	assert_int_equal(answer.length, 0);
	lookup.on = 0;
	asks(fixture, SLUICE_TURN_LOOKUP_SET, &lookup, sizeof(lookup), 0);
}

static void alternates_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_turn_alternates alternates = {.generation = 3, .draining = 1};

	asks(fixture, SLUICE_TURN_ALTERNATES_SET, &alternates, sizeof(alternates), 0);
	alternates.count = SLUICE_TURN_ALTERNATES_MAX + 1;
	asks(fixture, SLUICE_TURN_ALTERNATES_SET, &alternates, sizeof(alternates), -EINVAL);
	alternates = (struct sluice_turn_alternates){.generation = 4};
	asks(fixture, SLUICE_TURN_ALTERNATES_SET, &alternates, sizeof(alternates), 0);
}

static void levels_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_log_table table = {0};

	memset(table.levels, SLUICE_LOG_INFO, SLUICE_LOG_AREAS);
	table.levels[SLUICE_LOG_DPDK] = SLUICE_LOG_ERROR;
	table.levels[SLUICE_LOG_GATE] = SLUICE_LOG_DEBUG;
	asks(fixture, SLUICE_LOG_TABLE_SET, &table, sizeof(table), 0);
	assert_int_equal(log_level(SLUICE_LOG_GATE), SLUICE_LOG_DEBUG);
	table.levels[SLUICE_LOG_GATE] = SLUICE_LOG_LEVELS;
	asks(fixture, SLUICE_LOG_TABLE_SET, &table, sizeof(table), -EINVAL);
	assert_int_equal(log_level(SLUICE_LOG_GATE), SLUICE_LOG_DEBUG);
	table.levels[SLUICE_LOG_GATE] = SLUICE_LOG_INFO;
	asks(fixture, SLUICE_LOG_TABLE_SET, &table, sizeof(table), 0);
}

/* Tests alone turn the clock, and by a time that is one. */
static void the_clock_is_turned(void **state)
{
	struct fixture *fixture = *state;
	struct worker *worker = fixture->dp->workers[0];
	struct sluice_worker_clock clock = {.forward_s = 7};
	uint64_t skew = worker->tsc_skew;

	asks(fixture, SLUICE_WORKER_CLOCK_SET, &clock, sizeof(clock), -EPERM);
	fixture->dp->options.test_clock = true;
	asks(fixture, SLUICE_WORKER_CLOCK_SET, &clock, sizeof(clock), 0);
	assert_int_equal(worker->tsc_skew - skew, 7 * worker->tsc_hz);
	clock.forward_s = 0;
	asks(fixture, SLUICE_WORKER_CLOCK_SET, &clock, sizeof(clock), -EINVAL);
	clock.forward_s = 1000001;
	asks(fixture, SLUICE_WORKER_CLOCK_SET, &clock, sizeof(clock), -EINVAL);
	assert_int_equal(worker->tsc_skew - skew, 7 * worker->tsc_hz);
	worker->tsc_skew = skew;
	fixture->dp->options.test_clock = false;
}

/* Calls would end without a ledger: then nothing is handed over, and nothing stops. */
static void nothing_is_handed_over_without_a_ledger(void **state)
{
	struct fixture *fixture = *state;

	asks(fixture, SLUICE_HAND_OVER, "", 0, -EOPNOTSUPP);
	assert_non_null(strstr((const char *)answer.body, "without a ledger"));
	assert_int_equal(fixture->dp->hand_over, HAND_OVER_NONE);
}

static void captures_want_a_descriptor(void **state)
{
	struct fixture *fixture = *state;
	struct sluice_capture want = {
	        .filter = {.points = 1u << SLUICE_CAPTURE_RECEIVED}, .snap = 64, .buffer_kb = 64};

	asks(fixture, SLUICE_CAPTURE_START, &want, sizeof(want), -EBADF);
	want.filter.points = 1u << SLUICE_CAPTURE_DECRYPTED;
	ask(fixture, SLUICE_CAPTURE_START, 0, &want, sizeof(want));
	assert_true(answer.status < 0);
	/* another connection's is none of this one's */
	asks(fixture, SLUICE_CAPTURE_FILE, "", 0, -ENOENT);
	asks(fixture, SLUICE_CAPTURE_STOP, "", 0, -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(garbage_refused),
	        cmocka_unit_test(table_handled),
	        cmocka_unit_test(version_told),
	        cmocka_unit_test(the_version_before_is_spoken),
	        cmocka_unit_test(a_body_is_as_long_as_its_version_has_it),
	        cmocka_unit_test(counters_listed),
	        cmocka_unit_test(counters_named),
	        cmocka_unit_test(workers_and_graph_listed),
	        cmocka_unit_test(buffers_counted),
	        cmocka_unit_test(attack_logged),
	        cmocka_unit_test(configuration_replayed),
	        cmocka_unit_test(gate_is_set),
	        cmocka_unit_test(gate_gives_keys),
	        cmocka_unit_test(allocations_end),
	        cmocka_unit_test(keys_of_users_are_told),
	        cmocka_unit_test(alternates_are_told),
	        cmocka_unit_test(levels_are_told),
	        cmocka_unit_test(the_clock_is_turned),
	        cmocka_unit_test(nothing_is_handed_over_without_a_ledger),
	        cmocka_unit_test(captures_want_a_descriptor),
	};

	return cmocka_run_group_tests(tests, fixture_make, fixture_free);
}
