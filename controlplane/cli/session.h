/* SPDX-License-Identifier: BSD-3-Clause */
/* sluicectl's conversation with a daemon: lines in, answers out. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/pager.h"
#include "command/command.h"

#include "common/seqpacket.h"

#include <signal.h>

struct session {
	const char *socket;
	bool json;
	bool paged;    /* long answers go through the user's pager */
	bool ended;    /* by `quit` */
	int fd;        /* -1: not connected */
	int timeout_s; /* of an answer */
	/* of the file whose commands run, for errors in JSON; NULL: none */
	const char *file;
	uint32_t line;
	volatile sig_atomic_t interrupted; /* by ^C: nobody wants to read why it ended */
	uint32_t id;                       /* of the last request */
	struct pager pager;
	struct seqpacket_record record;
};

void session_start(struct session *session, const char *socket, bool json);
void session_close(struct session *session);

/* Asks, and prints what is answered. 0, or -errno: the error has been printed on stderr, behind
 * `prefix`. */
int session_ask(struct session *session, const struct command_request *request, const char *prefix);

/* An error of sluicectl's own, in the form that was asked for. Returns status. */
int session_fail(const struct session *session, const char *prefix, int status, const char *text);

/* The same of a line that is no command. */
int session_fail_parse(const struct session *session, const char *prefix,
                       const struct command_error *error);

/* The end of what was written through session->pager. 0, or -errno: it has been said. */
int session_page_end(struct session *session, const char *prefix);

/* All rows that a `show` of this type answers without arguments, the caller's to free. 0 or -errno,
 * nothing is printed. */
int session_fetch(struct session *session, uint16_t type, void **rows, uint32_t *count);

/* The same row by row, until one is enough: row gives false. */
int session_each(struct session *session, uint16_t type, bool (*row)(void *arg, const void *row),
                 void *arg);

/* `help`, to `out`; word: "" for all. false: no command begins so, and nothing is printed. */
bool help_print(FILE *out, const char *word, bool json);
/* What it was meant to be, or NULL. */
const char *help_nearest(const char *word);

#endif
