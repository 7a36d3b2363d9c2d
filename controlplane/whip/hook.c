/* SPDX-License-Identifier: BSD-3-Clause */
#include "whip/hook.h"

#include "common/log.h"
#include "http/poster.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 2

int hook_set(struct hook *hook, const struct sluice_whip_hook *set, char *why)
{
	struct url url;
	int error = url_read(&url, set->url, why);

	if (error != 0)
		return error;
	hook->url = url;
	hook->timeout_s = set->timeout_s != 0 ? set->timeout_s : TIMEOUT_S;
	hook->said = false;
	hook->is_set = true;
	return 0;
}

void hook_unset(struct hook *hook)
{
	hook->is_set = false;
}

struct hook_question {
	struct hook *hook;
	struct poster *poster;
	hook_answered_fn *answered;
	void *arg;
};

static enum hook_answer answer_of(int status)
{
	if (status >= 200 && status < 300)
		return HOOK_ALLOWS;
	return status >= 400 && status < 500 ? HOOK_REFUSES : HOOK_IS_AWAY;
}

/* Once, until it answers again: offers come often. */
static void answer_log(struct hook *hook, int status, const char *why)
{
	bool away = answer_of(status) == HOOK_IS_AWAY;

	if (away && !hook->said && status != 0)
		log_warning(SLUICE_LOG_HTTP, "the webrtc hook answers %d; offers wait", status);
	else if (away && !hook->said)
		log_warning(SLUICE_LOG_HTTP, "the webrtc hook does not answer: %s", why);
	else if (!away && hook->said)
		log_info(SLUICE_LOG_HTTP, "the webrtc hook answers again");
	hook->said = away;
}

static void on_answer(void *arg, int status, const char *why)
{
	struct hook_question *question = arg;
	hook_answered_fn *answered = question->answered;
	void *answered_arg = question->arg;

	answer_log(question->hook, status, why);
	hook_forget(question);
	answered(answered_arg, answer_of(status));
}

struct hook_question *hook_ask(struct hook *hook, const char *json, hook_answered_fn *answered,
                               void *arg)
{
	struct hook_question *question = calloc(1, sizeof(*question));

	if (question == NULL)
		return NULL;
	question->poster = poster_create(hook->client, &hook->url, "", hook->timeout_s);
	question->hook = hook;
	question->answered = answered;
	question->arg = arg;
	if (question->poster != NULL &&
	    poster_send(question->poster, json, strlen(json), on_answer, question) == 0)
		return question;
	hook_forget(question);
	return NULL;
}

void hook_forget(struct hook_question *question)
{
	poster_destroy(question->poster);
	free(question);
}
