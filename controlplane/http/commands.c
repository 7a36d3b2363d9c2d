/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/commands.h"

#include "command/command.h"
#include "command/json.h"
#include "command/printer.h"
#include "control/audit.h"
#include "http/openapi.h"
#include "http/served.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH        "/v1/"
#define TYPE_JSON   "application/json"
#define ANSWERS_MAX 16 /* at once: the socket's clients want room as well */

struct http_commands {
	struct asker_options asks;
	uint32_t answers;
};

/* An answer that is being made: pieces of text, as rows come in. */
struct answer {
	struct http_commands *commands;
	struct http_request *request;
	struct asker *asker;
	struct printer printer;
	const struct reply *reply;
	bool streams;
};

int http_status_of(int error)
{
	static const struct {
		int error, status;
	} rows[] = {
	        {-EINVAL, 400}, {-EPERM, 403},      {-EACCES, 403},    {-ENOENT, 404},
	        {-ENOSYS, 404}, {-ENODEV, 404},     {-EEXIST, 409},    {-EBUSY, 409},
	        {-ENOSPC, 507}, {-EDQUOT, 507},     {-ENOTCONN, 503},  {-EAGAIN, 503},
	        {-ENOMEM, 503}, {-EHOSTDOWN, 503},  {-ESHUTDOWN, 503}, {-ETIMEDOUT, 504},
	        {-EPROTO, 502}, {-EOPNOTSUPP, 501},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].error == error)
			return rows[i].status;
	return 500;
}

static void answer_free(struct answer *answer)
{
	answer->commands->answers--;
	free(answer);
}

static void on_failed(void *arg, int status, const char *why)
{
	struct answer *answer = arg;

	if (answer->streams)
		http_stream_break(answer->request);
	else
		http_answer_json(answer->request, http_status_of(status),
		                 error_to_json(status, why, NULL));
	answer_free(answer);
}

static void on_lost(void *arg)
{
	struct answer *answer = arg;

	asker_end(answer->asker);
	answer_free(answer);
}

static void on_room(void *arg)
{
	struct answer *answer = arg;

	asker_read(answer->asker, true);
}

static void piece_send(struct answer *answer, const char *piece, size_t length, bool more)
{
	if (!answer->streams && !more) {
		http_answer(answer->request, 200, TYPE_JSON, piece, length);
		return;
	}
	if (!answer->streams)
		http_stream_begin(answer->request, TYPE_JSON, on_room, answer);
	answer->streams = true;
	if (length > 0)
		http_stream_send(answer->request, piece, length);
	if (!more)
		http_stream_end(answer->request);
	else if (length > 0)
		asker_read(answer->asker, false); /* until the client has taken this */
}

static void on_rows(void *arg, const void *rows, uint32_t length, bool more)
{
	struct answer *answer = arg;
	uint32_t size = answer->reply != NULL ? answer->reply->row_size : 1;
	char *piece = NULL;
	size_t piece_length = 0;

	answer->printer.out = open_memstream(&piece, &piece_length);
	if (answer->printer.out == NULL) {
		if (more)
			asker_end(answer->asker);
		on_failed(answer, -ENOMEM, strerror(ENOMEM));
		return;
	}
	if (answer->reply != NULL)
		printer_rows(&answer->printer, rows, length / size);
	else if (length > 0)
		printer_warning(&answer->printer, rows, length);
	if (!more)
		printer_end(&answer->printer, true);
	fclose(answer->printer.out);
	piece_send(answer, piece, piece_length, more);
	free(piece);
	if (!more)
		answer_free(answer);
}

static void answer_start(struct http_commands *commands, struct http_request *request,
                         const struct command_request *asked)
{
	static const struct asker_handler handler = {on_rows, on_failed};
	struct asker_options asks = commands->asks;
	struct answer *answer = NULL;
	char who[AUDIT_WHO_MAX];

	if (commands->answers < ANSWERS_MAX)
		answer = calloc(1, sizeof(*answer));
	if (answer == NULL) {
		http_answer_header(request, "Retry-After", "1");
		http_refuse(request, 503, "too many requests are being answered");
		return;
	}
	commands->answers++;
	answer->commands = commands;
	answer->request = request;
	answer->reply = command_asks(asked->command)->reply;
	printer_begin(&answer->printer, NULL, true, answer->reply);
	http_who(request, who, sizeof(who));
	asks.who = who;
	answer->asker = asker_create(&asks, asked, &handler, answer);
	if (answer->asker == NULL)
		on_failed(answer, -EAGAIN, "too many clients ask");
	else
		http_on_lost(request, on_lost, answer);
}

/* NULL: *why says what is wrong. Nothing at all means no arguments. */
static json_t *arguments_read(struct http_request *request, char *why, size_t room)
{
	json_error_t error;
	size_t length;
	const char *body = http_body(request, &length);
	json_t *object;

	if (body == NULL || length == 0)
		return json_object();
	object = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);
	if (object == NULL)
		snprintf(why, room, "the body is no JSON: line %d, column %d: %s", error.line,
		         error.column, error.text);
	return object;
}

/* The argument, of those that stand in a request, that needs the most; NULL: none needs more than
 * the request does. */
static const struct argument *argument_guarded(const struct command_request *asked)
{
	const struct argument *argument = asked->command->arguments, *found = NULL;

	for (; argument->key != NULL; argument++)
		if (argument->access > (found != NULL ? found->access : ACCESS_READ) &&
		    argument_is_given(argument, asked->body.bytes))
			found = argument;
	return found;
}

/* Whether a request may be made over HTTP with this token; else a line in `why`. */
static bool is_allowed(const struct http_request *request, const struct command_request *asked,
                       char *why, size_t room)
{
	const struct argument *guarded = argument_guarded(asked);
	char path[REQUEST_NAME_MAX];

	command_path(asked->command, path, sizeof(path));
	if (guarded != NULL && guarded->access == ACCESS_HOST) {
		snprintf(why, room, "%s with %s is for sluicectl on the host alone", path,
		         guarded->key);
		return false;
	}
	if (http_is_admin(request))
		return true;
	if (guarded != NULL)
		snprintf(why, room, "%s needs a token of scope admin", guarded->key);
	else
		snprintf(why, room, "this needs a token of scope admin");
	return guarded == NULL && request_access(command_asks(asked->command)) == ACCESS_READ;
}

static void on_command(struct http_request *request, void *arg)
{
	const char *path = http_path_rest(request);
	const struct command *command = command_by_path(path);
	struct command_request asked;
	struct command_error error;
	char why[256];
	json_t *arguments;

	if (command == NULL || !http_has_command(command)) {
		http_refuse(request, 404, "there is no such command (GET /v1/openapi.json)");
		return;
	}
	arguments = arguments_read(request, why, sizeof(why));
	if (arguments == NULL) {
		http_answer_json(request, 400, error_to_json(-EINVAL, why, NULL));
		return;
	}
	if (command_from_json(path, arguments, &asked, &error) < 0)
		http_answer_json(request, 400, error_to_json(-EINVAL, error.text, &error));
	else if (!is_allowed(request, &asked, why, sizeof(why)))
		http_refuse(request, 403, why);
	else
		answer_start(arg, request, &asked);
	explicit_bzero(&asked, sizeof(asked));
	json_decref(arguments);
}

static void on_openapi(struct http_request *request, void *arg)
{
	http_answer_json(request, 200, openapi_make());
}

struct http_commands *http_commands_create(struct http *http, const struct asker_options *options)
{
	struct http_commands *commands = calloc(1, sizeof(*commands));
	const struct http_route routes[] = {
	        {EVHTTP_REQ_POST, PATH, HTTP_READ, on_command, commands},
	        {EVHTTP_REQ_GET, PATH "openapi.json", HTTP_READ, on_openapi, NULL},
	};

	if (commands == NULL)
		return NULL;
	commands->asks = *options;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (http_route_add(http, &routes[i]) < 0) {
			free(commands);
			return NULL;
		}
	}
	return commands;
}

void http_commands_destroy(struct http_commands *commands)
{
	free(commands);
}
