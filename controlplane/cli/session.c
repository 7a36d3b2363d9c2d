/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/session.h"

#include "command/json.h"
#include "command/printer.h"
#include "command/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_TIMEOUT_S 30 /* adding a port may take seconds */
#define ERROR_TEXT_MAX   2048
#define TERMINAL_COLUMNS 80 /* of one that does not say */

/* -- errors -- */

static void json_print(const struct session *session, json_t *object)
{
	if (session->file != NULL) {
		json_object_set_new(object, "file", json_string(session->file));
		json_object_set_new(object, "line", json_integer(session->line));
	}
	json_dumpf(object, stderr, JSON_COMPACT);
	fputc('\n', stderr);
	json_decref(object);
}

int session_fail(const struct session *session, const char *prefix, int status, const char *text)
{
	fflush(stdout);
	if (session->json)
		json_print(session, error_to_json(status, text, NULL));
	else
		fprintf(stderr, "%s%s\n", prefix, text);
	return status;
}

/* A person sees the caret below the words; a script gets one line. */
int session_fail_parse(const struct session *session, const char *prefix,
                       const struct command_error *error)
{
	char text[ERROR_TEXT_MAX];

	fflush(stdout);
	if (session->json)
		json_print(session, error_to_json(-EINVAL, error->text, error));
	else if (isatty(STDERR_FILENO))
		command_error_caret(error, prefix, text, sizeof(text));
	else
		command_error_line(error, text, sizeof(text));
	if (!session->json)
		fprintf(stderr, "%s%s\n", isatty(STDERR_FILENO) ? "" : prefix, text);
	return -EINVAL;
}

static int fail_socket(const struct session *session, const char *prefix, int error)
{
	char text[ERROR_TEXT_MAX];

	if (session->interrupted)
		return error;
	if (error == -ENOENT || error == -ECONNREFUSED)
		snprintf(text, sizeof(text), "no daemon listens on %s; is it running?",
		         session->socket);
	else if (error == -EAGAIN)
		snprintf(text, sizeof(text), "no answer on %s for %d s", session->socket,
		         ANSWER_TIMEOUT_S);
	else if (error == -ECONNRESET || error == -EPIPE)
		snprintf(text, sizeof(text), "the daemon on %s closed the connection",
		         session->socket);
	else
		snprintf(text, sizeof(text), "%s: %s", session->socket, strerror(-error));
	return session_fail(session, prefix, error, text);
}

/* What the daemon answered instead of rows. */
static int fail_status(const struct session *session, const char *prefix)
{
	const struct sluice_api_header *header = &session->record.header;
	char text[ERROR_TEXT_MAX];
	struct text out;

	text_start(&out, text, sizeof(text));
	if (header->version != SLUICE_API_VERSION)
		text_addf(&out, "the daemon on %s speaks API version %u, this sluicectl %u",
		          session->socket, header->version, SLUICE_API_VERSION);
	else if (header->status == -ENOSYS)
		text_addf(&out, "the daemon on %s does not know this command", session->socket);
	else if (header->length > 0)
		text_add_printable(&out, (const char *)session->record.body,
		                   header->length < SLUICE_API_ERROR_MAX ? header->length
		                                                         : SLUICE_API_ERROR_MAX);
	else
		text_add(&out, strerror(-header->status));
	return session_fail(session, prefix, header->status != 0 ? header->status : -EPROTO, text);
}

/* -- the connection -- */

void session_start(struct session *session, const char *socket, bool json)
{
	session->socket = socket;
	session->json = json;
	session->paged = false;
	session->ended = false;
	session->fd = -1;
	session->timeout_s = ANSWER_TIMEOUT_S;
	session->id = 0;
	session->file = NULL;
	session->interrupted = false;
}

void session_close(struct session *session)
{
	if (session->fd >= 0)
		close(session->fd);
	session->fd = -1;
}

static int session_connect(struct session *session)
{
	struct timeval timeout = {.tv_sec = session->timeout_s};
	int fd;

	if (session->fd >= 0)
		return 0;
	fd = seqpacket_connect(session->socket);
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	session->fd = fd;
	return 0;
}

static int session_send(struct session *session, const struct command_request *request)
{
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = request->command->type,
	        .id = ++session->id,
	        .flags = command_asks(request->command)->exist_ok ? SLUICE_API_EXIST_OK : 0,
	        .length = request->length,
	};
	int error = session_connect(session);

	return error < 0 ? error : seqpacket_send(session->fd, &header, request->body.bytes);
}

/* The next reply to our request. 0, -EBADMSG: it is none, or -errno. */
static int session_receive(struct session *session)
{
	const struct sluice_api_header *header = &session->record.header;
	int size = seqpacket_receive(session->fd, &session->record);

	if (size < 0)
		return size;
	if (size == 0)
		return -ECONNRESET;
	if ((size_t)size < sizeof(*header))
		return -EBADMSG;
	if (header->version != SLUICE_API_VERSION)
		return 0; /* what follows may look any way */
	return header->length == size - sizeof(*header) && header->id == session->id ? 0 : -EBADMSG;
}

/* -- answers -- */

int session_page_end(struct session *session, const char *prefix)
{
	int error = pager_end(&session->pager);

	if (error == 0)
		return 0;
	return session_fail(session, prefix, error,
	                    error == -ENOMEM ? "no memory for the answer: it ends early"
	                                     : "the pager did not run");
}

/* What has come is read before an error is. */
static int answer_end(struct session *session, struct printer *printer, bool ok, const char *prefix)
{
	printer_end(printer, ok);
	return session_page_end(session, prefix);
}

static int answer_print(struct session *session, const struct reply *reply, struct printer *printer,
                        const char *prefix)
{
	const struct sluice_api_header *header = &session->record.header;
	uint32_t size = reply != NULL ? reply->row_size : 1;
	int error;

	do {
		do
			error = session_receive(session);
		while (error == -EAGAIN && reply != NULL && reply->endless);
		if (error == 0 && (header->version != SLUICE_API_VERSION || header->status != 0)) {
			answer_end(session, printer, false, prefix);
			return fail_status(session, prefix);
		}
		if (error == 0 && header->flags & SLUICE_API_WARNING) {
			printer_warning(printer, session->record.body, header->length);
			break;
		}
		if (error == 0 &&
		    (header->length % size != 0 || (reply == NULL && header->length != 0)))
			error = -EBADMSG;
		if (error == 0)
			error = printer_rows(printer, session->record.body, header->length / size);
		if (error < 0) {
			answer_end(session, printer, false, prefix);
			return error == -ENOMEM ? session_fail(session, prefix, error,
			                                       "no memory for the answer")
			                        : fail_socket(session, prefix, error);
		}
	} while (header->flags & SLUICE_API_MORE && !pager_is_left(&session->pager));
	if (pager_is_left(&session->pager))
		session_close(session); /* the rest is on its way, and nobody reads it */
	return answer_end(session, printer, true, prefix);
}

/* Columns of the terminal that reads the answer; 0: it is none. */
static size_t terminal_room(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
	                                                                       : TERMINAL_COLUMNS;
}

/* What comes for as long as somebody waits is read as it comes. */
static bool is_paged(const struct command *command)
{
	return command_kind(command) == REQUEST_SHOW && command->type != SLUICE_TRACE &&
	       !command_asks(command)->reply->endless;
}

int session_ask(struct session *session, const struct command_request *request, const char *prefix)
{
	const struct reply *reply = command_asks(request->command)->reply;
	struct printer printer;
	int error = session_send(session, request);
	bool paged;

	if (error < 0) {
		session_close(session);
		return fail_socket(session, prefix, error);
	}
	paged = session->paged && is_paged(request->command);
	printer_begin(&printer, pager_begin(&session->pager, paged), session->json, reply);
	printer.room = terminal_room();
	error = answer_print(session, reply, &printer, prefix);
	if (error == 0 && printer.rows == 0 && !session->json && reply != NULL &&
	    reply->none != NULL)
		fprintf(stderr, "%s\n", reply->none);
	/* Other replies to this request may still be on their way. */
	if (error < 0)
		session_close(session);
	return error;
}

static int fetch_add(struct session *session, uint32_t row_size, void **rows, uint32_t *count)
{
	const struct sluice_api_header *header = &session->record.header;
	void *grown;

	if (header->version != SLUICE_API_VERSION || header->length % row_size != 0)
		return -EBADMSG;
	if (header->status != 0)
		return header->status;
	grown = realloc(*rows, (size_t)*count * row_size + header->length + 1);
	if (grown == NULL)
		return -ENOMEM;
	*rows = grown;
	memcpy((uint8_t *)grown + (size_t)*count * row_size, session->record.body, header->length);
	*count += header->length / row_size;
	return 0;
}

int session_fetch(struct session *session, uint16_t type, void **rows, uint32_t *count)
{
	struct command_request request = {.command = command_of_type(type)};
	const struct request *asks;
	int error;

	*rows = NULL;
	*count = 0;
	if (request.command == NULL)
		return -ENOSYS;
	asks = command_asks(request.command);
	request.length = asks->body_size;
	error = session_send(session, &request);
	do {
		if (error == 0)
			error = session_receive(session);
		if (error == 0)
			error = fetch_add(session, asks->reply->row_size, rows, count);
	} while (error == 0 && session->record.header.flags & SLUICE_API_MORE);
	if (error < 0) {
		session_close(session);
		free(*rows);
		*rows = NULL;
		*count = 0;
	}
	return error;
}

int session_each(struct session *session, uint16_t type, bool (*row)(void *arg, const void *row),
                 void *arg)
{
	struct command_request request = {.command = command_of_type(type)};
	const struct sluice_api_header *header = &session->record.header;
	const struct request *asks = command_asks(request.command);
	uint32_t size = asks->reply->row_size;
	int error;

	request.length = asks->body_size;
	error = session_send(session, &request);
	do {
		if (error == 0)
			error = session_receive(session);
		if (error == 0 && (header->version != SLUICE_API_VERSION || header->status != 0 ||
		                   header->length % size != 0))
			error = -EPROTO;
		for (uint32_t at = 0; error == 0 && at < header->length; at += size)
			if (!row(arg, session->record.body + at))
				error = -ECANCELED;
	} while (error == 0 && header->flags & SLUICE_API_MORE);
	/* Other replies to this request may still be on their way. */
	session_close(session);
	return error == -ECANCELED ? 0 : error;
}
