/* SPDX-License-Identifier: BSD-3-Clause */
#include "reload/reload.h"

#include "command/text.h"
#include "common/log.h"
#include "config/file.h"
#include "config/own.h"
#include "dataplane/change.h"
#include "dataplane/client.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The dataplane is being given the configuration: soon it is not. */
static const struct timeval wait_interval = {.tv_usec = 50 * 1000};
static const struct timeval at_once;

enum reload_state {
	RELOAD_IDLE,
	RELOAD_FORWARD,
	RELOAD_BACK, /* a step was refused */
	RELOAD_REPLAY,
};

struct reload {
	struct reload_options options;
	struct event *go;
	enum reload_state state;
	bool again;  /* another one was asked for meanwhile */
	bool replay; /* what a step ended or left set needs the whole configuration */
	struct running *fresh, *before;
	struct plan plan;
	struct step *step; /* the one that is being taken; NULL: at the end */
	int status;
	char why[SLUICE_API_ERROR_MAX];
	reload_done_fn *done;
	void *arg;
	struct sluice_config_status row;
};

static void error_line(const struct reload *reload, const struct config_error *error, char *why)
{
	char text[2 * CONFIG_WHY_MAX];

	config_error_text(reload->options.config, error, false, text, sizeof(text));
	snprintf(why, SLUICE_API_ERROR_MAX, "%.*s", SLUICE_API_ERROR_MAX - 1, text);
}

/* The whole file, judged by itself. */
static int file_read(const struct reload *reload, struct running **fresh, char *why)
{
	struct config_error error = {0};
	int status;

	*fresh = running_create();
	status = *fresh != NULL ? config_load(*fresh, reload->options.config, &error) : -ENOMEM;
	if (status == 0)
		status = config_check(*fresh, &error);
	if (status == -ENOMEM)
		snprintf(why, SLUICE_API_ERROR_MAX, "%s", strerror(ENOMEM));
	else if (status < 0)
		error_line(reload, &error, why);
	if (status == 0)
		return 0;
	running_destroy(*fresh);
	*fresh = NULL;
	return status;
}

/* -- the end -- */

static void reload_end(struct reload *reload)
{
	struct sluice_config_reload result = {
	        .added = reload->plan.added,
	        .changed = reload->plan.changed,
	        .removed = reload->plan.removed,
	        .refused = running_refused(reload->options.running),
	};
	reload_done_fn *done = reload->done;

	plan_free(&reload->plan);
	running_destroy(reload->fresh);
	running_destroy(reload->before);
	reload->fresh = reload->before = NULL;
	reload->done = NULL;
	reload->state = RELOAD_IDLE;
	reload->row.reload_failed = reload->status != 0;
	snprintf(reload->row.error, sizeof(reload->row.error), "%s",
	         reload->status != 0 ? reload->why : "");
	if (reload->status == 0) {
		reload->row.reloads++;
		reload->row.loaded = time(NULL);
		log_info(SLUICE_LOG_CONFIG, "%s: read again: %u added, %u changed, %u removed",
		         reload->options.config, result.added, result.changed, result.removed);
	} else {
		log_error(SLUICE_LOG_CONFIG, "read again, and nothing is changed: %s", reload->why);
	}
	if (done != NULL)
		done(reload->arg, reload->status, reload->why, &result);
	if (reload->options.ended != NULL)
		reload->options.ended(reload->options.arg);
	if (reload->again) {
		reload->again = false;
		reload_start(reload, NULL, NULL);
	}
}

static void on_replayed(void *arg)
{
	reload_end(arg);
}

static void steps_ended(struct reload *reload)
{
	running_arrange(reload->options.running,
	                reload->state == RELOAD_FORWARD ? reload->fresh : reload->before);
	reload->state = RELOAD_REPLAY;
	if (reload->replay)
		dataplane_replay(reload->options.client, on_replayed, reload);
	else
		reload_end(reload);
}

/* -- steps -- */

static void step_refused(struct reload *reload, int status, const char *why)
{
	const struct step *step = reload->step;
	char line[COMMAND_TEXT_MAX];
	struct text text;

	reload->status = status;
	command_format(step->fresh != NULL ? step->fresh : step->old, false, line, sizeof(line));
	text_start(&text, reload->why, sizeof(reload->why));
	if (step->number != 0)
		text_addf(&text, "%s:%u: ", reload->options.config, step->number);
	if (step->fresh == NULL)
		text_add(&text, "taking back ");
	text_addf(&text, "%s: %s", line, why);
	reload->state = RELOAD_BACK;
	reload->step = TAILQ_PREV(step, steps, entry);
}

/* The old line cannot come back: it is there, refused, and tried again. */
static void step_is_stuck(struct reload *reload, const struct step *step, const char *why)
{
	struct running_line *line;

	log_error(SLUICE_LOG_CONFIG, "a line that was taken back is refused: %s", why);
	if (step->old == NULL)
		return;
	line = running_put(reload->options.running, step->old, 0);
	if (line != NULL)
		running_judge(reload->options.running, line, why);
	if (command_is_control(step->old->command))
		own_retry(reload->options.own);
	else
		reload->replay = true;
}

/* An endpoint that is replaced loses what hangs on it. */
static bool step_ends_others(const struct step *step)
{
	uint16_t type = (step->fresh != NULL ? step->fresh : step->old)->command->type;

	return step->kind == STEP_CHANGE &&
	       (type == SLUICE_ENDPOINT_ADD || type == SLUICE_STREAM_ADD);
}

static void step_ended(struct reload *reload, int status, const char *why)
{
	const struct step *step = reload->step;
	bool back = reload->state == RELOAD_BACK;
	bool deletes = back ? step->kind == STEP_ADD : step->kind == STEP_DELETE;

	if (status == -ENOENT && deletes) /* it went with what it hung on */
		status = 0;
	reload->replay = reload->replay || step_ends_others(step);
	if (status == 0 || back) {
		if (status != 0)
			step_is_stuck(reload, step, why);
		reload->step = back ? TAILQ_PREV(step, steps, entry) : TAILQ_NEXT(step, entry);
	} else {
		step_refused(reload, status, why);
	}
	event_add(reload->go, &at_once);
}

static void on_changed(void *arg, int status, const char *why)
{
	step_ended(arg, status, why);
}

static void on_dataplane_changed(void *arg, int status, const char *why, const void *rows,
                                 uint32_t length)
{
	step_ended(arg, status, why);
}

static int request_make(const struct command_request *request, bool deletes,
                        struct command_request *made)
{
	if (deletes)
		return command_take_back(request, made);
	*made = *request;
	return 0;
}

/* Once nothing can be refused any more. */
static void step_unset(struct reload *reload)
{
	const struct command_request *old = reload->step->old;

	if (command_is_control(old->command)) {
		own_unset(reload->options.own, old, on_changed, reload);
		return;
	}
	running_unset(reload->options.running, old);
	reload->replay = true;
	step_ended(reload, 0, "");
}

/* A line that takes another one's place says all that there is. */
static void quota_complete(struct command_request *request)
{
	if (request->command->type == SLUICE_TURN_QUOTA_SET)
		((struct sluice_turn_quota *)request->body.bytes)->whole = 1;
}

static void step_take(struct reload *reload)
{
	const struct step *step = reload->step;
	bool back = reload->state == RELOAD_BACK;
	struct command_request request;
	int status;

	if (step->kind == STEP_UNSET && !back) {
		step_unset(reload);
		return;
	}
	if (!back)
		status = request_make(step->fresh != NULL ? step->fresh : step->old,
		                      step->kind == STEP_DELETE, &request);
	else
		status = request_make(step->old != NULL ? step->old : step->fresh,
		                      step->kind == STEP_ADD, &request);
	if (status < 0) {
		step_ended(reload, status, "this command cannot be taken back");
	} else if (command_is_control(request.command)) {
		own_change(reload->options.own, &request, SLUICE_API_EXIST_OK, on_changed, reload);
	} else {
		quota_complete(&request);
		dataplane_change(reload->options.client, &request, SLUICE_API_EXIST_OK,
		                 on_dataplane_changed, reload);
	}
	explicit_bzero(&request, sizeof(request));
}

static void on_go(evutil_socket_t fd, short what, void *arg)
{
	struct reload *reload = arg;

	if (reload->status != 0 && reload->state == RELOAD_FORWARD)
		reload_end(reload); /* the file itself is wrong */
	else if (!dataplane_is_steady(reload->options.client))
		event_add(reload->go, &wait_interval);
	else if (reload->step == NULL)
		steps_ended(reload);
	else
		step_take(reload);
}

int reload_start(struct reload *reload, reload_done_fn *done, void *arg)
{
	int status;

	if (reload->state != RELOAD_IDLE)
		return -EBUSY;
	reload->why[0] = '\0';
	reload->replay = false;
	reload->plan = (struct plan){0};
	TAILQ_INIT(&reload->plan.steps);
	status = file_read(reload, &reload->fresh, reload->why);
	if (status == 0)
		reload->before = running_copy(reload->options.running);
	if (status == 0)
		status = reload->before != NULL
		                 ? plan_make(&reload->plan, reload->options.running, reload->fresh)
		                 : -ENOMEM;
	if (status == -ENOMEM)
		snprintf(reload->why, sizeof(reload->why), "%s", strerror(ENOMEM));
	reload->status = status;
	reload->state = RELOAD_FORWARD;
	reload->step = TAILQ_FIRST(&reload->plan.steps);
	reload->done = done;
	reload->arg = arg;
	event_add(reload->go, &at_once);
	return 0;
}

void reload_again(struct reload *reload)
{
	if (reload_start(reload, NULL, NULL) == -EBUSY)
		reload->again = true;
}

void reload_forget(struct reload *reload, const void *arg)
{
	if (reload->arg == arg)
		reload->done = NULL;
}

int reload_diff(const struct reload *reload, bool secrets, char **text, char *why)
{
	struct running *fresh;
	struct plan plan;
	int status = file_read(reload, &fresh, why);

	if (status < 0)
		return status;
	status = plan_make(&plan, reload->options.running, fresh);
	running_destroy(fresh);
	if (status == 0) {
		*text = plan_text(&plan, secrets);
		plan_free(&plan);
		if (*text != NULL)
			return 0;
	}
	snprintf(why, SLUICE_API_ERROR_MAX, "%s", strerror(ENOMEM));
	return -ENOMEM;
}

void reload_status(const struct reload *reload, struct sluice_config_status *status)
{
	*status = reload->row;
	snprintf(status->file, sizeof(status->file), "%s", reload->options.config);
	status->lines = running_count(reload->options.running);
	status->refused = running_refused(reload->options.running);
}

struct reload *reload_create(const struct reload_options *options)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (reload == NULL)
		return NULL;
	reload->options = *options;
	reload->row.loaded = time(NULL);
	TAILQ_INIT(&reload->plan.steps);
	reload->go = evtimer_new(options->base, on_go, reload);
	if (reload->go != NULL)
		return reload;
	free(reload);
	return NULL;
}

void reload_destroy(struct reload *reload)
{
	if (reload == NULL)
		return;
	plan_free(&reload->plan);
	running_destroy(reload->fresh);
	running_destroy(reload->before);
	event_free(reload->go);
	free(reload);
}
