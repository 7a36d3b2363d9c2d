/* SPDX-License-Identifier: BSD-3-Clause */
/* sluicectl: one command, a file of them, or a shell. */
#include "cli/batch.h"
#include "cli/interactive.h"
#include "cli/names.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/sluicectl_options.h"
#include "command/text.h"
#include "command/words.h"
#include "common/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX               "sluicectl: "
#define SOCKET_MAX           108 /* of a path, as sockaddr_un has it */
#define COMPLETION_TIMEOUT_S 2   /* nobody waits longer at a TAB */

/* What the shell split is put together again, so that everything takes the same way. */
static int run_words(struct session *session, int count, char **words)
{
	char line[WORDS_LINE_MAX];
	struct text text;

	text_start(&text, line, sizeof(line));
	for (int i = 0; i < count; i++) {
		if (i > 0)
			text_add(&text, " ");
		text_add_word(&text, words[i]);
		if (strpbrk(words[i], "\n\r") != NULL)
			return session_fail(session, PREFIX, -EINVAL,
			                    "there is a line end in a word");
	}
	if (text.cut)
		return session_fail(session, PREFIX, -EINVAL, "the command is too long");
	return run_line(session, line, PREFIX);
}

/* -- completion for a shell: sluicectl --complete LINE, where LINE is what stands before the cursor
 * -- */

static void word_print(void *arg, const char *word, const char *usage, const char *help)
{
	if (word != NULL)
		puts(word);
}

/* By its letter, or by its name or what getopt_long takes for it. */
static bool option_is(const struct option_row *row, const char *word)
{
	if (strncmp(word, "--", 2) == 0)
		return row->name != NULL && word[2] != '\0' &&
		       strncmp(row->name, word + 2, strlen(word + 2)) == 0;
	return word[0] == '-' && word[1] != '\0' && word[1] == row->letter && word[2] == '\0';
}

static bool takes_argument(const char *word)
{
	for (const struct option_row *row = program_sluicectl.options; !option_is_end(row); row++)
		if (row->argument != NULL && option_is(row, word))
			return true;
	return false;
}

/* The program's name and its options are the shell's business, but for the socket: *socket, in room
 * for SOCKET_MAX. */
static const char *behind_options(const char *line, char *socket)
{
	bool value = false, names_socket = false;

	line += strcspn(line, " \t");
	for (;;) {
		const char *word = line + strspn(line, " \t");
		size_t length = strcspn(word, " \t");
		char option[16];

		if (word[length] == '\0' || (*word != '-' && !value))
			return word;
		if (names_socket)
			snprintf(socket, SOCKET_MAX, "%.*s", (int)length, word);
		else if (strncmp(word, "--socket=", 9) == 0)
			snprintf(socket, SOCKET_MAX, "%.*s", (int)length - 9, word + 9);
		snprintf(option, sizeof(option), "%.*s", (int)length, word);
		value = !value && takes_argument(option);
		names_socket = value && (option[1] == 's' || strncmp(option, "--so", 4) == 0);
		line = word + length;
	}
}

static int run_completion(struct session *session, const char *line)
{
	struct sluicectl_options options = {0};
	char *none[] = {"sluicectl", NULL}, socket[SOCKET_MAX] = "";

	options_read(&program_sluicectl, 1, none, &options);
	line = behind_options(line, socket);
	session_start(session, socket[0] != '\0' ? socket : options.socket, false);
	session->timeout_s = COMPLETION_TIMEOUT_S;
	names_complete(session, line, strlen(line), word_print, NULL);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct sluicectl_options options = {0};
	static struct session session;
	int first, status;

	if (argc == 3 && strcmp(argv[1], "--complete") == 0)
		return run_completion(&session, argv[2]);
	first = options_read(&program_sluicectl, argc, argv, &options);
	if (first < 0)
		return EXIT_FAILURE;
	if (options.help)
		options_print_help(&program_sluicectl);
	if (options.version)
		printf("sluicectl %s, API version %d\n", SLUICE_VERSION_TEXT, SLUICE_API_VERSION);
	if (options.help || options.version)
		return EXIT_SUCCESS;
	session_start(&session, options.socket, options.json);
	session.paged = !options.no_pager;
	if (first < argc && options.file != NULL)
		status = session_fail(&session, PREFIX, -EINVAL,
		                      "a command and -f FILE exclude each other");
	else if (first < argc)
		status = run_words(&session, argc - first, argv + first);
	else if (options.file != NULL || !isatty(STDIN_FILENO))
		status = batch_run(&session, options.file != NULL ? options.file : "-",
		                   options.stop, options.echo);
	else
		status = interactive_run(&session);
	session_close(&session);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
