/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/run.h"

#include "cli/top.h"
#include "command/field.h"
#include "command/local.h"
#include "command/value.h"

#include <sluice/gate.h>
#include <sluice/turn.h>

#include <errno.h>
#include <gate_default.h>
#include <gate_limit.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* A secret as `gate nonce secret` takes it, of this program's own drawing. */
static int nonce_generate(const struct session *session, const char *prefix)
{
	const struct argument key = {.type = ARGUMENT_KEY,
	                             FIELD(sluice_gate_nonce_secret, secret),
	                             .second = offsetof(struct sluice_gate_nonce_secret, length)};
	struct sluice_gate_nonce_secret secret = {.length = SLUICE_GATE_SECRET_MIN};
	char line[128];
	struct text text;

	if (getrandom(secret.secret, secret.length, 0) != secret.length)
		return session_fail(session, prefix, -EIO, "there is nothing random to be had");
	text_start(&text, line, sizeof(line));
	value_format(&key, &secret, &text);
	printf(session->json ? "{\"secret\": \"%s\"}\n" : "%s\n", line);
	explicit_bzero(line, sizeof(line));
	explicit_bzero(&secret, sizeof(secret));
	return 0;
}

static int run_help(struct session *session, const char *word, const char *prefix)
{
	bool found = help_print(pager_begin(&session->pager, session->paged), word, session->json);
	int error = session_page_end(session, prefix);
	const char *nearest;
	char text[128];

	if (found)
		return error;
	nearest = help_nearest(word);
	if (nearest != NULL)
		snprintf(text, sizeof(text), "no command begins with %s; did you mean `%s`?", word,
		         nearest);
	else
		snprintf(text, sizeof(text), "no command begins with %s; see `help`", word);
	return session_fail(session, prefix, -ENOENT, text);
}

static int run_local(struct session *session, const struct command_request *request,
                     const char *prefix)
{
	const struct local_help *help = (const void *)request->body.bytes;

	if (request->command->type == LOCAL_TOP)
		return top_run(session, (const void *)request->body.bytes, prefix);
	if (request->command->type == LOCAL_NONCE)
		return nonce_generate(session, prefix);
	if (request->command->type != LOCAL_QUIT)
		return run_help(session, help->word, prefix);
	session->ended = true;
	return 0;
}

/* What a realm costs: where two requests do not pay for a challenge, clients wait for the third. */
static void realm_cost_print(const struct sluice_turn_realm *realm)
{
	static const char *const ordinals[] = {"second", "third", "fourth", "fifth", "sixth"};
	const struct gate_packet allocate = {.src = {0, 0xffff0000u}, .length = 28};
	uint32_t challenge = GATE_CHALLENGE(strnlen(realm->realm, sizeof(realm->realm)));

	printf("a challenge is %u bytes: under attack every %s request is answered\n", challenge,
	       ordinals[gate_arrivals(&allocate, challenge) - 2]);
}

/* The server's, or a tenant's: the gate counts with the longest of all. */
static bool names_realm(uint16_t type)
{
	return type == SLUICE_TURN_REALM_SET || type == SLUICE_TURN_REALM_ADD;
}

int run_line(struct session *session, const char *line, const char *prefix)
{
	struct command_request request;
	struct command_error error;
	int status;

	if (command_parse(line, &request, &error) < 0)
		return session_fail_parse(session, prefix, &error);
	if (request.command == NULL)
		return 0;
	if (command_kind(request.command) == REQUEST_LOCAL)
		return run_local(session, &request, prefix);
	status = session_ask(session, &request, prefix);
	if (status == 0 && names_realm(request.command->type) && !session->json)
		realm_cost_print((const void *)request.body.bytes);
	if (fflush(stdout) != 0)
		return session_fail(session, prefix, -EIO,
		                    "stdout: the answer could not be written");
	return status;
}
