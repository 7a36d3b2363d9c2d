/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-capture without a dataplane: its command line becomes a request, its files come and go. */
#include "../../tools/capture/options.h"
#include "../../tools/capture/output.h"
#include "../../tools/capture/request.h"

#include "common/option.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX   16
#define POINT(name) (1u << SLUICE_CAPTURE_##name)

extern const struct program program_capture;

static struct sluice_capture request;
static char why[REQUEST_WHY_MAX];

/* "-c 5 udp": what the program makes of it. */
static int ask(const char *line)
{
	struct capture_options options = {0};
	char text[512], *words[WORDS_MAX] = {"sluice-capture"}, *rest = text, *word;
	int count = 1, first;

	snprintf(text, sizeof(text), "%s", line);
	while ((word = strsep(&rest, " ")) != NULL) {
		assert_true(count < WORDS_MAX - 1);
		words[count++] = word;
	}
	first = options_read(&program_capture, count, words, &options);
	assert_true(first > 0);
	why[0] = '\0';
	return request_make(&request, &options, words + first, count - first, why);
}

static void what_is_given_is_asked_for(void **state)
{
	assert_int_equal(ask("-c 5 --bytes 2k --seconds 7 --snap 100 --sample 10 --buffer 64"), 0);
	assert_int_equal(request.max_packets, 5);
	assert_int_equal(request.max_bytes, 2048);
	assert_int_equal(request.max_seconds, 7);
	assert_int_equal(request.snap, 100);
	assert_int_equal(request.filter.sample, 10);
	assert_int_equal(request.buffer_kb, 64);
	assert_int_equal(request.filter.points, POINT(RECEIVED) | POINT(SENT) | POINT(DROPPED));
	assert_int_equal(ask("--file-size 1M --file-seconds 3 --allocation 18446744073709551615"),
	                 0);
	assert_int_equal(request.file_bytes, 1 << 20);
	assert_int_equal(request.file_seconds, 3);
	assert_true(request.filter.allocation == UINT64_MAX);
	assert_int_equal(request.snap, 65535);
	assert_int_equal(request.buffer_kb, 16384);
	assert_int_equal(ask("--port dp0 --user alice --endpoint e --stream s --direction out"), 0);
	assert_string_equal(request.filter.port, "dp0");
	assert_string_equal(request.filter.user, "alice");
	assert_string_equal(request.filter.endpoint, "e");
	assert_string_equal(request.filter.stream, "s");
	assert_int_equal(request.filter.direction, SLUICE_CAPTURE_OUT);
}

static void points_are_given_or_implied(void **state)
{
	assert_int_equal(ask("-p sent,dropped"), 0);
	assert_int_equal(request.filter.points, POINT(SENT) | POINT(DROPPED));
	assert_int_equal(ask("--decrypted"), 0);
	assert_int_equal(request.filter.points, POINT(DECRYPTED));
	assert_int_equal(ask("--decrypted -p received"), 0);
	assert_int_equal(request.filter.points, POINT(DECRYPTED) | POINT(RECEIVED));
	assert_int_equal(ask("--reason no_route"), 0);
	assert_int_equal(request.filter.points, POINT(DROPPED));
	assert_string_equal(request.filter.reason, "no_route");
}

/* A line each, that says which option and what it takes. */
static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
	        {"-p sent,,dropped", "--points : expected"},
	        {"-p sent,recieved", "--points recieved: expected some of received"},
	        {"-c 0", "--packets 0: expected a number from 1"},
	        {"-c many", "--packets many: expected a number"},
	        {"--snap 63", "--snap 63: expected a number from 64 to 65535"},
	        {"--snap -1", "--snap -1: expected a number"},
	        {"--buffer 65537", "--buffer 65537: expected"},
	        {"--bytes 5x", "--bytes 5x: expected"},
	        {"--bytes 18446744073709551615G", "--bytes 18446744073709551615G: expected"},
	        {"--file-size 4095", "--file-size 4095: expected"},
	        {"--direction up", "--direction up: expected in or out"},
	        {"udp port port", "udp port port"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (ask(cases[i].line) != -EINVAL || strstr(why, cases[i].why) == NULL)
			fail_msg("%s: '%s'", cases[i].line, why);
	}
}

/* Whoever opens the file later knows what is not in it. */
static void the_note_says_what_was_chosen(void **state)
{
	assert_int_equal(ask("-w x"), 0);
	assert_string_equal(request.note, "");
	assert_int_equal(ask("udp port 53"), 0);
	assert_string_equal(request.note, "filter: udp port 53");
	assert_int_equal(ask("--sample 1000 --user alice --snap 128 udp"), 0);
	assert_string_equal(request.note, "sample 1 in 1000, snap 128, user alice, filter: udp");
	assert_int_equal(ask("--points sent --port dp0 --decrypted --stream v"), 0);
	assert_string_equal(request.note, "points sent, port dp0, stream v");
}

static void a_long_note_is_cut(void **state)
{
	char line[512] = "udp";

	while (strlen(line) < 320 && strlen(line) + 20 < sizeof(line))
		strcat(line, "||udp||udp||udp");
	assert_int_equal(ask(line), 0);
	assert_int_equal(strlen(request.note), sizeof(request.note) - 1);
}

/* -- files -- */

static char folder[64], path[128];

static int folder_make(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/sluice-capture.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/x.pcapng", folder);
	return 0;
}

static int folder_remove(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void text_write(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_text(const char *name, const char *text)
{
	char got[64] = "";
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, text);
}

/* What is in the folder, as "a b "; its temporary names have no fixed end. */
static uint32_t files_count(void)
{
	char command[128], line[256];
	uint32_t count = 0;
	FILE *list;

	snprintf(command, sizeof(command), "ls %s", folder);
	list = popen(command, "r");
	assert_non_null(list);
	while (fgets(line, sizeof(line), list) != NULL)
		count++;
	pclose(list);
	return count;
}

static int open_next(struct output *output)
{
	const char *name;
	int fd = output_open(output, &name);

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(-fd));
	return fd;
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void begun(struct output *output, uint32_t count)
{
	const char *name;

	assert_int_equal(output_begun(output, count, &name), 0);
}

static void a_capture_that_is_refused_destroys_nothing(void **state)
{
	struct output output = {.path = path};

	text_write(path, "kept");
	close(open_next(&output));
	assert_text(path, "kept");
	output_end(&output);
	assert_text(path, "kept");
	assert_int_equal(files_count(), 1);
}

static void a_capture_that_begins_replaces(void **state)
{
	struct output output = {.path = path};
	struct stat status;
	int fd;

	text_write(path, "old");
	fd = open_next(&output);
	begun(&output, 1);
	put(fd, "new");
	output_end(&output);
	assert_text(path, "new");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(files_count(), 1);
}

/* The name stays what it was: a link. */
static void a_link_is_followed(void **state)
{
	struct output output = {.path = path};
	char target[128];
	struct stat status;
	int fd;

	snprintf(target, sizeof(target), "%s/target", folder);
	text_write(target, "old");
	assert_int_equal(symlink(target, path), 0);
	fd = open_next(&output);
	begun(&output, 1);
	put(fd, "new");
	output_end(&output);
	assert_text(target, "new");
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
}

static void a_pipe_is_opened_as_it_is(void **state)
{
	struct output output = {.path = path};
	struct stat status;
	int reader, fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	fd = open_next(&output);
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
	begun(&output, 1);
	output_end(&output);
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
	close(fd);
	close(reader);
}

/* Four files of which two are kept; a fifth was opened ahead, and an older run left it there. */
static void of_many_files_the_last_stay(void **state)
{
	struct output output = {.path = path, .many = true, .keep = 2};
	char name[128], text[16];

	snprintf(name, sizeof(name), "%s/x-00005.pcapng", folder);
	text_write(name, "older");
	for (uint32_t i = 1; i <= 4; i++) {
		int fd = open_next(&output);

		begun(&output, i == 2 ? 1 : i); /* two at once are seen late */
		if (i == 2)
			begun(&output, 2);
		snprintf(text, sizeof(text), "%u", i);
		put(fd, text);
	}
	close(open_next(&output));
	begun(&output, 4);
	output_end(&output);
	for (uint32_t i = 1; i <= 4; i++) {
		snprintf(name, sizeof(name), "%s/x-%05u.pcapng", folder, i);
		snprintf(text, sizeof(text), "%u", i);
		if (i > 2)
			assert_text(name, text);
		else
			assert_int_not_equal(access(name, F_OK), 0);
	}
	snprintf(name, sizeof(name), "%s/x-00005.pcapng", folder);
	assert_text(name, "older");
	assert_int_equal(files_count(), 3);
}

/* The dataplane has gone, and had begun it. */
static void what_is_written_is_not_thrown_away(void **state)
{
	struct output output = {.path = path, .many = true};
	char name[128];

	put(open_next(&output), "packets");
	output_end(&output);
	snprintf(name, sizeof(name), "%s/x-00001.pcapng", folder);
	assert_text(name, "packets");
	assert_int_equal(files_count(), 1);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct output output = {.path = "/nowhere/at/all.pcapng"};
	const char *name;

	assert_int_equal(output_open(&output, &name), -ENOENT);
	assert_string_equal(name, output.path);
	output_end(&output);
}

#define FILES(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_given_is_asked_for),
	        cmocka_unit_test(points_are_given_or_implied),
	        cmocka_unit_test(what_is_wrong_is_refused),
	        cmocka_unit_test(the_note_says_what_was_chosen),
	        cmocka_unit_test(a_long_note_is_cut),
	        FILES(a_capture_that_is_refused_destroys_nothing),
	        FILES(a_capture_that_begins_replaces),
	        FILES(a_link_is_followed),
	        FILES(a_pipe_is_opened_as_it_is),
	        FILES(of_many_files_the_last_stay),
	        FILES(what_is_written_is_not_thrown_away),
	        FILES(a_folder_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
