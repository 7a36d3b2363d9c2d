/* SPDX-License-Identifier: BSD-3-Clause */
#include "answers/routes.h"

#include "common/request.h"

#include <errno.h>
#include <stdio.h>

answer_fn *answer_of(uint16_t type)
{
	static const struct answer *const parts[] = {answers_accounting, answers_show,
	                                             answers_config,     answers_events,
	                                             answers_gate,       answers_region};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const struct answer *answer = parts[i]; answer->answer != NULL; answer++)
			if (answer->type == type)
				return answer->answer;
	return NULL;
}

/* What the table of requests says is done with it. */
static void request_serve(struct client *client, const struct request *request, const void *body)
{
	bool changes = request->kind != REQUEST_SHOW && request->kind != REQUEST_ACT;
	answer_fn *answer = answer_of(request->type);

	if (changes)
		answer_change(client, body);
	else if (request->server == BY_DATAPLANE)
		answer_relayed(client, body);
	else if (answer != NULL)
		answer(client, body);
	else
		client_refuse(client, -ENOSYS, "nothing in this control plane answers it");
}

void request_route(struct client *client, const void *body)
{
	const struct request *request = request_of(client->request.type);
	char why[SLUICE_API_ERROR_MAX];

	if (request == NULL || !request_is_control(request)) {
		snprintf(why, sizeof(why), "unknown request 0x%04x", client->request.type);
		client_refuse(client, -ENOSYS, why);
	} else if (request_check(request, body, client->request.length, why) != 0) {
		client_refuse(client, -EINVAL, why);
	} else {
		request_serve(client, request, body);
	}
}
