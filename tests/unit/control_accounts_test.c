/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocations that have ended: lines of the log, what is kept, and who had which address when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include <sluice/turn.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROWS_PER_ANSWER 15
#define ANSWERS         20

static struct sluice_addr addr4(const char *text, uint16_t port)
{
	struct sluice_addr addr = {.ip = {[10] = 0xff, 0xff}, .port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, text, addr.ip + 12), 1);
	return addr;
}

static struct sluice_addr addr6(const char *text, uint16_t port)
{
	struct sluice_addr addr = {.port = htons(port)};

	assert_int_equal(inet_pton(AF_INET6, text, addr.ip), 1);
	return addr;
}

/* Ended so many seconds ago, after a life of 50. */
static struct sluice_allocation_account account(uint64_t id, const char *user, uint16_t port,
                                                uint32_t ago)
{
	uint64_t now = (uint64_t)time(NULL);
	struct sluice_allocation_account row = {
	        .id = id,
	        .began = now - ago - 50,
	        .ended = now - ago,
	        .client = addr4("198.18.1.2", port),
	        .server = addr4("198.18.1.1", 3478),
	        .relayed = {addr4("203.0.113.1", (uint16_t)(port + 10000))},
	        .seconds = 50,
	        .to_peer_packets = 3,
	        .to_peer_bytes = 1234,
	        .to_client_packets = 4,
	        .to_client_bytes = 567,
	};

	snprintf(row.user, sizeof(row.user), "%s", user);
	return row;
}

/* They come once: the request stays open behind them, as the dataplane's does. */
static struct control_answer *
accounts_are(struct control *control, const struct sluice_allocation_account *rows, uint32_t count)
{
	struct control_answer *answer = dataplane_answers(control, SLUICE_ALLOCATION_ACCOUNT_TAKE,
	                                                  0, rows, count * sizeof(*rows));

	answer->flags = SLUICE_API_MORE;
	return answer;
}

static uint32_t history(struct control *control, const char *line)
{
	uint32_t count = 0;

	if (control_do(control, line) != 0)
		fail_msg("%s: %s", line, control->said);
	for (const char *at = control->said; (at = strstr(at, "\"id\":")) != NULL; at++)
		count++;
	return count;
}

static bool says(const struct control *control, const char *text)
{
	return strstr(control->said, text) != NULL;
}

static int keep_setup(void **state)
{
	*state = control_start("turn realm sluice\naccounting log on\n"
	                       "accounting keep rows 100 days 1\n");
	return 0;
}

/* ann with a time on either side, bob with two families, and one of two days ago. */
static void four_end(struct control *control)
{
	struct sluice_allocation_account rows[] = {
	        account(6, "old", 40006, 2 * 86400),
	        account(7, "1900000000:ann", 40007, 1000),
	        account(8, "bob", 40008, 900),
	        account(9, "ann:1900000000", 40009, 100),
	};

	rows[2].relayed[1] = addr6("2001:db8::1", 50008);
	accounts_are(control, rows, 4);
	control_await(control, control_logged(control, "allocation 9 ended"));
}

static struct sluice_allocation_row living(uint64_t id, const char *user)
{
	struct sluice_allocation_row row = {
	        .id = id,
	        .client = addr4("198.18.1.3", 40000),
	        .server = addr4("198.18.1.1", 3478),
	        .relayed = {addr4("203.0.113.1", 51000)},
	        .age_s = 5,
	        .to_peer_bytes = 99,
	};

	snprintf(row.user, sizeof(row.user), "%s", user);
	return row;
}

static void each_end_is_a_line(void **state)
{
	struct control *control = *state;

	four_end(control);
	assert_true(control_logged(control,
	                           "allocation 7 ended: relayed 203.0.113.1:50007, client "
	                           "198.18.1.2:40007, user 1900000000:ann, realm sluice, udp, 50 "
	                           "s, to peers 3 packets 1234 bytes, to the client 4 packets 567 "
	                           "bytes, expired"));
	assert_true(
	        control_logged(control, "relayed 203.0.113.1:50008 [2001:db8::1]:50008, client"));
}

static void who_had_it_is_found(void **state)
{
	struct control *control = *state;
	struct sluice_allocation_row row = living(11, "ann");

	four_end(control);
	dataplane_answers(control, SLUICE_ALLOCATION_SHOW, 0, &row, sizeof(row));
	/* the one of two days ago is forgotten within a second */
	control_await(control, history(control, "allocation history") == 4);
	assert_false(says(control, "\"user\":\"old\""));
	assert_int_equal(history(control, "allocation history user ann"), 3);
	assert_true(says(control, "\"id\":7,"));
	assert_true(says(control, "\"id\":9,"));
	assert_true(says(control, "\"reason\":\"lives\""));
	assert_true(says(control, "\"to_peer_bytes\":99"));
	assert_int_equal(history(control, "allocation history user nn"), 0);
	assert_int_equal(history(control, "allocation history user 1900000000"), 0);
	assert_int_equal(history(control, "allocation history user 1900000000:ann"), 1);
	assert_int_equal(history(control, "allocation history relayed 203.0.113.1"), 4);
	assert_int_equal(history(control, "allocation history relayed 203.0.113.1:50007"), 1);
	assert_true(says(control, "\"id\":7,"));
	assert_int_equal(history(control, "allocation history relayed [2001:db8::1]:50008"), 1);
	assert_true(says(control, "\"id\":8,"));
	assert_int_equal(history(control, "allocation history relayed [2001:db8::1]:50009"), 0);
	assert_int_equal(history(control, "allocation history client 198.18.1.3"), 1);
	assert_true(says(control, "\"id\":11,"));
	assert_int_equal(history(control, "allocation history client 198.18.1.3:40001"), 0);
}

/* With the time of so many seconds before `now`. */
static uint32_t history_then(struct control *control, const char *word, time_t now, uint32_t ago)
{
	time_t then = now - ago;
	char when[32], line[128];

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", gmtime(&then));
	snprintf(line, sizeof(line), "allocation history %s %s", word, when);
	return history(control, line);
}

static void when_it_was_is_asked(void **state)
{
	struct control *control = *state;
	struct sluice_allocation_row row = living(11, "ann");
	time_t now = time(NULL);

	four_end(control);
	dataplane_answers(control, SLUICE_ALLOCATION_SHOW, 0, &row, sizeof(row));
	control_await(control, history(control, "allocation history") == 4);
	/* 7 lived from 1050 to 1000 s ago, 8 from 950, 9 from 150; 11 lives */
	assert_int_equal(history_then(control, "at", now, 1025), 1);
	assert_true(says(control, "\"id\":7,"));
	assert_int_equal(history_then(control, "at", now, 500), 0);
	assert_int_equal(history_then(control, "since", now, 500), 2);
	assert_false(says(control, "\"id\":8,"));
}

/* A dataplane that is away has nothing that lives; what is kept stays, over a restart as well. */
static void what_is_kept_outlives(void **state)
{
	struct control *control = *state;
	struct sluice_allocation_row row = living(11, "ann");

	four_end(control);
	dataplane_answers(control, SLUICE_ALLOCATION_SHOW, 0, &row, sizeof(row));
	control_await(control, history(control, "allocation history") == 4);
	accounts_are(control, NULL, 0);
	control_restart(control, SIGTERM);
	control_await(control, history(control, "allocation history") == 4);
	dataplane_away(control);
	control_await(control, history(control, "allocation history") == 3);
	dataplane_back(control);
	control_await(control, history(control, "allocation history") == 4);
}

/* More than one reply holds, of the file and of the dataplane. */
static void many_are_told(void **state)
{
	struct control *control = *state;
	struct sluice_allocation_account rows[ROWS_PER_ANSWER];
	struct sluice_allocation_row lives[20];

	assert_int_equal(control_do(control, "accounting keep rows 1000"), 0);
	for (uint32_t i = 0; i < ROWS_PER_ANSWER; i++)
		rows[i] = account(i + 1, i % 2 == 0 ? "ann" : "bob", (uint16_t)(40000 + i), 100);
	accounts_are(control, rows, ROWS_PER_ANSWER)->times = ANSWERS;
	control_await(control, history(control, "allocation history") == ROWS_PER_ANSWER * ANSWERS);
	assert_int_equal(history(control, "allocation history user ann"), 8 * ANSWERS);
	for (uint32_t i = 0; i < 20; i++)
		lives[i] = living(1000 + i, "eve");
	dataplane_answers(control, SLUICE_ALLOCATION_SHOW, 0, lives, sizeof(lives))->times = 10;
	assert_int_equal(history(control, "allocation history user eve"), 200);

	/* the newest stay where there are to be fewer */
	assert_int_equal(control_do(control, "accounting keep rows 70"), 0);
	dataplane_answers(control, SLUICE_ALLOCATION_SHOW, 0, NULL, 0);
	assert_int_equal(history(control, "allocation history"), 70);
	assert_int_equal(control_do(control, "accounting keep rows 0"), 0);
	assert_int_equal(history(control, "allocation history"), 0);
	assert_int_equal(control_do(control, "accounting log off"), 0);
}

/* What cannot be kept is refused, and what was said before stays in force. */
static void a_file_that_is_none_is_refused(void **state)
{
	struct control *control = *state;
	char path[128];

	assert_int_equal(control_do(control, "accounting keep rows 0"), 0);
	snprintf(path, sizeof(path), "%s/allocations", control->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(control_do(control, "accounting keep rows 10"), -EISDIR);
	assert_true(says(control, "the file of accounts: Is a directory"));
	assert_int_equal(control_do(control, "config show"), 0);
	assert_false(says(control, "keep rows 10"));
	assert_int_equal(control_do(control, "accounting keep rows 0"), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(control_do(control, "accounting keep rows 10"), 0);
}

#define KEEP_TEST(name) cmocka_unit_test_setup_teardown(name, keep_setup, control_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        KEEP_TEST(each_end_is_a_line),   KEEP_TEST(who_had_it_is_found),
	        KEEP_TEST(when_it_was_is_asked), KEEP_TEST(what_is_kept_outlives),
	        KEEP_TEST(many_are_told),        KEEP_TEST(a_file_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("control_accounts", tests, NULL, NULL);
}
