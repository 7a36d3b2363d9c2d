/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/replay.h"

#include "common/log.h"

#include <errno.h>
#include <string.h>

#include <sluice/log.h>

static const struct timeval retry_interval = {.tv_sec = 1};

static void line_judge(struct replay *replay, struct running_line *line, int status,
                       const char *why)
{
	char text[COMMAND_TEXT_MAX + 256];

	if (status != 0)
		replay->n_refused++;
	if (status == 0 && why[0] != '\0') {
		running_line_describe(line, replay->options.config, text, sizeof(text));
		log_warning(SLUICE_LOG_CONFIG, "%s: %s", text, why);
	}
	if (!running_judge(replay->options.running, line, status != 0 ? why : NULL))
		return;
	running_line_describe(line, replay->options.config, text, sizeof(text));
	if (line->refused)
		log_error(SLUICE_LOG_CONFIG, "%s: %s", text, why);
	else
		log_info(SLUICE_LOG_CONFIG, "%s: in force now", text);
}

/* Answers come in the order of the questions. */
static void on_line(void *arg, const struct dataplane_answer *answer)
{
	struct replay *replay = arg;
	char why[2 * SLUICE_API_ERROR_MAX];
	struct running_line *line;

	if (answer->lost || replay->count == 0)
		return;
	line = replay->asked[replay->first];
	replay->first = (replay->first + 1) % LANE_WINDOW;
	replay->count--;
	answer_text(answer, why, sizeof(why));
	line_judge(replay, line, answer->status, why);
}

static int line_send(struct replay *replay, struct running_line *line)
{
	struct question *question = question_create(&(struct dataplane_ask){
	        .type = line->request.command->type,
	        .flags = SLUICE_API_EXIST_OK | SLUICE_API_CONFIGURATION | SLUICE_API_REPLAYED,
	        .body = line->request.body.bytes,
	        .length = line->request.length,
	        .answered = on_line,
	        .arg = replay,
	});
	int error = question != NULL ? lane_send(replay->options.lane, question) : -ENOMEM;

	if (error < 0) {
		if (question != NULL)
			question_free(question);
		return error;
	}
	replay->asked[(replay->first + replay->count++) % LANE_WINDOW] = line;
	return 0;
}

static int line_ask(struct replay *replay, struct running_line *line)
{
	struct dataplane_answer lacks;
	char why[SLUICE_API_ERROR_MAX];

	if (lane_lacks(replay->options.lane, line->request.command->type, line->request.body.bytes,
	               line->request.length, &lacks, why)) {
		line_judge(replay, line, lacks.status, why);
		return 0;
	}
	return line_send(replay, line);
}

/* The next line that is the dataplane's. */
static struct running_line *line_after(const struct running *running, struct running_line *line)
{
	do
		line = running_next(running, line);
	while (line != NULL && command_is_control(line->request.command));
	return line;
}

void replay_begin(struct replay *replay)
{
	replay_drop(replay);
	replay->sent = NULL;
	replay->n_refused = 0;
}

int replay_send(struct replay *replay)
{
	struct running_line *line;
	int error;

	while ((line = line_after(replay->options.running, replay->sent)) != NULL) {
		error = line_ask(replay, line);
		if (error == -EAGAIN)
			return 0;
		if (error < 0)
			return error;
		replay->sent = line;
	}
	return replay->count == 0;
}

void replay_done(struct replay *replay)
{
	log_info(SLUICE_LOG_CONFIG, "the dataplane has the whole configuration: %u lines%s",
	         running_count(replay->options.running),
	         replay->n_refused > 0 ? ", without what it refused; trying again every second"
	                               : "");
	if (replay->n_refused > 0)
		event_add(replay->retry_timer, &retry_interval);
}

void replay_drop(struct replay *replay)
{
	replay->count = 0;
	replay->retrying = false;
	event_del(replay->retry_timer);
}

/* -- again, line by line, once a second -- */

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct replay *replay = arg;

	replay->retrying = true;
	replay->retried = 0;
	replay->options.again(replay->options.arg);
}

static struct running_line *refused_after(const struct running *running, uint64_t serial)
{
	struct running_line *line = running_after(running, serial);

	while (line != NULL && (!line->refused || command_is_control(line->request.command)))
		line = running_next(running, line);
	return line;
}

int replay_retry(struct replay *replay)
{
	struct running_line *line;
	int error;

	if (!replay->retrying)
		return 0;
	line = refused_after(replay->options.running, replay->retried);
	if (line == NULL) {
		replay->retrying = false;
		if (refused_after(replay->options.running, 0) != NULL)
			event_add(replay->retry_timer, &retry_interval);
		return 0;
	}
	error = line_ask(replay, line);
	if (error == 0)
		replay->retried = line->serial;
	return error;
}

int replay_create(struct replay *replay, const struct replay_options *options)
{
	*replay = (struct replay){.options = *options};
	replay->retry_timer = evtimer_new(options->base, on_retry, replay);
	return replay->retry_timer != NULL ? 0 : -ENOMEM;
}

void replay_destroy(struct replay *replay)
{
	if (replay->retry_timer != NULL)
		event_free(replay->retry_timer);
}
