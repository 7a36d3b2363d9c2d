/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/change.h"

#include "dataplane/client.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change {
	struct running *running;
	struct command_request request;
	change_done_fn *done; /* NULL: forgotten */
	void *arg;
	bool state; /* the dataplane's alone */
};

static void change_free(struct change *change)
{
	explicit_bzero(&change->request, sizeof(change->request));
	free(change);
}

static void on_answered(void *arg, const struct dataplane_answer *answer)
{
	bool rows = answer->status == 0 && !(answer->flags & SLUICE_API_WARNING);
	struct change *change = arg;
	char why[2 * SLUICE_API_ERROR_MAX];
	int status = answer->status;

	/* A line that never came into force can be taken back all the same. */
	if (status == -ENOENT && command_kind(change->request.command) == REQUEST_DELETE &&
	    running_removes(change->running, &change->request))
		status = 0;
	if (status == 0 && !change->state)
		status = running_apply(change->running, &change->request);
	answer_text(answer, why, sizeof(why));
	if (change->done != NULL)
		change->done(change->arg, status, status == -ENOMEM ? strerror(ENOMEM) : why,
		             answer->body, rows ? answer->length : 0);
	change_free(change);
}

/* The dataplane is away: judged and made here. */
static int change_alone(struct running *running, const struct command_request *request,
                        uint32_t flags, char *why)
{
	int status;

	/* which of them are lines of the configuration the dataplane alone knows */
	if (command_kind(request->command) == REQUEST_CHANGE) {
		snprintf(why, SLUICE_API_ERROR_MAX, "the dataplane is away");
		return -ENOTCONN;
	}
	status = running_check(running, request, flags, why);
	return status == 0 ? running_apply(running, request) : status;
}

/* One of the version before takes all that a body says, and what it does not say as 0. */
static void change_complete(struct change *change, const struct dataplane_client *client)
{
	if (dataplane_is_ours(client) || change->request.command->type != SLUICE_TURN_QUOTA_SET)
		return;
	running_complete(change->running, &change->request);
	((struct sluice_turn_quota *)change->request.body.bytes)->whole = 1;
}

struct change *dataplane_change(struct dataplane_client *client,
                                const struct command_request *request, uint32_t flags,
                                change_done_fn *done, void *arg)
{
	struct change *change = malloc(sizeof(*change));
	char why[SLUICE_API_ERROR_MAX] = "";
	bool state = flags & CHANGE_STATE;
	int status = -ENOMEM;

	if (change != NULL) {
		*change = (struct change){dataplane_running(client), *request, done, arg, state};
		change_complete(change, client);
		status = dataplane_ask(client,
		                       &(struct dataplane_ask){
		                               .type = request->command->type,
		                               .flags = state ? flags & ~CHANGE_STATE
		                                              : flags | SLUICE_API_CONFIGURATION,
		                               .body = change->request.body.bytes,
		                               .length = change->request.length,
		                               .answered = on_answered,
		                               .arg = change,
		                       },
		                       NULL);
		if (status == 0)
			return change;
		change_free(change);
	}
	if (status == -ENOTCONN && state)
		snprintf(why, sizeof(why), "the dataplane is away");
	else if (status == -ENOTCONN)
		status = change_alone(dataplane_running(client), request, flags, why);
	done(arg, status, why[0] != '\0' || status == 0 ? why : strerror(-status), NULL, 0);
	return NULL;
}

void dataplane_change_forget(struct change *change)
{
	change->done = NULL;
}
