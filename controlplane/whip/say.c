/* SPDX-License-Identifier: BSD-3-Clause */
#include "whip/state.h"

#include "command/text.h"
#include "command/value.h"
#include "fleet/fleet.h"
#include "http/commands.h"
#include "region/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define URL_MAX       8448 /* what a request's headers hold, and more */
#define LINK_MAX      512
#define CREDENTIALS_S 86400

/* -- problems -- */

void problem_answer(struct http_request *request, int status, const char *detail)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
	        {400, "Bad Request"},
	        {403, "Forbidden"},
	        {404, "Not Found"},
	        {409, "Conflict"},
	        {412, "Precondition Failed"},
	        {422, "Unprocessable Content"},
	        {428, "Precondition Required"},
	        {503, "Service Unavailable"},
	};
	const char *title = "Error";
	json_t *json;
	char *text;

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			title = titles[i].title;
	json = json_pack("{s:s, s:i, s:s}", "title", title, "status", status, "detail", detail);
	text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	http_answer(request, status, WHIP_TYPE_PROBLEM, text != NULL ? text : "",
	            text != NULL ? strlen(text) : 0);
	free(text);
}

void problem_answer_later(struct http_request *request, int status, const char *detail)
{
	http_answer_header(request, "Retry-After", WHIP_RETRY_S);
	problem_answer(request, status, detail);
}

int problem_answer_of(struct http_request *request, const struct dataplane_answer *answer)
{
	static const struct {
		int error, status;
	} rows[] = {{-EBUSY, 409}, {-ENOENT, 404}, {-EINVAL, 422}};
	int error = answer->lost ? -ENOTCONN : answer->status;
	char text[SLUICE_API_ERROR_MAX];

	answer_text(answer, text, sizeof(text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error != error)
			continue;
		problem_answer(request, rows[i].status, text);
		return rows[i].status;
	}
	problem_answer_later(request, 503, text[0] != '\0' ? text : "not now");
	return 503;
}

/* -- headers -- */

void etag_add(struct http_request *request, const char *ufrag)
{
	char text[WHIP_ETAG_MAX + 1];

	snprintf(text, sizeof(text), "\"%s\"", ufrag);
	http_answer_header(request, "ETag", text);
}

static bool host_is_valid(const char *host)
{
	return strlen(host) < 256 &&
	       strspn(host,
	              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") ==
	               strlen(host);
}

/* A proxy that ends TLS says so; the client itself may say it of its own Location alone. */
static const char *scheme_of(const struct http_request *request)
{
	const char *forwarded = http_header(request, "X-Forwarded-Proto");

	return http_is_tls(request) || (forwarded != NULL && strcmp(forwarded, "https") == 0)
	               ? "https"
	               : "http";
}

/* This node's own, absolute. */
static void url_write(const struct whip *whip, struct http_request *request, const char *path,
                      char text[URL_MAX])
{
	const char *host = fleet_http(whip->options.fleet), *scheme = scheme_of(request);

	/* The node's own address is of plain HTTP. */
	if (host[0] == '\0' || strcmp(scheme, "https") == 0)
		host = http_header(request, "Host");
	if (host != NULL && host[0] != '\0' && host_is_valid(host))
		snprintf(text, URL_MAX, "%s://%s%s", scheme, host, path);
	else
		snprintf(text, URL_MAX, "%s", path);
}

void location_add(const struct whip *whip, struct http_request *request, const char *path)
{
	char text[URL_MAX];

	url_write(whip, request, path, text);
	http_answer_header(request, "Location", text);
}

void extensions_add(const struct whip_side *side, struct http_request *request, const char *stream,
                    const char *id)
{
	static const struct {
		const char *prefix, *rest;
	} rows[] = {
	        {"/whep-sse/", "rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; "
	                       "events=\"" SSE_EVENTS "\""},
	        {"/whep-layer/", "rel=\"urn:ietf:params:whep:ext:core:layer\""},
	};
	char path[160], url[URL_MAX], text[URL_MAX + 160];

	if (side->role != SLUICE_SESSION_WATCH)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/%s", rows[i].prefix, stream, id);
		url_write(side->whip, request, path, url);
		snprintf(text, sizeof(text), "<%s>; %s", url, rows[i].rest);
		http_answer_header(request, "Link", text);
	}
}

void redirect_answer(struct http_request *request, const char *http)
{
	char text[URL_MAX];

	snprintf(text, sizeof(text), "%s://%s%s", scheme_of(request), http, http_target(request));
	http_answer_header(request, "Location", text);
	http_answer(request, 307, NULL, "", 0);
}

void links_add(const struct whip *whip, struct http_request *request, const char *stream)
{
	const struct credential_key *key;
	struct credential credential;
	struct sluice_addr list[2];
	uint32_t count = fleet_turn(whip->options.fleet, list, &key);
	char bytes[LINK_MAX];
	struct text text;

	if (key == NULL || credential_make(key, (uint64_t)time(NULL) + CREDENTIALS_S, stream,
	                                   strlen(stream), &credential) < 0)
		return;
	for (uint32_t i = 0; i < count; i++) {
		text_start(&text, bytes, sizeof(bytes));
		text_add(&text, "<turn:");
		text_add_addr(&text, &list[i]);
		text_addf(&text,
		          "?transport=udp>; rel=\"ice-server\"; username=\"%s\"; "
		          "credential=\"%s\"; credential-type=\"password\"",
		          credential.user, credential.password);
		if (!text.cut)
			http_answer_header(request, "Link", bytes);
	}
	explicit_bzero(&credential, sizeof(credential));
	explicit_bzero(bytes, sizeof(bytes));
}

void alternates_add(const struct whip_side *side, struct http_request *request, const char *stream)
{
	const char *list[FLEET_OTHERS_MAX];
	uint32_t count = fleet_others(side->whip->options.fleet, list);
	char text[LINK_MAX];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "<%s://%s%s%s>; rel=\"alternate\"", scheme_of(request),
		         list[i], side->prefix, stream);
		http_answer_header(request, "Link", text);
	}
}
