/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"

#include <sluice/http.h>

#define HTTP(member)         FIELD(sluice_http_row, member)
#define COUNTER(name, thing) .counter = true, .unit = thing, .metric = name

static const struct column http_columns[] = {
        {"listeners", "addresses that are listened on", COLUMN_NUMBER, HTTP(listeners)},
        {"tokens", "of any scope", COLUMN_NUMBER, HTTP(tokens)},
        {"connections", "open connections of the HTTP server", COLUMN_NUMBER, HTTP(connections),
         .metric = "sluice_http_connections"},
        {"connections_max", "connections that there is room for", COLUMN_NUMBER,
         HTTP(connections_max)},
        {"requests", "HTTP requests that were answered", COLUMN_NUMBER, HTTP(requests),
         COUNTER("sluice_http_requests_total", "requests")},
        {"refused", "HTTP requests that were answered with a 4xx", COLUMN_NUMBER, HTTP(refused),
         COUNTER("sluice_http_refused_total", "requests")},
        {"failed", "HTTP requests that were answered with a 5xx", COLUMN_NUMBER, HTTP(failed),
         COUNTER("sluice_http_failed_total", "requests")},
        {"timed_out", "connections that were closed because their client was too slow",
         COLUMN_NUMBER, HTTP(timed_out), COUNTER("sluice_http_timed_out_total", "connections")},
        {"crowded", "connections that were closed to make room for others", COLUMN_NUMBER,
         HTTP(crowded), COUNTER("sluice_http_crowded_total", "connections")},
        {"expires", "when the certificate of `http tls` does, Unix time; 0: there is none",
         COLUMN_NUMBER, HTTP(expires), .unit = "seconds",
         .metric = "sluice_http_certificate_expires_seconds",
         .metric_help = "when the certificate of `http tls` expires, Unix time; 0: there is none"},
        {0},
};

static const struct reply http_reply = {REPLY(sluice_http_row, http_columns), .single = true};

#define TOKEN_TEXTS                                                                                \
	{                                                                                          \
		TEXT(sluice_http_token, token), TEXT(sluice_http_token, stream)                    \
	}

static const struct request requests[] = {
        REQUEST(SLUICE_HTTP_LISTEN_ADD, {"http", "listen"}, REQUEST_ADD, BY_CONTROL,
                .exist_ok = true, BODY(sluice_http_listen)),
        REQUEST(SLUICE_HTTP_LISTEN_DELETE, {"http", "listen", "delete"}, REQUEST_DELETE, BY_CONTROL,
                .deletes = SLUICE_HTTP_LISTEN_ADD, BODY(sluice_http_listen)),
        REQUEST(SLUICE_HTTP_TOKEN_ADD, {"http", "token", "add"}, REQUEST_ADD, BY_CONTROL,
                .exist_ok = true, BODY(sluice_http_token), .texts = TOKEN_TEXTS),
        REQUEST(SLUICE_HTTP_TOKEN_DELETE, {"http", "token", "delete"}, REQUEST_DELETE, BY_CONTROL,
                .deletes = SLUICE_HTTP_TOKEN_ADD, BODY(sluice_http_token), .texts = TOKEN_TEXTS),
        REQUEST(SLUICE_HTTP_TLS_SET, {"http", "tls"}, REQUEST_SET, BY_CONTROL,
                .access = ACCESS_HOST, BODY(sluice_http_tls),
                .texts = {TEXT(sluice_http_tls, cert), TEXT(sluice_http_tls, key)}),
        REQUEST(SLUICE_HTTP_SHOW, {"http", "show"}, REQUEST_SHOW, BY_CONTROL, .reply = &http_reply),
};

const struct request_table requests_http = REQUEST_TABLE(requests);
