/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/own.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <sluice/log.h>

#define SUBJECTS      256
#define SUBJECT_OF(t) ((t) >> 8)
#define DESCRIBED_MAX (COMMAND_TEXT_MAX + 256)

static const struct timeval retry_interval = {.tv_sec = 1};

enum change_kind {
	CHANGE_LINE,  /* of the running configuration */
	CHANGE_UNSET, /* one of its SETs goes */
	CHANGE_START, /* all its lines are obeyed */
	CHANGE_RETRY, /* those that are refused are obeyed again */
};

struct own_change {
	TAILQ_ENTRY(own_change) entry;
	enum change_kind kind;
	uint32_t flags;
	own_done_fn *done; /* NULL: not called back */
	void *arg;
	bool *ended; /* of who adds it, as long as it does */
	struct command_request request;
};
TAILQ_HEAD(own_changes, own_change);

struct own {
	struct running *running;
	const char *config;
	struct event *retry;
	struct own_part parts[SUBJECTS];
	struct own_changes changes; /* the first one is being made */
	bool working, stopped;
	/* Of CHANGE_START and _RETRY: the subject that commits; those before it have. */
	uint32_t subject;
	bool due[SUBJECTS]; /* lines of it have been obeyed */
};

static const struct own_part *part_of(const struct own *own, const struct command_request *request)
{
	return &own->parts[SUBJECT_OF(request->command->type)];
}

static int obey(struct own *own, const struct command_request *request, char *why)
{
	const struct own_part *part = part_of(own, request);

	if (part->obey != NULL)
		return part->obey(part->arg, request, why);
	snprintf(why, SLUICE_API_ERROR_MAX, "nothing in this control plane obeys it");
	return -ENOSYS;
}

/* -- the lines that there are -- */

/* why: NULL: in force. */
static void line_judge(struct own *own, struct running_line *line, const char *why)
{
	char text[DESCRIBED_MAX];

	if (!running_judge(own->running, line, why))
		return;
	running_line_describe(line, own->config, text, sizeof(text));
	if (why != NULL)
		log_error(SLUICE_LOG_CONFIG, "%s: %s; trying again every second", text, why);
	else
		log_info(SLUICE_LOG_CONFIG, "%s: in force now", text);
}

static void lines_obey(struct own *own, bool only_refused)
{
	struct running_line *line = NULL;
	char why[SLUICE_API_ERROR_MAX];
	int status;

	memset(own->due, 0, sizeof(own->due));
	own->subject = 0;
	while ((line = running_next(own->running, line)) != NULL) {
		if (!command_is_control(line->request.command) || (only_refused && !line->refused))
			continue;
		why[0] = '\0';
		line->pending = false;
		status = obey(own, &line->request, why);
		if (status < 0)
			line_judge(own, line, why);
		else if (part_of(own, &line->request)->commit == NULL)
			line_judge(own, line, NULL);
		else
			own->due[SUBJECT_OF(line->request.command->type)] = line->pending = true;
	}
}

/* Those that were obeyed came into force together, or none of them did. */
static void subject_judge(struct own *own, uint32_t subject, int status, const char *why)
{
	struct running_line *line = NULL;

	while ((line = running_next(own->running, line)) != NULL)
		if (line->pending && SUBJECT_OF(line->request.command->type) == subject) {
			line->pending = false;
			line_judge(own, line, status < 0 ? why : NULL);
		}
}

static bool is_refused(const struct own *own)
{
	struct running_line *line = NULL;

	while ((line = running_next(own->running, line)) != NULL)
		if (command_is_control(line->request.command) && line->refused)
			return true;
	return false;
}

/* -- one change after the other -- */

static void changes_go_on(struct own *own);

static void change_end(struct own *own, int status, const char *why)
{
	struct own_change *change = TAILQ_FIRST(&own->changes);

	TAILQ_REMOVE(&own->changes, change, entry);
	own->working = false;
	if (change->ended != NULL)
		*change->ended = true;
	if (change->done != NULL)
		change->done(change->arg, status, why);
	explicit_bzero(&change->request, sizeof(change->request));
	free(change);
	changes_go_on(own);
}

/* It is in force: the running configuration follows. */
static void on_committed(void *arg, int status, const char *why)
{
	struct own *own = arg;
	const struct own_change *change = TAILQ_FIRST(&own->changes);

	if (status == 0 && change->kind == CHANGE_UNSET)
		running_unset(own->running, &change->request);
	else if (status == 0 && running_apply(own->running, &change->request) < 0) {
		status = -ENOMEM;
		why = strerror(ENOMEM);
	}
	change_end(own, status, why);
}

static void subjects_commit(struct own *own);

static void on_lines_committed(void *arg, int status, const char *why)
{
	struct own *own = arg;

	subject_judge(own, own->subject++, status, why);
	subjects_commit(own);
}

static void subjects_commit(struct own *own)
{
	const struct own_part *part;

	while (own->subject < SUBJECTS && !own->due[own->subject])
		own->subject++;
	if (own->subject < SUBJECTS) {
		part = &own->parts[own->subject];
		part->commit(part->arg, on_lines_committed, own);
		return;
	}
	if (is_refused(own))
		own_retry(own);
	change_end(own, 0, "");
}

static void change_make(struct own *own, struct own_change *change)
{
	const struct own_part *part = part_of(own, &change->request);
	char why[SLUICE_API_ERROR_MAX] = "";
	int status = 0;

	if (change->kind == CHANGE_UNSET) {
		if (part->unset != NULL)
			part->unset(part->arg, &change->request);
	} else {
		status = running_check(own->running, &change->request, change->flags, why);
		if (status == 0)
			status = obey(own, &change->request, why);
		/* A line that never came into force can be taken back all the same. */
		if (status == -ENOENT && command_kind(change->request.command) == REQUEST_DELETE &&
		    running_removes(own->running, &change->request))
			status = 0;
	}
	if (status == 0 && part->commit != NULL)
		part->commit(part->arg, on_committed, own);
	else if (status == 0)
		on_committed(own, 0, why);
	else
		change_end(own, status, why);
}

static void changes_go_on(struct own *own)
{
	struct own_change *change = TAILQ_FIRST(&own->changes);

	if (change == NULL || own->working || own->stopped)
		return;
	own->working = true;
	if (change->kind == CHANGE_LINE || change->kind == CHANGE_UNSET) {
		change_make(own, change);
		return;
	}
	lines_obey(own, change->kind == CHANGE_RETRY);
	subjects_commit(own);
}

static struct own_change *change_add(struct own *own, enum change_kind kind,
                                     const struct command_request *request, uint32_t flags,
                                     own_done_fn *done, void *arg)
{
	struct own_change *change = calloc(1, sizeof(*change));
	bool ended = false;

	if (change == NULL) {
		if (done != NULL)
			done(arg, -ENOMEM, strerror(ENOMEM));
		return NULL;
	}
	change->kind = kind;
	change->flags = flags;
	change->done = done;
	change->arg = arg;
	change->ended = &ended;
	if (request != NULL)
		change->request = *request;
	TAILQ_INSERT_TAIL(&own->changes, change, entry);
	changes_go_on(own);
	if (ended)
		return NULL;
	change->ended = NULL;
	return change;
}

struct own_change *own_change(struct own *own, const struct command_request *request,
                              uint32_t flags, own_done_fn *done, void *arg)
{
	return change_add(own, CHANGE_LINE, request, flags, done, arg);
}

struct own_change *own_unset(struct own *own, const struct command_request *request,
                             own_done_fn *done, void *arg)
{
	return change_add(own, CHANGE_UNSET, request, 0, done, arg);
}

void own_change_forget(struct own_change *change)
{
	change->done = NULL;
}

void own_start(struct own *own)
{
	change_add(own, CHANGE_START, NULL, 0, NULL, NULL);
}

void own_retry(struct own *own)
{
	event_add(own->retry, &retry_interval);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	change_add(arg, CHANGE_RETRY, NULL, 0, NULL, NULL);
}

/* -- life -- */

struct own *own_create(struct event_base *base, struct running *running, const char *config)
{
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	own->running = running;
	own->config = config;
	TAILQ_INIT(&own->changes);
	own->retry = evtimer_new(base, on_retry, own);
	if (own->retry != NULL)
		return own;
	free(own);
	return NULL;
}

void own_stop(struct own *own)
{
	own->stopped = true;
}

void own_destroy(struct own *own)
{
	struct own_change *change;

	if (own == NULL)
		return;
	while ((change = TAILQ_FIRST(&own->changes)) != NULL) {
		TAILQ_REMOVE(&own->changes, change, entry);
		explicit_bzero(&change->request, sizeof(change->request));
		free(change);
	}
	event_free(own->retry);
	free(own);
}

void own_serve_part(struct own *own, uint16_t type, const struct own_part *part)
{
	own->parts[SUBJECT_OF(type)] = *part;
}

void own_serve(struct own *own, uint16_t type, own_obey_fn *obey, void *arg)
{
	own_serve_part(own, type, &(struct own_part){.obey = obey, .arg = arg});
}
