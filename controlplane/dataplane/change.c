/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of the configuration: the dataplane judges, then the running configuration follows. */
#include "dataplane/client_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int change_ask(struct dataplane_client *client, struct change *change)
{
	const struct command_request *request = &change->request;

	return client_ask(client,
	                  &(struct question){.type = request->command->type, .change = change},
	                  request->body.bytes, request->length, change->flags);
}

void change_end(struct dataplane_client *client, struct change *change, int status, const char *why)
{
	TAILQ_REMOVE(&client->changes, change, entry);
	if (change->done != NULL)
		change->done(change->arg, status, why);
	explicit_bzero(&change->request, sizeof(change->request));
	free(change);
}

void change_answered(struct dataplane_client *client, struct change *change, int status,
                     const char *why)
{
	/* A line that never came into force can be taken back all the same. */
	if (status == -ENOENT && command_kind(change->request.command) == REQUEST_DELETE &&
	    running_removes(client->options.running, &change->request))
		status = 0;
	if (status == 0)
		status = running_apply(client->options.running, &change->request);
	change_end(client, change, status, status == -ENOMEM ? strerror(ENOMEM) : why);
}

struct change *dataplane_change(struct dataplane_client *client,
                                const struct command_request *request, uint32_t flags,
                                change_done_fn *done, void *arg)
{
	char why[SLUICE_API_ERROR_MAX] = "";
	struct change *change;
	int status;

	if (client->state == CLIENT_AWAY) {
		status = running_check(client->options.running, request, flags, why);
		if (status == 0)
			status = running_apply(client->options.running, request);
		done(arg, status, why);
		return NULL;
	}
	change = calloc(1, sizeof(*change));
	if (change == NULL) {
		done(arg, -ENOMEM, strerror(ENOMEM));
		return NULL;
	}
	*change = (struct change){.request = *request, .flags = flags, .done = done, .arg = arg};
	TAILQ_INSERT_TAIL(&client->changes, change, entry);
	/* Not at once: `done` must not be called before we return. */
	event_active(client->work, EV_TIMEOUT, 0);
	return change;
}

void dataplane_change_forget(struct change *change)
{
	change->done = NULL;
}

void changes_end(struct dataplane_client *client, int status, const char *why)
{
	struct change *change, *next;

	for (change = TAILQ_FIRST(&client->changes); change != NULL; change = next) {
		next = TAILQ_NEXT(change, entry);
		change_end(client, change, status, why);
	}
}
