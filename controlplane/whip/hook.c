/* SPDX-License-Identifier: BSD-3-Clause */
#include "whip/hook.h"

#include "common/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include <arpa/inet.h>

#define TIMEOUT_S  2
#define ANSWER_MAX 4096 /* bytes of its headers, and of a body that nobody reads */

/* -- the line -- */

/* Nothing here waits for names. */
static bool host_is_numeric(const char *host)
{
	uint8_t address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* evhttp leaves an IPv6 address in its brackets. */
static void host_take(struct hook *hook, const char *host)
{
	size_t length = host != NULL ? strlen(host) : 0;

	hook->host[0] = '\0';
	if (length > 1 && host[0] == '[') {
		host++;
		length -= 2;
	}
	if (length < sizeof(hook->host)) {
		memcpy(hook->host, host != NULL ? host : "", length);
		hook->host[length] = '\0';
	}
}

static void path_take(struct hook *hook, const struct evhttp_uri *uri)
{
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);

	snprintf(hook->path, sizeof(hook->path), "%s%s%s",
	         path != NULL && path[0] != '\0' ? path : "/", query != NULL ? "?" : "",
	         query != NULL ? query : "");
}

int hook_set(struct hook *hook, const struct sluice_whip_hook *set, char *why)
{
	struct evhttp_uri *uri = evhttp_uri_parse(set->url);
	const char *scheme = uri != NULL ? evhttp_uri_get_scheme(uri) : NULL;
	struct hook fresh = {.base = hook->base, .is_set = true};
	int port = uri != NULL ? evhttp_uri_get_port(uri) : -1;

	if (scheme != NULL && strcmp(scheme, "http") == 0) {
		host_take(&fresh, evhttp_uri_get_host(uri));
		path_take(&fresh, uri);
	}
	if (uri != NULL)
		evhttp_uri_free(uri);
	if (!host_is_numeric(fresh.host) || port == 0 || port > UINT16_MAX)
		return refuse(why, -EINVAL,
		              "expected http://ADDRESS[:PORT][/PATH], with a numeric address");
	fresh.port = port > 0 ? (uint16_t)port : 80;
	fresh.timeout_s = set->timeout_s != 0 ? set->timeout_s : TIMEOUT_S;
	*hook = fresh;
	return 0;
}

void hook_unset(struct hook *hook)
{
	hook->is_set = false;
}

/* -- a question -- */

struct hook_question {
	struct evhttp_connection *connection;
	struct event *timer;
	enum hook_answer answer; /* so far */
	hook_answered_fn *answered;
	void *arg;
};

/* Not from within the connection's own callback. */
static void question_free(struct hook_question *question)
{
	if (question->connection != NULL)
		evhttp_connection_free(question->connection);
	if (question->timer != NULL)
		event_free(question->timer);
	free(question);
}

static void question_end(struct hook_question *question, enum hook_answer answer)
{
	hook_answered_fn *answered = question->answered;
	void *arg = question->arg;

	question_free(question);
	answered(arg, answer);
}

static enum hook_answer answer_of(int status)
{
	if (status >= 200 && status < 300)
		return HOOK_ALLOWS;
	return status >= 400 && status < 500 ? HOOK_REFUSES : HOOK_IS_AWAY;
}

/* The connection is still at work on it: it ends in on_time, at once. */
static void on_answer(struct evhttp_request *request, void *arg)
{
	struct hook_question *question = arg;

	question->answer =
	        answer_of(request != NULL ? evhttp_request_get_response_code(request) : 0);
	event_active(question->timer, EV_TIMEOUT, 0);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct hook_question *question = arg;

	question_end(question, question->answer);
}

/* The connection owns the request, whatever becomes of it. */
static bool question_send(const struct hook *hook, struct hook_question *question, const char *json)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, question);
	struct evkeyvalq *headers;
	char host[80];

	if (request == NULL)
		return false;
	headers = evhttp_request_get_output_headers(request);
	snprintf(host, sizeof(host), strchr(hook->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	         hook->host, hook->port);
	if (evhttp_add_header(headers, "Host", host) != 0 ||
	    evhttp_add_header(headers, "Content-Type", "application/json") != 0 ||
	    evhttp_add_header(headers, "Connection", "close") != 0 ||
	    evbuffer_add(evhttp_request_get_output_buffer(request), json, strlen(json)) != 0) {
		evhttp_request_free(request);
		return false;
	}
	return evhttp_make_request(question->connection, request, EVHTTP_REQ_POST, hook->path) == 0;
}

static bool question_begin(const struct hook *hook, struct hook_question *question,
                           const char *json)
{
	const struct timeval wait = {.tv_sec = hook->timeout_s};

	question->timer = evtimer_new(hook->base, on_time, question);
	question->connection = evhttp_connection_base_new(hook->base, NULL, hook->host, hook->port);
	if (question->timer == NULL || question->connection == NULL ||
	    event_add(question->timer, &wait) != 0)
		return false;
	evhttp_connection_set_max_headers_size(question->connection, ANSWER_MAX);
	evhttp_connection_set_max_body_size(question->connection, ANSWER_MAX);
	return true;
}

struct hook_question *hook_ask(const struct hook *hook, const char *json,
                               hook_answered_fn *answered, void *arg)
{
	struct hook_question *question = calloc(1, sizeof(*question));

	if (question == NULL || !question_begin(hook, question, json)) {
		if (question != NULL)
			question_free(question);
		answered(arg, HOOK_IS_AWAY);
		return NULL;
	}
	question->answer = HOOK_IS_AWAY;
	question->answered = answered;
	question->arg = arg;
	if (question_send(hook, question, json))
		return question;
	question_end(question, HOOK_IS_AWAY);
	return NULL;
}

void hook_forget(struct hook_question *question)
{
	question_free(question);
}
