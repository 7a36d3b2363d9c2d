/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/poster.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/err.h>

#define ANSWER_MAX 65536 /* bytes that are read of its headers, and of its body */
#define WHY_MAX    160
#define BEARER_MAX 512
#define NO_ERROR   (-1)

/*
 * All ends are on_timer's: the deadline's, and those that evhttp tells of, perhaps within
 * evhttp_make_request, where only the status is kept and the timer made active. evhttp's own
 * timeouts are longer.
 */
struct poster {
	struct http_client *client;
	struct url url;
	char *token;
	struct timeval deadline;
	struct event *timer;
	struct evhttp_connection *connection; /* NULL: nothing is under way */
	struct evhttp_request *request;       /* ours, beside evhttp, for as long */
	bool with_evhttp;                     /* it has the request */
	int error;                            /* enum evhttp_request_error, or NO_ERROR */
	int status;
	bool doubt; /* of what the host knows of names, or of authorities */
	char why[WHY_MAX];
	poster_done_fn *done;
	void *arg;
};

/* -- a connection and its request -- */

static struct bufferevent *wire_make(struct poster *poster)
{
	struct event_base *base = http_client_base(poster->client);
	struct bufferevent *wire;
	SSL *ssl;

	if (!poster->url.https)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = http_client_tls(poster->client, poster->url.host);
	if (ssl == NULL)
		return NULL;
	/* It frees the SSL where it fails. */
	wire = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
	                                      BEV_OPT_CLOSE_ON_FREE);
	if (wire != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(wire, 1);
	return wire;
}

static int connection_make(struct poster *poster)
{
	struct bufferevent *wire = wire_make(poster);

	if (wire == NULL)
		return -ENOMEM;
	poster->connection = evhttp_connection_base_bufferevent_new(
	        http_client_base(poster->client), http_client_names(poster->client), wire,
	        poster->url.host, poster->url.port);
	if (poster->connection == NULL) {
		bufferevent_free(wire);
		return -ENOMEM;
	}
	evhttp_connection_set_max_headers_size(poster->connection, ANSWER_MAX);
	evhttp_connection_set_max_body_size(poster->connection, ANSWER_MAX);
	return 0;
}

static int token_add(const struct poster *poster, struct evkeyvalq *headers)
{
	char text[BEARER_MAX];
	int error;

	if (poster->token[0] == '\0')
		return 0;
	snprintf(text, sizeof(text), "Bearer %s", poster->token);
	error = evhttp_add_header(headers, "Authorization", text) == 0 ? 0 : -ENOMEM;
	explicit_bzero(text, sizeof(text));
	return error;
}

static void on_error(enum evhttp_request_error error, void *arg)
{
	struct poster *poster = arg;

	poster->error = (int)error;
}

static void on_answer(struct evhttp_request *request, void *arg)
{
	struct poster *poster = arg;

	poster->with_evhttp = false;
	poster->status = request != NULL ? evhttp_request_get_response_code(request) : 0;
	event_active(poster->timer, EV_TIMEOUT, 0);
}

static int request_make(struct poster *poster, const char *json, size_t length)
{
	struct evkeyvalq *headers;

	poster->request = evhttp_request_new(on_answer, poster);
	if (poster->request == NULL)
		return -ENOMEM;
	evhttp_request_own(poster->request);
	evhttp_request_set_error_cb(poster->request, on_error);
	headers = evhttp_request_get_output_headers(poster->request);
	if (evhttp_add_header(headers, "Host", poster->url.authority) != 0 ||
	    evhttp_add_header(headers, "Content-Type", "application/json") != 0 ||
	    evhttp_add_header(headers, "Connection", "close") != 0 ||
	    evbuffer_add(evhttp_request_get_output_buffer(poster->request), json, length) != 0)
		return -ENOMEM;
	return token_add(poster, headers);
}

/* -- why there is no status -- */

static const char *refused_word(long refused)
{
	switch (refused) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "it is of another name than the URL's";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "it has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "it is not valid yet: are the clocks right?";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "no authority that this host knows has signed it";
	default:
		return X509_verify_cert_error_string(refused);
	}
}

/* False: TLS is not the reason. */
static bool tls_say(struct poster *poster, struct bufferevent *wire)
{
	long refused = SSL_get_verify_result(bufferevent_openssl_get_ssl(wire));
	unsigned long error = bufferevent_get_openssl_error(wire);
	const char *reason = ERR_GET_LIB(error) != 0 ? ERR_reason_error_string(error) : NULL;

	if (refused != X509_V_OK)
		snprintf(poster->why, sizeof(poster->why), "its certificate is refused: %s",
		         refused_word(refused));
	else if (reason != NULL)
		snprintf(poster->why, sizeof(poster->why), "TLS: %s", reason);
	poster->doubt = refused != X509_V_OK;
	return refused != X509_V_OK || reason != NULL;
}

static void error_say(struct poster *poster)
{
	static const char *const words[] = {
	        [EVREQ_HTTP_TIMEOUT] = "no answer in time",
	        [EVREQ_HTTP_EOF] = "the connection was closed",
	        [EVREQ_HTTP_INVALID_HEADER] = "that is no HTTP",
	        [EVREQ_HTTP_BUFFER_ERROR] = "the connection broke",
	        [EVREQ_HTTP_DATA_TOO_LONG] = "its answer is too long",
	};
	int error = poster->error;

	snprintf(poster->why, sizeof(poster->why), "%s",
	         error >= 0 && error < (int)(sizeof(words) / sizeof(words[0])) &&
	                         words[error] != NULL
	                 ? words[error]
	                 : "no connection could be made");
}

/* A handshake that fails is no connection, or the end of one, to evhttp. */
static bool error_may_be_tls(const struct poster *poster)
{
	return poster->error == NO_ERROR || poster->error == EVREQ_HTTP_EOF;
}

static void failure_say(struct poster *poster)
{
	struct bufferevent *wire = evhttp_connection_get_bufferevent(poster->connection);
	int name = bufferevent_socket_get_dns_error(wire);

	poster->doubt = name != 0;
	if (name != 0)
		snprintf(poster->why, sizeof(poster->why), "its name: %s",
		         evutil_gai_strerror(name));
	else if (!poster->url.https || !error_may_be_tls(poster) || !tls_say(poster, wire))
		error_say(poster);
}

/* A socket is there once the name has been found. */
static void deadline_say(struct poster *poster)
{
	poster->doubt =
	        bufferevent_getfd(evhttp_connection_get_bufferevent(poster->connection)) < 0;
	snprintf(poster->why, sizeof(poster->why), "%s",
	         poster->doubt ? "its name was not answered in time" : "no answer in time");
}

/* -- the end -- */

/* evhttp's copy of it. */
static void token_wipe(struct evhttp_request *request)
{
	const char *text =
	        evhttp_find_header(evhttp_request_get_output_headers(request), "Authorization");

	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
}

static void way_end(struct poster *poster)
{
	if (poster->with_evhttp)
		evhttp_cancel_request(poster->request);
	if (poster->connection != NULL)
		evhttp_connection_free(poster->connection);
	if (poster->request != NULL) {
		token_wipe(poster->request);
		evhttp_request_free(poster->request);
	}
	poster->with_evhttp = false;
	poster->connection = NULL;
	poster->request = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct poster *poster = arg;
	char why[WHY_MAX];

	poster->doubt = false;
	if (poster->with_evhttp)
		deadline_say(poster);
	else if (poster->status == 0)
		failure_say(poster);
	way_end(poster);
	if (poster->doubt)
		http_client_refresh(poster->client);
	memcpy(why, poster->why, sizeof(why));
	poster->done(poster->arg, poster->status, why); /* the poster may have gone */
}

int poster_send(struct poster *poster, const char *json, size_t length, poster_done_fn *done,
                void *arg)
{
	if (poster->connection != NULL)
		return -EBUSY;
	poster->status = 0;
	poster->error = NO_ERROR;
	poster->why[0] = '\0';
	poster->done = done;
	poster->arg = arg;
	if (connection_make(poster) != 0 || request_make(poster, json, length) != 0 ||
	    event_add(poster->timer, &poster->deadline) != 0) {
		way_end(poster);
		return -ENOMEM;
	}
	poster->with_evhttp = true;
	if (evhttp_make_request(poster->connection, poster->request, EVHTTP_REQ_POST,
	                        poster->url.target) == 0)
		return 0;
	poster->with_evhttp = false;
	event_del(poster->timer);
	way_end(poster);
	return -ENOMEM;
}

/* -- its life -- */

struct poster *poster_create(struct http_client *client, const struct url *url, const char *token,
                             uint32_t deadline_s)
{
	struct poster *poster = calloc(1, sizeof(*poster));

	if (poster == NULL)
		return NULL;
	poster->client = client;
	poster->url = *url;
	poster->deadline.tv_sec = deadline_s;
	poster->token = strdup(token);
	poster->timer = evtimer_new(http_client_base(client), on_timer, poster);
	if (poster->token == NULL || poster->timer == NULL) {
		poster_destroy(poster);
		return NULL;
	}
	return poster;
}

void poster_destroy(struct poster *poster)
{
	if (poster == NULL)
		return;
	way_end(poster);
	if (poster->timer != NULL)
		event_free(poster->timer);
	if (poster->token != NULL)
		explicit_bzero(poster->token, strlen(poster->token));
	free(poster->token);
	free(poster);
}
