/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of requests: whole, sound, what both daemons' edges check by it, and a seed of the
 * fuzzer's for each. usage: test-request API_HEADER SEEDS SIZES | test-request --sizes
 *
 * SIZES has those of bodies and rows in the version before this one, as --sizes of that one printed
 * them: when SLUICE_API_VERSION is raised, --sizes comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/request.h"
#include "common/seqpacket.h"
#include "common/words.h"

#include <sluice/gate.h>
#include <sluice/turn.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32 /* of a table on the screen: struct printer */

static const char *api_header, *seeds, *sizes;

/* Each number of enum sluice_api_type has a row. */
static void test_whole(void **state)
{
	static char text[65536];
	FILE *file = fopen(api_header, "r");
	const char *at = text;
	int count = 0;

	assert_non_null(file);
	assert_in_range(fread(text, 1, sizeof(text) - 1, file), 1, sizeof(text) - 2);
	fclose(file);
	while ((at = strstr(at + 1, "= 0x")) != NULL) {
		unsigned long type = strtoul(at + 2, NULL, 16);

		if (request_of((uint16_t)type) == NULL)
			fail_msg("0x%04lx is in no common/requests_*.c", type);
		count++;
	}
	assert_true(count > 80);
}

static void column_is_sound(const struct reply *reply, const struct column *column)
{
	assert_non_null(column->help);
	assert_true(column->size > 0);
	assert_true(column->offset + column->size <= reply->row_size);
	assert_true(column->second < reply->row_size);
	assert_ptr_equal(reply_column(reply, column->key), column); /* once */
	if (column->type == COLUMN_CHOICE)
		assert_non_null(column->choices);
	if (column->type == COLUMN_NUMBER || column->type == COLUMN_CHOICE)
		assert_in_range(column->size, 1, 8);
}

static void request_is_sound(const struct request *request)
{
	const struct request_text *text = request->texts;
	const struct column *column = request->reply != NULL ? request->reply->columns : NULL;
	bool changes = request->kind == REQUEST_ADD || request->kind == REQUEST_SET ||
	               request->kind == REQUEST_DELETE || request->kind == REQUEST_CHANGE;

	assert_ptr_equal(request_of(request->type), request);
	assert_true(request->kind != REQUEST_LOCAL);
	assert_true(request->body_size <= SEQPACKET_BODY_MAX);
	for (; text < request->texts + REQUEST_TEXTS_MAX && text->size != 0; text++)
		assert_true(text->offset + text->size <= request->body_size);
	if (request->kind == REQUEST_SHOW)
		assert_non_null(request->reply);
	if (changes)
		assert_true(request->server == BY_CONTROL || request->server == BY_DATAPLANE);
	assert_int_equal(request->kind == REQUEST_DELETE, request->deletes != 0);
	if (request->deletes != 0)
		assert_int_equal(request_of(request->deletes)->kind, REQUEST_ADD);
	assert_int_equal(request->kind == REQUEST_CHANGE, request->changes != 0);
	if (request->changes != 0)
		assert_int_equal(request_of(request->changes)->kind, REQUEST_ADD);
	for (; column != NULL && column->key != NULL; column++)
		column_is_sound(request->reply, column);
	if (request->reply != NULL)
		assert_in_range(column - request->reply->columns, 1, COLUMNS_MAX);
}

static void test_sound(void **state)
{
	const struct request *request = NULL, *other;
	char name[REQUEST_NAME_MAX], taken[REQUEST_NAME_MAX];

	while ((request = request_next(request)) != NULL) {
		request_is_sound(request);
		request_name(request, name);
		for (other = request_next(request); other != NULL; other = request_next(other))
			assert_string_not_equal(name, request_name(other, taken));
	}
	assert_null(request_of(0));
	assert_null(request_of(SLUICE_PORT_SHOW + 0x80));
	assert_null(request_of(0xffff));
	assert_string_equal(request_name(request_of(SLUICE_GATE_SOURCES_SHOW), name),
	                    "gate show sources");
}

static void test_check(void **state)
{
	const struct request *request = request_of(SLUICE_TURN_REALM_SET);
	struct sluice_turn_realm realm = {"sluice"};
	char why[SLUICE_API_ERROR_MAX] = "";

	assert_int_equal(request_check(request, &realm, sizeof(realm), why), 0);
	assert_int_equal(request_check(request, &realm, sizeof(realm) - 1, why), -EINVAL);
	assert_string_equal(why, "turn realm (0x0203) has a body of 128 bytes, not 127");
	memset(&realm, 'x', sizeof(realm));
	assert_int_equal(request_check(request, &realm, sizeof(realm), why), -EINVAL);
	assert_string_equal(why, "realm: no end within its 128 bytes");
	realm.realm[sizeof(realm.realm) - 1] = '\0';
	assert_int_equal(request_check(request, &realm, sizeof(realm), why), 0);
	assert_int_equal(request_check(request_of(SLUICE_TURN_SHOW), NULL, 0, why), 0);
}

static void test_access(void **state)
{
	assert_int_equal(request_access(request_of(SLUICE_PORT_SHOW)), ACCESS_READ);
	assert_int_equal(request_access(request_of(SLUICE_TRACE)), ACCESS_ADMIN);
	assert_int_equal(request_access(request_of(SLUICE_NODE_DRAIN)), ACCESS_ADMIN);
	assert_int_equal(request_access(request_of(SLUICE_EVENTS)), ACCESS_HOST);
	assert_int_equal(request_access(request_of(SLUICE_CONFIG_SAVE)), ACCESS_HOST);
}

static void test_words(void **state)
{
	assert_string_equal(word_of(gate_mode_words, SLUICE_GATE_ENFORCE), "enforce");
	assert_null(word_of(gate_mode_words, SLUICE_GATE_ENFORCE + 1));
	assert_null(word_of(gate_mode_words, UINT64_MAX));
}

/* -- versions -- */

/* Of this one, for the one that comes after it. */
static void sizes_print(void)
{
	const struct request *request = NULL;
	char name[REQUEST_NAME_MAX];

	printf("version %u\n", SLUICE_API_VERSION);
	while ((request = request_next(request)) != NULL)
		if (request->kind != REQUEST_LOCAL)
			printf("0x%04x %u %u %s\n", request->type,
			       request_body_size(request, SLUICE_API_VERSION),
			       request_row_size(request, SLUICE_API_VERSION),
			       request_name(request, name));
}

/* What the version before had, the table says of it; what it had not came with this one. */
static void test_sizes(void **state)
{
	static bool had[0x10000];
	const struct request *request = NULL;
	char name[REQUEST_NAME_MAX], line[256];
	unsigned int version, type, body, row;
	FILE *file = fopen(sizes, "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "version %u ", &version), 1);
	assert_int_equal(version, SLUICE_API_VERSION_OLDEST);
	while (fgets(line, sizeof(line), file) != NULL) {
		assert_int_equal(sscanf(line, "%x %u %u", &type, &body, &row), 3);
		request = request_of((uint16_t)type);
		if (request == NULL || !request_is_in(request, SLUICE_API_VERSION_OLDEST) ||
		    request_body_size(request, SLUICE_API_VERSION_OLDEST) != body ||
		    request_row_size(request, SLUICE_API_VERSION_OLDEST) != row ||
		    request->body_size < body ||
		    request_row_size(request, SLUICE_API_VERSION) < row)
			fail_msg("version %u had %s", version, line);
		had[type] = true;
	}
	fclose(file);
	request = NULL;
	while ((request = request_next(request)) != NULL)
		if (request->kind != REQUEST_LOCAL && !had[request->type] &&
		    request->since != SLUICE_API_VERSION)
			fail_msg("%s: .since = %u is missing", request_name(request, name),
			         SLUICE_API_VERSION);
}

static bool quota_says_more(struct sluice_turn_quota quota)
{
	return request_says_more(request_of(SLUICE_TURN_QUOTA_SET), SLUICE_API_VERSION_OLDEST,
	                         &quota, sizeof(quota));
}

static void test_rows_fit(void **state)
{
	static const uint16_t old[] = {1, 2, 11, 12};
	uint16_t rows[6], back[4];

	assert_int_equal(rows_fit(rows, 6, old, 4, sizeof(old)), 2);
	assert_memory_equal(rows, ((uint16_t[]){1, 2, 0, 11, 12, 0}), sizeof(rows));
	rows[2] = rows[5] = 7;
	assert_int_equal(rows_fit(back, 4, rows, 6, sizeof(rows)), 2);
	assert_memory_equal(back, old, sizeof(old));
	assert_false(request_says_more(request_of(SLUICE_TURN_PEER_ADD), SLUICE_API_VERSION_OLDEST,
	                               &(struct sluice_turn_peer){.length = 8},
	                               sizeof(struct sluice_turn_peer)));
	assert_true(request_says_more(request_of(SLUICE_TURN_PEER_ADD), SLUICE_API_VERSION_OLDEST,
	                              &(struct sluice_turn_peer){.realm = "x"},
	                              sizeof(struct sluice_turn_peer)));
	/* which limits are given the version before need not know: it is sent all that hold */
	assert_false(quota_says_more((struct sluice_turn_quota){.user = 5,
	                                                        .user_given = 1,
	                                                        .host_given = 1,
	                                                        .max_bps_given = 1,
	                                                        .capacity_given = 1,
	                                                        .whole = 1}));
	assert_true(quota_says_more((struct sluice_turn_quota){.capacity_bps = 1ull << 40}));
	assert_true(quota_says_more((struct sluice_turn_quota){.user = 2, .realm = "x"}));
	assert_true(quota_says_more((struct sluice_turn_quota){.realm = {[127] = 'x'}}));
	/* where they are */
	assert_int_equal(rows_fit(rows, 4, rows, 6, sizeof(rows)), 2);
	assert_memory_equal(rows, old, sizeof(old));
	assert_int_equal(rows_fit(rows, 4, rows, 6, 0), 0);
	assert_true(api_version_is_understood(SLUICE_API_VERSION));
	assert_true(api_version_is_understood(SLUICE_API_VERSION_OLDEST));
	assert_false(api_version_is_understood(SLUICE_API_VERSION_OLDEST - 1));
	assert_false(api_version_is_understood(SLUICE_API_VERSION + 1));
}

/* -- the fuzzer's seeds -- */

/* A request in this version and of the right length, or NULL. */
static const struct request *seed_read(const char *name)
{
	static uint8_t bytes[SLUICE_API_MESSAGE_MAX];
	struct sluice_api_header header;
	const struct request *request;
	char path[1024];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", seeds, name);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (size < sizeof(header))
		return NULL;
	memcpy(&header, bytes, sizeof(header));
	request = request_of(header.type);
	return header.version == SLUICE_API_VERSION && request != NULL &&
	                       size == sizeof(header) + request->body_size
	               ? request
	               : NULL;
}

static bool seed_is_there(const struct request *request)
{
	DIR *folder = opendir(seeds);
	struct dirent *entry;
	bool found = false;

	assert_non_null(folder);
	while (!found && (entry = readdir(folder)) != NULL)
		found = entry->d_name[0] != '.' && seed_read(entry->d_name) == request;
	closedir(folder);
	return found;
}

static void test_seeds(void **state)
{
	const struct request *request = NULL;
	char name[REQUEST_NAME_MAX];

	while ((request = request_next(request)) != NULL)
		if (request_is_dataplane(request) && !seed_is_there(request))
			fail_msg("tests/fuzz/seeds makes no \"%s\" of API version %d; when it "
			         "does, run it",
			         request_name(request, name), SLUICE_API_VERSION);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_whole), cmocka_unit_test(test_sound),
	        cmocka_unit_test(test_check), cmocka_unit_test(test_access),
	        cmocka_unit_test(test_words), cmocka_unit_test(test_seeds),
	        cmocka_unit_test(test_sizes), cmocka_unit_test(test_rows_fit),
	};

	if (argc == 2 && strcmp(argv[1], "--sizes") == 0) {
		sizes_print();
		return EXIT_SUCCESS;
	}
	if (argc != 4)
		return EXIT_FAILURE;
	api_header = argv[1];
	seeds = argv[2];
	sizes = argv[3];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
