/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates of TURN's TLS: their files' text reaches the dataplane, again when they change, and
 * what it refuses leaves those before in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_write(const struct control *control, const char *name, const char *text,
                       uint32_t times)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", control->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	while (times-- > 0)
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int add(struct control *control, const char *file, const char *key, const char *rest)
{
	char line[512];

	snprintf(line, sizeof(line), "turn certificate %s/%s key %s/%s%s", control->folder, file,
	         control->folder, key, rest);
	return control_do(control, line);
}

static int delete (struct control *control, const char *file)
{
	char line[512];

	snprintf(line, sizeof(line), "turn certificate delete %s/%s", control->folder, file);
	return control_do(control, line);
}

/* The last one that the dataplane was given: its place, of how many, and the text of both files. */
static bool put(const struct control *control, uint32_t index, uint32_t count, const char *text)
{
	const struct sluice_turn_certificate_put *last =
	        dataplane_asked(control, SLUICE_TURN_CERTIFICATE_PUT);

	return last != NULL && last->index == index && last->count == count &&
	       last->certificate_length + last->key_length == strlen(text) &&
	       memcmp(last->text, text, strlen(text)) == 0;
}

static bool configured(struct control *control, const char *text)
{
	assert_int_equal(control_do(control, "config show"), 0);
	return strstr(control->said, text) != NULL;
}

static int files_setup(void **state)
{
	control_setup(state);
	file_write(*state, "one.pem", "ONE", 1);
	file_write(*state, "two.pem", "TWO", 1);
	file_write(*state, "key.pem", "KEY", 1);
	return 0;
}

static void text_reaches_the_dataplane(void **state)
{
	struct control *control = *state;
	const struct sluice_turn_certificate_put *last;

	assert_int_equal(add(control, "one.pem", "key.pem", ""), 0);
	assert_true(put(control, 0, 1, "ONEKEY"));
	assert_int_equal(add(control, "two.pem", "key.pem", " name turn.example"), 0);
	assert_true(put(control, 1, 2, "TWOKEY"));
	last = dataplane_asked(control, SLUICE_TURN_CERTIFICATE_PUT);
	assert_int_equal(last->certificate_length, 3);
	assert_string_equal(last->name, "turn.example");
	/* the same file again: it has another name now, and its place */
	assert_int_equal(add(control, "two.pem", "key.pem", " name other.example"), 0);
	assert_true(put(control, 1, 2, "TWOKEY"));
	last = dataplane_asked(control, SLUICE_TURN_CERTIFICATE_PUT);
	assert_string_equal(last->name, "other.example");
	assert_int_equal(delete (control, "one.pem"), 0);
	assert_true(put(control, 0, 1, "TWOKEY"));
	assert_int_equal(delete (control, "one.pem"), -ENOENT);
	assert_int_equal(delete (control, "two.pem"), 0);
	assert_true(put(control, 0, 0, ""));
}

static void files_that_change_are_read_again(void **state)
{
	struct control *control = *state;

	assert_int_equal(add(control, "one.pem", "key.pem", ""), 0);
	file_write(control, "one.pem", "RENEWED", 1);
	control_await(control, put(control, 0, 1, "RENEWEDKEY"));
	assert_true(control_logged(control, "turn certificate: the files are read again"));
	file_write(control, "key.pem", "another key", 1);
	control_await(control, put(control, 0, 1, "RENEWEDanother key"));

	/* as they are after a reload, whatever their stamps say */
	dataplane_forget(control);
	assert_int_equal(control_do(control, "config save"), 0);
	assert_int_equal(control_do(control, "config reload"), 0);
	control_await(control, put(control, 0, 1, "RENEWEDanother key"));
}

/* One that is gone for a moment leaves what is in force, and is read when it is back. */
static void a_file_that_goes_is_said(void **state)
{
	struct control *control = *state;
	char path[128];

	assert_int_equal(add(control, "one.pem", "key.pem", ""), 0);
	snprintf(path, sizeof(path), "%s/one.pem", control->folder);
	dataplane_forget(control);
	assert_int_equal(unlink(path), 0);
	control_await(control, control_logged(control, "turn certificate: the ones before stay: "));
	assert_true(control_logged(control, "one.pem: No such file or directory"));
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_CERTIFICATE_PUT), 0);
	file_write(control, "one.pem", "BACK", 1);
	control_await(control, put(control, 0, 1, "BACKKEY"));
}

static void what_cannot_be_read_is_refused(void **state)
{
	struct control *control = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/folder", control->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	file_write(control, "long.pem", "0123456789", SLUICE_TURN_CERTIFICATE_TEXT_MAX / 10 + 1);
	dataplane_forget(control);
	assert_int_equal(add(control, "none.pem", "key.pem", ""), -ENOENT);
	assert_non_null(strstr(control->said, "none.pem: No such file or directory"));
	assert_int_equal(add(control, "one.pem", "none.pem", ""), -ENOENT);
	assert_int_equal(add(control, "folder", "key.pem", ""), -EINVAL);
	assert_int_equal(add(control, "long.pem", "key.pem", ""), -EFBIG);
	assert_int_equal(dataplane_was_asked(control, SLUICE_TURN_CERTIFICATE_PUT), 0);
	assert_false(configured(control, "turn certificate"));
	assert_int_equal(add(control, "one.pem", "key.pem", ""), 0);
	assert_true(put(control, 0, 1, "ONEKEY"));
}

/* A wrong key, an expired certificate: the dataplane knows, and gets those before again. */
static void what_the_dataplane_refuses_is_no_line(void **state)
{
	struct control *control = *state;

	assert_int_equal(add(control, "one.pem", "key.pem", ""), 0);
	dataplane_refuses(control, SLUICE_TURN_CERTIFICATE_PUT, -EINVAL, "not its key");
	assert_int_equal(add(control, "two.pem", "key.pem", ""), -EINVAL);
	assert_non_null(strstr(control->said, "not its key"));
	assert_false(configured(control, "two.pem"));
	assert_true(configured(control, "one.pem"));
	/* given again, and refused again: that is said, and is all */
	control_await(
	        control,
	        control_logged(control, "turn certificate: the ones before stay: not its key"));
	assert_true(put(control, 0, 1, "ONEKEY"));
	dataplane_answers(control, SLUICE_TURN_CERTIFICATE_PUT, 0, NULL, 0);
	assert_int_equal(add(control, "two.pem", "key.pem", ""), 0);
	assert_true(put(control, 1, 2, "TWOKEY"));
}

static void a_dataplane_that_comes_back_has_them_first(void **state)
{
	struct control *control = *state;
	bool told = false;

	assert_int_equal(add(control, "one.pem", "key.pem", ""), 0);
	dataplane_away(control);
	dataplane_forget(control);
	dataplane_back(control);
	control_await(control, dataplane_was_asked(control, SLUICE_CONFIG_COMMIT) > 0);
	assert_true(put(control, 0, 1, "ONEKEY"));
	for (uint32_t i = 0; i < control->n_asked; i++) {
		told |= control->asked[i].type == SLUICE_TURN_CERTIFICATE_PUT;
		if (control->asked[i].type == SLUICE_CONFIG_BEGIN)
			assert_true(told);
	}
}

static void there_are_so_many(void **state)
{
	struct control *control = *state;
	char name[16];

	for (uint32_t i = 0; i <= SLUICE_TURN_CERTIFICATES_MAX; i++) {
		snprintf(name, sizeof(name), "%u.pem", i);
		file_write(control, name, "X", 1);
		assert_int_equal(add(control, name, "key.pem", ""),
		                 i < SLUICE_TURN_CERTIFICATES_MAX ? 0 : -ENOSPC);
	}
	assert_true(put(control, SLUICE_TURN_CERTIFICATES_MAX - 1, SLUICE_TURN_CERTIFICATES_MAX,
	                "XKEY"));
	assert_int_equal(delete (control, "0.pem"), 0);
	assert_int_equal(add(control, "16.pem", "key.pem", ""), 0);
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, control_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        FILES_TEST(text_reaches_the_dataplane),
	        FILES_TEST(files_that_change_are_read_again),
	        FILES_TEST(a_file_that_goes_is_said),
	        FILES_TEST(what_cannot_be_read_is_refused),
	        FILES_TEST(what_the_dataplane_refuses_is_no_line),
	        FILES_TEST(a_dataplane_that_comes_back_has_them_first),
	        FILES_TEST(there_are_so_many),
	};

	return cmocka_run_group_tests_name("control_certificate", tests, NULL, NULL);
}
