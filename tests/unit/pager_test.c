/* SPDX-License-Identifier: BSD-3-Clause */
/* What of an answer goes through a pager: a child writes it to a terminal of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/pager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ROWS 10
#define MARK "sed 's/^/P:/'" /* a pager whose lines can be told */

/* The child's status, where it is no success. */
#define LEFT      3 /* it was told that its pager had been left */
#define NOT_RUN   4
#define NO_MEMORY 5

struct scene {
	const char *command; /* PAGER; NULL: unset */
	uint32_t lines;
	bool unwanted; /* --no-pager, or a file of commands */
	bool piped;    /* stdout is no terminal */
	int width;     /* blanks behind each line's words */
	int fails;     /* the n-th time that more memory is asked for; 0: never */
};

static char said[1 << 20]; /* on the terminal, or through the pipe */

static int reallocs_left;

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
	return reallocs_left != 0 && --reallocs_left == 0 ? NULL : __real_realloc(block, size);
}

static _Noreturn void answer_write(const struct scene *scene)
{
	struct pager pager;
	FILE *out;
	bool left;
	int error;

	reallocs_left = scene->fails;
	if (scene->command != NULL)
		setenv("PAGER", scene->command, 1);
	else
		unsetenv("PAGER");
	out = pager_begin(&pager, !scene->unwanted);
	for (uint32_t i = 0; i < scene->lines && !pager_is_left(&pager); i++)
		fprintf(out, "line %u%*s\n", i, scene->width, "");
	left = pager_is_left(&pager);
	error = pager_end(&pager);
	assert_int_equal(pager_end(&pager), 0); /* of none */
	exit(error == -ENOEXEC  ? NOT_RUN
	     : error == -ENOMEM ? NO_MEMORY
	     : left             ? LEFT
	                        : EXIT_SUCCESS);
}

/* Returns the child's status; what it wrote is in `said`, as many lines. */
static int run(const struct scene *scene)
{
	struct winsize size = {.ws_row = ROWS, .ws_col = 80};
	int fds[2], fd, status;
	size_t length = 0;
	ssize_t more;
	pid_t pid;

	fflush(NULL);
	if (scene->piped) {
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		fd = fds[0];
		if (pid == 0)
			dup2(fds[1], STDOUT_FILENO);
		close(fds[1]);
	} else {
		pid = forkpty(&fd, NULL, NULL, &size);
	}
	assert_true(pid >= 0);
	if (pid == 0)
		answer_write(scene);
	while (length < sizeof(said) - 1 &&
	       (more = read(fd, said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)more;
	said[length] = '\0';
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static uint32_t count(const char *text)
{
	uint32_t n = 0;

	for (const char *at = said; (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return n;
}

static void what_is_longer_than_the_terminal_is_paged(void **state)
{
	static const struct {
		struct scene scene;
		bool paged;
	} rows[] = {
	        {{MARK, 1}, false},
	        {{MARK, ROWS - 1}, false}, /* and the prompt's line */
	        {{MARK, ROWS}, true},
	        {{MARK, 5000}, true},
	        {{MARK, 5000, .unwanted = true}, false},
	        {{MARK, 5000, .piped = true}, false},
	        {{"cat", 5000}, false},
	        {{"", 5000}, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scene *scene = &rows[i].scene;

		assert_int_equal(run(scene), EXIT_SUCCESS);
		if (count("line ") != scene->lines ||
		    count("P:line ") != (rows[i].paged ? scene->lines : 0))
			fail_msg("row %zu: %u lines, %u of them paged", i, count("line "),
			         count("P:line "));
	}
}

static void nothing_at_all(void **state)
{
	assert_int_equal(run(&(struct scene){MARK, 0}), EXIT_SUCCESS);
	assert_string_equal(said, "");
}

/* Its reader has seen enough: the program hears of it, and goes on. */
static void a_pager_may_be_left(void **state)
{
	assert_int_equal(run(&(struct scene){"head -n 3", 1000000}), LEFT);
	assert_int_equal(count("line "), 3);
}

/* Nobody has seen the answer, whether it was written into the pipe or not. */
static void a_pager_that_does_not_run_is_told(void **state)
{
	assert_int_equal(run(&(struct scene){"/nonexistent/pager", 1000}), NOT_RUN);
	assert_non_null(strstr(said, "not found"));
	assert_int_equal(run(&(struct scene){"/nonexistent/pager", 1000000}), NOT_RUN);
	assert_int_equal(run(&(struct scene){"/etc/passwd", ROWS}), NOT_RUN); /* no program */
	/* one that ran, and was not content, did */
	assert_int_equal(run(&(struct scene){MARK "; exit 1", 1000}), EXIT_SUCCESS);
	assert_int_equal(count("P:line "), 1000);
}

/* What was held is written, and the end is told to be missing. */
static void an_answer_without_memory_is_told(void **state)
{
	struct scene scene = {MARK, ROWS - 1, .width = 3000, .fails = 2};

	assert_int_equal(run(&scene), NO_MEMORY);
	assert_true(count("line ") > 0 && count("line ") < ROWS - 1);
	scene.fails = 0;
	assert_int_equal(run(&scene), EXIT_SUCCESS);
	assert_int_equal(count("line "), ROWS - 1);
}

/* Without PAGER less is run, so that it starts nothing; where there is none the answer stands as it
 * is. */
static void less_is_the_usual_one(void **state)
{
	char folder[] = "/tmp/sluice-pagerXXXXXX", path[64], searched[64];
	FILE *file;

	unsetenv("LESS");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/less", folder);
	file = fopen(path, "w");
	fprintf(file, "#!/bin/sh\necho \"options $LESS secure $LESSSECURE\"\nexec sed 's/^/P:/'\n");
	fclose(file);
	chmod(path, 0755);
	snprintf(searched, sizeof(searched), "%s:/usr/bin:/bin", folder);
	setenv("PATH", searched, 1);
	run(&(struct scene){NULL, 100});
	assert_int_equal(count("P:line "), 100);
	assert_non_null(strstr(said, "options FRX secure 1"));
	unlink(path);

	snprintf(path, sizeof(path), "%s/cat", folder);
	assert_int_equal(symlink("/bin/cat", path), 0);
	setenv("PATH", folder, 1);
	run(&(struct scene){NULL, 100});
	assert_int_equal(count("line "), 100);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_longer_than_the_terminal_is_paged),
	        cmocka_unit_test(nothing_at_all),
	        cmocka_unit_test(a_pager_may_be_left),
	        cmocka_unit_test(a_pager_that_does_not_run_is_told),
	        cmocka_unit_test(an_answer_without_memory_is_told),
	        cmocka_unit_test(less_is_the_usual_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
