/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts of allocations in a real redis-server, as coturn's statsdb has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"
#include "redis_fixture.h"

#include <sluice/accounting.h>

#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>
#include <jansson.h>

#define ROWS_PER_ANSWER 15
#define ANSWERS         40
#define ROWS            (ROWS_PER_ANSWER * ANSWERS)

static uint16_t server_port;

static int published_setup(void **state)
{
	char lines[256];

	server_port = redis_start();
	snprintf(lines, sizeof(lines),
	         "turn realm sluice\nregion add a redis 127.0.0.1:%u\n"
	         "node set a-1 region a addr4 127.0.0.1:9\naccounting redis on\n",
	         server_port);
	*state = control_start(lines);
	return 0;
}

static int published_teardown(void **state)
{
	control_stop(*state);
	redis_kill();
	return 0;
}

/* As many as one answer holds, and that answer so many times. */
static void accounts_come(struct control *control, uint32_t times)
{
	struct sluice_allocation_account rows[ROWS_PER_ANSWER] = {0};
	struct control_answer *answer;

	dataplane_away(control); /* the question that is open ends, and comes again */
	for (uint32_t i = 0; i < ROWS_PER_ANSWER; i++) {
		rows[i] = (struct sluice_allocation_account){
		        .id = 100 + i,
		        .began = 1000,
		        .ended = 1050,
		        .user = "ann",
		        .to_peer_packets = 3,
		        .to_peer_bytes = 1234,
		        .to_client_packets = 4,
		        .to_client_bytes = 567,
		};
	}
	answer = dataplane_answers(control, SLUICE_ALLOCATION_ACCOUNT_TAKE, 0, rows, sizeof(rows));
	answer->flags = SLUICE_API_MORE;
	answer->times = times;
	dataplane_back(control);
}

/* A number of the row about Redis. */
static uint64_t redis_has(struct control *control, const char *key)
{
	json_t *rows, *row;
	uint64_t number = 0;
	size_t i;

	assert_int_equal(control_do(control, "accounting show"), 0);
	rows = json_loads(control->said, 0, NULL);
	assert_int_equal(json_array_size(rows), 4);
	json_array_foreach(rows, i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "to")), "redis") == 0)
			number = (uint64_t)json_integer_value(json_object_get(row, key));
	}
	json_decref(rows);
	return number;
}

static bool has_told(struct control *control, uint64_t told, uint64_t lost)
{
	return redis_has(control, "told") == told && redis_has(control, "lost") == lost &&
	       redis_has(control, "waiting") == 0;
}

static redisContext *subscriber_start(void)
{
	redisContext *subscriber = redisConnect("127.0.0.1", server_port);

	assert_int_equal(subscriber->err, 0);
	freeReplyObject(redisCommand(subscriber, "PSUBSCRIBE turn/*"));
	return subscriber;
}

static void message_is(redisContext *subscriber, const char *channel, const char *message)
{
	redisReply *reply;

	assert_int_equal(redisGetReply(subscriber, (void **)&reply), REDIS_OK);
	assert_int_equal(reply->elements, 4);
	assert_string_equal(reply->element[2]->str, channel);
	assert_string_equal(reply->element[3]->str, message);
	freeReplyObject(reply);
}

static void each_is_published(void **state)
{
	struct control *control = *state;
	redisContext *subscriber = subscriber_start();
	char channel[128];

	accounts_come(control, ANSWERS);
	control_await(control, has_told(control, ROWS, 0));
	for (uint32_t i = 0; i < ROWS; i++) {
		int length = snprintf(channel, sizeof(channel),
		                      "turn/realm/sluice/user/ann/allocation/%018u/",
		                      100 + i % ROWS_PER_ANSWER);

		snprintf(channel + length, sizeof(channel) - length, "status");
		message_is(subscriber, channel, "deleted");
		snprintf(channel + length, sizeof(channel) - length, "total_traffic");
		message_is(subscriber, channel, "rcvp=3, rcvb=1234, sentp=4, sentb=567");
		snprintf(channel + length, sizeof(channel) - length, "total_traffic/peer");
		message_is(subscriber, channel, "rcvp=4, rcvb=567, sentp=3, sentb=1234");
	}
	redisFree(subscriber);
}

static void they_wait_while_redis_is_away(void **state)
{
	struct control *control = *state;

	accounts_come(control, 1);
	control_await(control, has_told(control, ROWS_PER_ANSWER, 0));
	redis_kill();
	accounts_come(control, ANSWERS);
	control_await(control, redis_has(control, "waiting") == ROWS);
	redis_start();
	control_await(control, has_told(control, ROWS + ROWS_PER_ANSWER, 0));
}

static void what_redis_refuses_is_lost_and_counted(void **state)
{
	struct control *control = *state;

	redis_run(0, "ACL SETUSER default -publish");
	accounts_come(control, 2);
	control_await(control, has_told(control, 0, 2 * ROWS_PER_ANSWER));
	redis_run(0, "ACL SETUSER default +publish");
	accounts_come(control, 1);
	control_await(control, has_told(control, ROWS_PER_ANSWER, 2 * ROWS_PER_ANSWER));
}

static void off_forgets_what_waits(void **state)
{
	struct control *control = *state;

	redis_kill();
	accounts_come(control, 2);
	control_await(control, redis_has(control, "waiting") == 2 * ROWS_PER_ANSWER);
	assert_int_equal(control_do(control, "accounting redis off"), 0);
	assert_int_equal(redis_has(control, "waiting"), 0);
	assert_int_equal(control_do(control, "accounting redis on"), 0);
	assert_int_equal(redis_has(control, "waiting"), 0);
	redis_start();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, published_setup, published_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_is_published),
	        TEST(they_wait_while_redis_is_away),
	        TEST(what_redis_refuses_is_lost_and_counted),
	        TEST(off_forgets_what_waits),
	};

	if (!redis_is_installed()) {
		fprintf(stderr, "no redis-server: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
