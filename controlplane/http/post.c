/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/post.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include <sluice/api.h>

#define ANSWER_MAX 65536 /* bytes that are read of one */
#define WHY_MAX    96
#define TARGET_MAX 512

struct poster {
	struct event_base *base;
	struct evdns_base *names; /* NULL: the host is an address */
	struct evhttp_uri *url;
	SSL_CTX *tls;                         /* NULL: plain HTTP */
	struct evhttp_connection *connection; /* NULL: none */
	struct evhttp_request *request;       /* that is under way, or NULL */
	char *token;
	char target[TARGET_MAX];
	posted_fn *done;
	void *arg;
	char why[WHY_MAX];
};

static bool url_is_https(const struct evhttp_uri *url)
{
	return evutil_ascii_strcasecmp(evhttp_uri_get_scheme(url), "https") == 0;
}

static bool url_is_right(const struct evhttp_uri *url)
{
	const char *scheme = evhttp_uri_get_scheme(url), *host = evhttp_uri_get_host(url);

	return scheme != NULL && host != NULL && host[0] != '\0' &&
	       (url_is_https(url) || evutil_ascii_strcasecmp(scheme, "http") == 0) &&
	       evhttp_uri_get_userinfo(url) == NULL && evhttp_uri_get_fragment(url) == NULL &&
	       evhttp_uri_get_port(url) != 0;
}

int poster_check(const char *url, char *why)
{
	struct evhttp_uri *parsed = evhttp_uri_parse(url);
	bool right = parsed != NULL && url_is_right(parsed);

	if (parsed != NULL)
		evhttp_uri_free(parsed);
	if (right)
		return 0;
	snprintf(why, SLUICE_API_ERROR_MAX,
	         "%.120s: expected http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH", url);
	return -EINVAL;
}

/* "[::1]" without its brackets. */
static void host_of(const struct evhttp_uri *url, char host[256])
{
	const char *text = evhttp_uri_get_host(url);
	size_t length = strlen(text);

	if (text[0] == '[' && length > 2)
		snprintf(host, 256, "%.*s", (int)length - 2, text + 1);
	else
		snprintf(host, 256, "%s", text);
}

static SSL *tls_make(struct poster *poster, const char *host)
{
	SSL *ssl = SSL_new(poster->tls);
	X509_VERIFY_PARAM *param;

	if (ssl == NULL)
		return NULL;
	param = SSL_get0_param(ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return ssl;
	if (SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static struct bufferevent *wire_make(struct poster *poster, const char *host)
{
	struct bufferevent *wire;
	SSL *ssl;

	if (poster->tls == NULL)
		return bufferevent_socket_new(poster->base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = tls_make(poster, host);
	if (ssl == NULL)
		return NULL;
	wire = bufferevent_openssl_socket_new(poster->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
	                                      BEV_OPT_CLOSE_ON_FREE);
	if (wire == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(wire, 1);
	return wire;
}

static int connection_make(struct poster *poster)
{
	int port = evhttp_uri_get_port(poster->url);
	struct bufferevent *wire;
	char host[256];

	host_of(poster->url, host);
	wire = wire_make(poster, host);
	if (wire == NULL)
		return -ENOMEM;
	if (port < 0)
		port = poster->tls != NULL ? 443 : 80;
	poster->connection = evhttp_connection_base_bufferevent_new(poster->base, poster->names,
	                                                            wire, host, (uint16_t)port);
	if (poster->connection == NULL) {
		bufferevent_free(wire);
		return -ENOMEM;
	}
	evhttp_connection_set_timeout(poster->connection, POST_DEADLINE_S);
	evhttp_connection_set_max_headers_size(poster->connection, ANSWER_MAX);
	evhttp_connection_set_max_body_size(poster->connection, ANSWER_MAX);
	return 0;
}

static void connection_end(struct poster *poster)
{
	if (poster->connection != NULL)
		evhttp_connection_free(poster->connection);
	poster->connection = NULL;
}

static void on_error(enum evhttp_request_error error, void *arg)
{
	static const char *const words[] = {
	        [EVREQ_HTTP_TIMEOUT] = "no answer in time",
	        [EVREQ_HTTP_EOF] = "the connection was closed, or could not be made",
	        [EVREQ_HTTP_INVALID_HEADER] = "that is no HTTP",
	        [EVREQ_HTTP_BUFFER_ERROR] = "the connection broke",
	        [EVREQ_HTTP_DATA_TOO_LONG] = "its answer is too long",
	};
	struct poster *poster = arg;

	if (error < sizeof(words) / sizeof(words[0]) && words[error] != NULL)
		snprintf(poster->why, sizeof(poster->why), "%s", words[error]);
}

static void on_answer(struct evhttp_request *request, void *arg)
{
	struct poster *poster = arg;
	int status = request != NULL ? evhttp_request_get_response_code(request) : 0;

	poster->request = NULL;
	if (status == 0 && poster->why[0] == '\0')
		snprintf(poster->why, sizeof(poster->why), "no connection");
	poster->done(poster->arg, status, poster->why);
}

static int headers_add(struct poster *poster, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	int port = evhttp_uri_get_port(poster->url);
	char text[512];

	snprintf(text, sizeof(text), port < 0 ? "%s" : "%s:%d", evhttp_uri_get_host(poster->url),
	         port);
	if (evhttp_add_header(headers, "Host", text) != 0 ||
	    evhttp_add_header(headers, "Content-Type", "application/json") != 0)
		return -ENOMEM;
	if (poster->token[0] == '\0')
		return 0;
	snprintf(text, sizeof(text), "Bearer %s", poster->token);
	return evhttp_add_header(headers, "Authorization", text) == 0 ? 0 : -ENOMEM;
}

int post_json(struct poster *poster, const char *json, size_t length, posted_fn *done, void *arg)
{
	struct evhttp_request *request;

	if (poster->request != NULL)
		return -EBUSY;
	/* TLS that has ended cannot be begun again on the same connection. */
	if (poster->why[0] != '\0' || poster->tls != NULL)
		connection_end(poster);
	poster->why[0] = '\0';
	if (poster->connection == NULL && connection_make(poster) != 0)
		return -ENOMEM;
	request = evhttp_request_new(on_answer, poster);
	if (request == NULL)
		return -ENOMEM;
	evhttp_request_set_error_cb(request, on_error);
	if (headers_add(poster, request) != 0 ||
	    evbuffer_add(evhttp_request_get_output_buffer(request), json, length) != 0) {
		evhttp_request_free(request);
		return -ENOMEM;
	}
	poster->done = done;
	poster->arg = arg;
	poster->request = request;
	/* It frees the request where it fails. */
	if (evhttp_make_request(poster->connection, request, EVHTTP_REQ_POST, poster->target) !=
	    0) {
		poster->request = NULL;
		connection_end(poster);
		return -ENOMEM;
	}
	return 0;
}

static SSL_CTX *tls_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_paths(context);
	return context;
}

static void target_make(struct poster *poster)
{
	const char *path = evhttp_uri_get_path(poster->url),
	           *query = evhttp_uri_get_query(poster->url);

	snprintf(poster->target, sizeof(poster->target), "%s%s%s%s",
	         path == NULL || path[0] != '/' ? "/" : "", path != NULL ? path : "",
	         query != NULL ? "?" : "", query != NULL ? query : "");
}

struct poster *poster_create(struct event_base *base, const char *url, const char *token)
{
	struct poster *poster = calloc(1, sizeof(*poster));

	if (poster == NULL)
		return NULL;
	poster->base = base;
	poster->url = evhttp_uri_parse(url);
	poster->token = strdup(token);
	poster->names = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
	                                             EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (poster->url != NULL && url_is_https(poster->url))
		poster->tls = tls_context();
	if (poster->url == NULL || poster->token == NULL ||
	    (poster->tls == NULL && url_is_https(poster->url))) {
		poster_destroy(poster);
		return NULL;
	}
	target_make(poster);
	return poster;
}

void poster_destroy(struct poster *poster)
{
	if (poster == NULL)
		return;
	if (poster->request != NULL)
		evhttp_cancel_request(poster->request);
	connection_end(poster);
	if (poster->names != NULL)
		evdns_base_free(poster->names, 0);
	SSL_CTX_free(poster->tls);
	if (poster->url != NULL)
		evhttp_uri_free(poster->url);
	if (poster->token != NULL)
		explicit_bzero(poster->token, strlen(poster->token));
	free(poster->token);
	free(poster);
}
