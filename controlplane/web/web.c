/* SPDX-License-Identifier: BSD-3-Clause */
#include "web/web.h"

#include "http/http.h"

#include <string.h>

/* Nothing but ours runs in the page; what it talks to may be another node. */
#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; media-src blob: " \
	"mediastream:; connect-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char *type_of(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
	        {".html", "text/html; charset=utf-8"},
	        {".css", "text/css; charset=utf-8"},
	        {".js", "text/javascript; charset=utf-8"},
	};
	const char *end = strrchr(path, '.');

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (end != NULL && strcmp(end, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static void handle_file(struct http_request *request, void *arg)
{
	const struct web_file *file = arg;

	http_answer_header(request, "Content-Security-Policy", POLICY);
	http_answer_header(request, "Referrer-Policy", "no-referrer");
	http_answer(request, 200, type_of(file->path), file->bytes, file->length);
}

int web_start(struct http *http)
{
	struct http_route route = {EVHTTP_REQ_GET, "/", HTTP_OPEN, handle_file,
	                           (void *)&web_files[0]};
	int error = http_route_add(http, &route);

	for (const struct web_file *file = web_files; file->path != NULL && error == 0; file++) {
		route.path = file->path;
		route.arg = (void *)file;
		error = http_route_add(http, &route);
	}
	return error;
}
