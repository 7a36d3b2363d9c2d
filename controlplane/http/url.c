/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/url.h"

#include "common/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/http.h>
#include <event2/util.h>

#include <sluice/api.h>

static bool is_right(const struct evhttp_uri *uri)
{
	const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);

	return scheme != NULL && host != NULL && host[0] != '\0' && strlen(host) < URL_HOST_MAX &&
	       (evutil_ascii_strcasecmp(scheme, "https") == 0 ||
	        evutil_ascii_strcasecmp(scheme, "http") == 0) &&
	       evhttp_uri_get_userinfo(uri) == NULL && evhttp_uri_get_fragment(uri) == NULL &&
	       evhttp_uri_get_port(uri) != 0 && evhttp_uri_get_port(uri) <= UINT16_MAX;
}

/* evhttp leaves an IPv6 address in its brackets. */
static void host_take(struct url *url, const char *host)
{
	size_t length = strlen(host);

	if (host[0] == '[' && length > 2)
		snprintf(url->host, sizeof(url->host), "%.*s", (int)length - 2, host + 1);
	else
		snprintf(url->host, sizeof(url->host), "%s", host);
}

static int parts_take(struct url *url, const struct evhttp_uri *uri)
{
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	int port = evhttp_uri_get_port(uri);
	size_t length;

	url->https = evutil_ascii_strcasecmp(evhttp_uri_get_scheme(uri), "https") == 0;
	url->port = port > 0 ? (uint16_t)port : url->https ? 443 : 80;
	host_take(url, evhttp_uri_get_host(uri));
	snprintf(url->authority, sizeof(url->authority), port > 0 ? "%s:%d" : "%s",
	         evhttp_uri_get_host(uri), port);
	length = (size_t)snprintf(url->target, sizeof(url->target), "%s%s%s%s",
	                          path == NULL || path[0] != '/' ? "/" : "",
	                          path != NULL ? path : "", query != NULL ? "?" : "",
	                          query != NULL ? query : "");
	return length < sizeof(url->target) ? 0 : -EINVAL;
}

int url_read(struct url *url, const char *text, char *why)
{
	struct evhttp_uri *uri = evhttp_uri_parse(text);
	int error = uri != NULL && is_right(uri) ? parts_take(url, uri) : -EINVAL;

	if (uri != NULL)
		evhttp_uri_free(uri);
	return error == 0 ? 0
	                  : refuse(why, error,
	                           "%.120s: expected http://HOST[:PORT][/PATH] or "
	                           "https://HOST[:PORT][/PATH]",
	                           text);
}
