/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one table of requests (include/sluice/api.h): what each is called, what its body and its
 * reply's rows look like, who serves it and whom it is open to. Both daemons check a request
 * against it before any handler sees it; the control plane routes by it; sluicectl, HTTP, /metrics,
 * `top`, events and the fuzzer read replies by it. common/requests_*.c has a file for each subject.
 */
#ifndef COMMON_REQUEST_H
#define COMMON_REQUEST_H

#include "common/column.h"

#include <sluice/api.h>

#define REQUEST_WORDS_MAX 4 /* of a name, "turn user add" */
#define REQUEST_TEXTS_MAX 12
#define REQUEST_NAME_MAX  64 /* bytes of a name, with the final NUL */

enum request_kind {
	REQUEST_SHOW,   /* asks */
	REQUEST_ACT,    /* does something once */
	REQUEST_ADD,    /* a line of the configuration for each object */
	REQUEST_SET,    /* one line of the configuration */
	REQUEST_DELETE, /* takes back the line of `deletes` with the same identity */
	REQUEST_CHANGE, /* changes what `changes` has added, in place, and its line, if it has one
	                 */
	REQUEST_LOCAL,  /* sluicectl's own: never sent */
};

enum request_server {
	BY_DATAPLANE, /* the control plane passes it on */
	BY_CONTROL,   /* the control plane alone: the dataplane does not know it */
	BY_BOTH,      /* the control plane answers, passes it on, or does one after the other */
	BY_DIRECT,    /* the dataplane, and only on its own socket */
};

/* Who may make a request over HTTP. */
enum request_access {
	ACCESS_DEFAULT, /* what shows: READ; else ADMIN */
	ACCESS_READ,    /* a token of scope read or admin */
	ACCESS_ADMIN,   /* a token of scope admin */
	ACCESS_HOST,    /* nobody over HTTP: it takes a login to the host */
};

/* A text of a body: it has to end within its field. */
struct request_text {
	const char *name;
	uint16_t offset, size;
};

/* What the body of a reply is. */
struct reply {
	uint16_t row_size;
	/* Ends with a key of NULL. Where there is more than one row the first column tells them
	 * apart. */
	const struct column *columns;
	uint16_t row_size_before; /* in SLUICE_API_VERSION_OLDEST; 0: the same */
	bool single;              /* one row by its nature: an object in JSON, lines for people */
	bool plain;               /* rows are lines as they are: no heading */
	bool endless;     /* rows come until one leaves: each is a line, in JSON an object */
	const char *none; /* what people are told where there is no row; NULL: nothing */
};

struct request {
	uint16_t type; /* enum sluice_api_type; 0: a gap of the table */
	const char *name[REQUEST_WORDS_MAX];
	enum request_kind kind;
	enum request_server server;
	enum request_access access;
	bool exist_ok;    /* made with SLUICE_API_EXIST_OK: a declaration that may be repeated */
	uint16_t deletes; /* REQUEST_DELETE: the type of what it takes back */
	uint16_t changes; /* REQUEST_CHANGE: the type of what adds it */
	uint16_t body_size;
	uint16_t body_size_before; /* in SLUICE_API_VERSION_OLDEST; 0: the same */
	/* Of what was added since: bytes that say nothing which it has to know. 0: none. */
	uint16_t spare_offset, spare_size;
	uint16_t since; /* the first version that has it; 0: the oldest one has */
	struct request_text texts[REQUEST_TEXTS_MAX]; /* ends with a size of 0 */
	const struct reply *reply;                    /* NULL: an empty one */
};

/* NULL: there is no such request. */
const struct request *request_of(uint16_t type);
/* All of them in the order of their types: start with NULL, ends with NULL. */
const struct request *request_next(const struct request *request);

/* "gate show"; returns `name`. */
const char *request_name(const struct request *request, char name[REQUEST_NAME_MAX]);
enum request_access request_access(const struct request *request);
/* Whether this side knows the request: the control plane, or the dataplane. */
bool request_is_control(const struct request *request);
bool request_is_dataplane(const struct request *request);

/* -- versions -- */

static inline bool api_version_is_understood(uint16_t version)
{
	return version >= SLUICE_API_VERSION_OLDEST && version <= SLUICE_API_VERSION;
}

/* What a version that is understood has. */
bool request_is_in(const struct request *request, uint16_t version);
/* Whether a body of ours says something that it does not have, and has to know. */
bool request_says_more(const struct request *request, uint16_t version, const void *body,
                       uint32_t length);
uint32_t request_body_size(const struct request *request, uint16_t version);
/* 0: its reply has no rows. */
uint32_t request_row_size(const struct request *request, uint16_t version);
/* Rows of one size in another: fields that `to` has not are cut, those that `from` has not are 0.
 * to: may be where they are if it is not longer. Returns how many there are. */
uint32_t rows_fit(void *to, uint32_t to_size, const void *from, uint32_t from_size,
                  uint32_t length);

/*
 * The check at both daemons' edge: the body has the request's size, and each of its texts an end.
 * 0, or -EINVAL with a line in `why` (SLUICE_API_ERROR_MAX bytes).
 */
int request_check(const struct request *request, const void *body, uint32_t length, char *why);
/* Of these its first half: the size that the body has in that version. */
int request_check_size(const struct request *request, uint16_t version, uint32_t length, char *why);

/* The column that tells a reply's rows apart, or NULL: there is one row. */
const struct column *reply_key(const struct reply *reply);
const struct column *reply_column(const struct reply *reply, const char *key);

/* Allocations that have ended: of two requests. */
extern const struct reply account_reply;

/* -- the subjects' parts of the table -- */

struct request_table {
	const struct request *requests; /* by the low byte of the type */
	uint32_t count;
};

extern const struct request_table requests_config, requests_port, requests_turn, requests_stats,
        requests_media, requests_gate, requests_region, requests_capture, requests_event,
        requests_http, requests_session, requests_whip, requests_accounting;

#define REQUEST(number, ...)                                                                       \
	[(number)&0xff] = {                                                                        \
	        .type = (number),                                                                  \
	        .name = __VA_ARGS__,                                                               \
	}
#define BODY(body) .body_size = sizeof(struct body)
#define TEXT(body, member)                                                                         \
	{                                                                                          \
#member, offsetof(struct body, member), FIELD_SIZE(body, member)                   \
	}
#define REPLY(row, list) sizeof(struct row), list
#define REQUEST_TABLE(rows)                                                                        \
	{                                                                                          \
		rows, sizeof(rows) / sizeof((rows)[0])                                             \
	}

#endif
