/* SPDX-License-Identifier: BSD-3-Clause */
/* The running configuration: its lines in the order in which they were first given, each object
 * once. */
#ifndef CONFIG_RUNNING_H
#define CONFIG_RUNNING_H

#include "command/command.h"

#include <sys/queue.h>

struct running_line {
	TAILQ_ENTRY(running_line) entry;
	struct running_line *chain; /* of those with the same hash */
	uint64_t serial;            /* grows along the list */
	uint32_t number;            /* in the configuration file; 0: it came later */
	bool refused;               /* it is not in force: running_judge */
	char *why;                  /* the reason; NULL: there is none */
	bool pending;               /* obeyed, and judged when that is in force: config/own.c */
	char *comment; /* the lines before it in the file that are no commands, each with its end;
	                  NULL: none */
	char *source;  /* the line as it stands in the file, where a secret comes from another one;
	                  NULL: as `request` says */
	bool included; /* it stands in a file that the configuration includes */
	uint32_t hash;
	char *identity;
	struct command_request request; /* its body is cut where its command's ends */
};

struct running;

struct running *running_create(void);
void running_destroy(struct running *running);

uint32_t running_count(const struct running *running);

/* Of them, those that are not in force. */
uint32_t running_refused(const struct running *running);

/* A copy with the same order, numbers and comments. NULL: no memory. */
struct running *running_copy(const struct running *running);

/* A line's request with the whole of its body. */
void running_line_request(const struct running_line *line, struct command_request *request);

/* The line that `request` would take the place of, or NULL. */
struct running_line *running_find(const struct running *running,
                                  const struct command_request *request);

/*
 * The first line with the identity of `request`, or the next one behind `after`; NULL: no more.
 * Different commands may share an identity: a prefix can be allowed and denied.
 */
struct running_line *running_match(const struct running *running,
                                   const struct command_request *request,
                                   const struct running_line *after);

/* The first line with the identity of a request of this type, or NULL. */
struct running_line *running_line_of(const struct running *running, uint16_t type, const void *body,
                                     uint32_t length);

/* Whether the line hangs by this argument on what no line before it adds. */
bool running_misses(const struct running *running, const struct running_line *line,
                    const struct argument *argument);

/* The line of a SET of which there is one at most, or NULL. */
struct running_line *running_setting(const struct running *running, uint16_t type);

/*
 * `changed` is called whenever a line of this type has come, is about to go, or has another place
 * among the others: what was made from them is to be made again, later.
 */
int running_watch(struct running *running, uint16_t type, void (*changed)(void *arg), void *arg);

/* Adds the line, or puts it in the place of the one with the same identity; behind all others where
 * it names by now what was added after it. NULL: no memory. */
struct running_line *running_put(struct running *running, const struct command_request *request,
                                 uint32_t number);

/* Takes away what a REQUEST_DELETE names, and the lines that hang on it (struct argument). Returns
 * how many lines it names; 0: there is no such line, and nothing has changed. */
uint32_t running_remove(struct running *running, const struct command_request *request);
void running_take_out(struct running *running, struct running_line *line);
/* Takes away a SET's line. */
void running_unset(struct running *running, const struct command_request *request);
bool running_removes(const struct running *running, const struct command_request *request);

/* What the line's subject said of it: NULL: it is in force, else why not. Returns whether that is
 * news. */
bool running_judge(struct running *running, struct running_line *line, const char *why);

/* What stands before the line in the file, and behind the last one where line is NULL. NULL:
 * nothing.
 */
void running_comment(struct running *running, struct running_line *line, const char *comment,
                     size_t length);
/* How it stands where: both go when the line says something else. source: NULL, or length bytes. */
void running_source(struct running_line *line, const char *source, size_t length, bool included);
const char *running_comment_last(const struct running *running);

/*
 * `from` says the same in another form, line by line: its order, numbers and comments are taken
 * over. Lines that it does not have come behind them.
 */
void running_arrange(struct running *running, const struct running *from);

/* All lines in order: start with NULL, ends with NULL. */
struct running_line *running_next(const struct running *running, struct running_line *line);

/* The first line whose serial is above this one, NULL: there is none. So a list can be read while
 * it changes. */
struct running_line *running_after(const struct running *running, uint64_t serial);

/* "sluice.conf:12: port add ...", without secrets. config: the file's name. */
void running_line_describe(const struct running_line *line, const char *config, char *text,
                           size_t room);

/*
 * What a change means without a dataplane that judges it. flags: enum sluice_api_flag. 0; -EBUSY,
 * -EEXIST, -ENOENT with a clear line in `why` (SLUICE_API_ERROR_MAX bytes).
 */
int running_check(const struct running *running, const struct command_request *request,
                  uint32_t flags, char *why);

/* What a SET leaves as it is, its line's limits, the request gives as well then: all that holds. */
void running_complete(const struct running *running, struct command_request *request);

/* Makes an ADD, SET, CHANGE or DELETE that has been accepted. 0 or -ENOMEM. */
int running_apply(struct running *running, const struct command_request *request);

#endif
