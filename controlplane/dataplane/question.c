/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/question.h"

#include "command/text.h"
#include "common/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 20 /* a port's queues may take seconds to set up */

struct question *question_create(const struct dataplane_ask *ask)
{
	struct question *question = calloc(1, sizeof(*question) + ask->length);

	if (question == NULL)
		return NULL;
	question->type = ask->type;
	question->flags = ask->flags;
	question->length = ask->length;
	question->patience_s = ask->patience_s != 0 ? ask->patience_s : PATIENCE_S;
	question->early = ask->early;
	question->answered = ask->answered;
	question->arg = ask->arg;
	if (ask->length > 0)
		memcpy(question->body, ask->body, ask->length);
	question->passed = ask->passed != NULL ? fcntl(*ask->passed, F_DUPFD_CLOEXEC, 0) : -1;
	if (ask->passed == NULL || question->passed >= 0)
		return question;
	question_free(question);
	return NULL;
}

void question_free(struct question *question)
{
	if (question->passed >= 0)
		close(question->passed);
	explicit_bzero(question->body, question->length); /* passwords */
	free(question);
}

void question_end(struct question *question, const struct dataplane_answer *answer)
{
	char why[2 * SLUICE_API_ERROR_MAX];

	if (question->answered != NULL) {
		question->answered(question->arg, answer);
	} else if (answer->status != 0 && !answer->lost) {
		answer_text(answer, why, sizeof(why));
		log_error(SLUICE_LOG_DATAPLANE, "the dataplane refused 0x%04x: %s", question->type,
		          why);
	}
	question_free(question);
}

void questions_end(struct questions *questions, int status, const char *why)
{
	const struct dataplane_answer answer = {
	        .status = status, .body = why, .length = strlen(why), .lost = true};
	struct questions ended = TAILQ_HEAD_INITIALIZER(ended);
	struct question *question;

	/* A callback may ask again. */
	TAILQ_CONCAT(&ended, questions, entry);
	while ((question = TAILQ_FIRST(&ended)) != NULL) {
		TAILQ_REMOVE(&ended, question, entry);
		question_end(question, &answer);
	}
}

void answer_text(const struct dataplane_answer *answer, char *text, size_t room)
{
	struct text out;

	text_start(&out, text, room);
	if (answer->status == 0 && !(answer->flags & SLUICE_API_WARNING))
		return;
	if (answer->length > 0)
		text_add_printable(&out, answer->body, answer->length);
	else if (answer->status != 0)
		text_add(&out, strerror(-answer->status));
}
