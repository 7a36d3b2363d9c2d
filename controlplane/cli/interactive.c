/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/interactive.h"

#include "cli/names.h"
#include "cli/run.h"
#include "command/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <histedit.h>

#include <sys/socket.h>

#define PROMPT        "sluice> "
#define HISTORY_LINES 1000
#define WORD_MAX      256

static char *prompt(EditLine *editor)
{
	static char text[] = PROMPT;

	return text;
}

/* What TAB found: how many words, and how far they are the same. */
struct found {
	uint32_t count, values;
	char common[WORD_MAX];
};

static void found_add(void *arg, const char *word, const char *usage, const char *help)
{
	struct found *found = arg;
	size_t same = 0;

	if (word == NULL) {
		found->values++;
		return;
	}
	if (found->count++ == 0) {
		snprintf(found->common, sizeof(found->common), "%s", word);
		return;
	}
	while (found->common[same] != '\0' && found->common[same] == word[same])
		same++;
	found->common[same] = '\0';
}

static void candidate_print(void *arg, const char *word, const char *usage, const char *help)
{
	printf("  %-28s %s\n", usage, help);
}

static void candidates_print(struct session *session, const LineInfo *line)
{
	putchar('\n');
	if (!names_complete(session, line->buffer, line->cursor - line->buffer, candidate_print,
	                    NULL))
		printf("  a word before is wrong\n");
	fflush(stdout);
}

/* Bytes of the word that is being typed. */
static size_t begun_length(const LineInfo *line)
{
	const char *at = line->cursor;

	while (at > line->buffer && at[-1] != ' ' && at[-1] != '\t')
		at--;
	return line->cursor - at;
}

static unsigned char key_complete(EditLine *editor, int key)
{
	const LineInfo *line = el_line(editor);
	struct found found = {0};
	struct session *session;
	size_t begun = begun_length(line);
	char rest[WORD_MAX + 2];

	el_get(editor, EL_CLIENTDATA, &session);
	names_complete(session, line->buffer, line->cursor - line->buffer, found_add, &found);
	if (found.count == 0 || strlen(found.common) < begun ||
	    (found.count > 1 && strlen(found.common) == begun)) {
		candidates_print(session, line);
		return CC_REDISPLAY;
	}
	snprintf(rest, sizeof(rest), "%s%s", found.common + begun, found.count == 1 ? " " : "");
	return el_insertstr(editor, rest) == 0 ? CC_REFRESH : CC_ERROR;
}

/* Within quotes it is a character like any other. */
static bool within_quotes(const LineInfo *line)
{
	bool within = false;

	for (const char *at = line->buffer; at < line->cursor; at++) {
		if (*at == '\\' && within && at + 1 < line->cursor)
			at++;
		else if (*at == '"')
			within = !within;
	}
	return within;
}

static unsigned char key_explain(EditLine *editor, int key)
{
	const LineInfo *line = el_line(editor);
	struct session *session;

	if (within_quotes(line))
		return el_insertstr(editor, "?") == 0 ? CC_REFRESH : CC_ERROR;
	el_get(editor, EL_CLIENTDATA, &session);
	candidates_print(session, line);
	return CC_REDISPLAY;
}

static EditLine *editor_create(struct session *session, History *lines)
{
	EditLine *editor = el_init("sluicectl", stdin, stdout, stderr);

	if (editor == NULL)
		return NULL;
	el_set(editor, EL_CLIENTDATA, session);
	el_set(editor, EL_PROMPT, prompt);
	el_set(editor, EL_EDITOR, "emacs");
	el_set(editor, EL_SIGNAL, 1);
	el_set(editor, EL_HIST, history, lines);
	el_set(editor, EL_ADDFN, "sluice-complete", "completes a word", key_complete);
	el_set(editor, EL_ADDFN, "sluice-explain", "says what could follow", key_explain);
	el_set(editor, EL_BIND, "^I", "sluice-complete", NULL);
	el_set(editor, EL_BIND, "?", "sluice-explain", NULL);
	return editor;
}

/* -- ^C ends the command and not the shell -- */

static struct session *running; /* for the handler */

static void command_end(int number)
{
	running->interrupted = true;
	if (running->fd >= 0)
		shutdown(running->fd, SHUT_RDWR);
}

static void line_run(struct session *session, const char *line)
{
	const struct sigaction end = {.sa_handler = command_end, .sa_flags = SA_RESTART};
	struct sigaction before;

	running = session;
	session->interrupted = false;
	sigaction(SIGINT, &end, &before);
	run_line(session, line, "");
	sigaction(SIGINT, &before, NULL);
	if (session->interrupted)
		putchar('\n');
	/* The daemon may be another one by the next command. */
	session_close(session);
}

static void lines_read(struct session *session, EditLine *editor, History *lines)
{
	const char *line;
	HistEvent event;
	int length;

	while (!session->ended && (line = el_gets(editor, &length)) != NULL && length > 0) {
		if (line[strspn(line, " \t\r\n")] == '\0')
			continue;
		history(lines, &event, H_ENTER, line);
		line_run(session, line);
	}
	if (!session->ended)
		putchar('\n');
}

int interactive_run(struct session *session)
{
	History *lines = history_init();
	EditLine *editor = lines != NULL ? editor_create(session, lines) : NULL;
	HistEvent event;

	if (editor != NULL) {
		history(lines, &event, H_SETSIZE, HISTORY_LINES);
		lines_read(session, editor, lines);
		el_end(editor);
	}
	if (lines != NULL)
		history_end(lines);
	return editor != NULL ? 0 : -ENOMEM;
}
