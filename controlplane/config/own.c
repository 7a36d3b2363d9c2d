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

struct own {
	struct running *running;
	const char *config;
	struct event *retry;
	struct {
		own_obey_fn *obey;
		void *arg;
	} subjects[SUBJECTS];
};

static int obey(struct own *own, const struct command_request *request, char *why)
{
	uint16_t subject = SUBJECT_OF(request->command->type);

	if (own->subjects[subject].obey == NULL) {
		snprintf(why, SLUICE_API_ERROR_MAX, "nothing in this control plane obeys it");
		return -ENOSYS;
	}
	return own->subjects[subject].obey(own->subjects[subject].arg, request, why);
}

/* Returns whether the line is in force. */
static bool line_obey(struct own *own, struct running_line *line)
{
	char why[SLUICE_API_ERROR_MAX] = "", text[DESCRIBED_MAX];
	bool refused = obey(own, &line->request, why) < 0;

	if (!running_judge(own->running, line, refused ? why : NULL))
		return !refused;
	running_line_describe(line, own->config, text, sizeof(text));
	if (refused)
		log_error(SLUICE_LOG_CONFIG, "%s: %s; trying again every second", text, why);
	else
		log_info(SLUICE_LOG_CONFIG, "%s: in force now", text);
	return !refused;
}

static void lines_obey(struct own *own, bool only_refused)
{
	struct running_line *line = NULL;
	bool all = true;

	while ((line = running_next(own->running, line)) != NULL)
		if (command_is_control(line->request.command) && (line->refused || !only_refused))
			all = line_obey(own, line) && all;
	if (!all)
		event_add(own->retry, &retry_interval);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	lines_obey(arg, true);
}

struct own *own_create(struct event_base *base, struct running *running, const char *config)
{
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	own->running = running;
	own->config = config;
	own->retry = evtimer_new(base, on_retry, own);
	if (own->retry != NULL)
		return own;
	free(own);
	return NULL;
}

void own_destroy(struct own *own)
{
	if (own == NULL)
		return;
	event_free(own->retry);
	free(own);
}

void own_serve(struct own *own, uint16_t type, own_obey_fn *obey, void *arg)
{
	own->subjects[SUBJECT_OF(type)].obey = obey;
	own->subjects[SUBJECT_OF(type)].arg = arg;
}

void own_start(struct own *own)
{
	lines_obey(own, false);
}

int own_change(struct own *own, const struct command_request *request, uint32_t flags, char *why)
{
	int status = running_check(own->running, request, flags, why);

	if (status < 0)
		return status;
	status = obey(own, request, why);
	/* A line that never came into force can be taken back all the same. */
	if (status == -ENOENT && command_kind(request->command) == REQUEST_DELETE)
		status = 0;
	if (status == 0)
		status = running_apply(own->running, request);
	if (status == -ENOMEM)
		snprintf(why, SLUICE_API_ERROR_MAX, "%s", strerror(ENOMEM));
	return status;
}

bool own_can_unset(const struct command_request *request)
{
	return request->command->type == SLUICE_LOG_LEVEL_SET;
}

void own_unset(struct own *own, const struct command_request *request)
{
	struct command_request unset = *request;
	struct sluice_log_level_set *set = (void *)unset.body.bytes;
	char why[SLUICE_API_ERROR_MAX] = "";

	set->level = SLUICE_LOG_DEFAULT;
	obey(own, &unset, why);
	running_unset(own->running, request);
}
