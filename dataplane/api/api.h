/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dataplane's side of the API: requests in, replies out. Control thread only. api_server binds
 * it to the socket; everything that judges input works without one.
 */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>

#include "common/seqpacket.h"

struct capture;
struct dataplane;
struct trace;

/* Of a request: as long as a record can be, so that none is too long to be kept. A certificate with
 * its chain is 29 kB. */
#define API_BODY_MAX SEQPACKET_BODY_MAX

/* What a client holds while it is connected. */
struct api_holder {
	uint32_t pid, uid;
	struct capture *capture;
	struct trace *trace;
};

/* The client has gone. */
void api_holder_end(struct dataplane *dp, struct api_holder *holder);

/* A request that is being answered. A list is answered page by page: between two of them only this
 * is kept. */
struct api_job {
	struct dataplane *dp;
	const struct api_type *type; /* NULL: refused at the edge */
	uint32_t row_size;           /* of the reply's; 0: it has none */
	uint32_t row_size_asked;     /* in the version that was asked in */
	uint16_t version;            /* of the reply */
	struct sluice_api_header request;
	int status; /* where it is refused at the edge ... */
	char why[SLUICE_API_ERROR_MAX];
	int fd;                    /* that came with the request; who takes it sets -1 */
	int passed;                /* that goes with this page, and stays ours; -1: none */
	struct api_holder *holder; /* of the client */
	bool patient;    /* the caller comes back to a handler that has nothing to say yet ... */
	bool waits;      /* ... and said so: there is no reply to send */
	uint32_t cursor; /* the handler's own: 0 at the first page */
	uint32_t section;
	_Alignas(8) unsigned char body[API_BODY_MAX];
};

/* Takes a record of `size` bytes on the socket, whatever they are. `fd` and `holder` are set
 * after it: nothing came, nothing is held, unless the caller says so. */
void api_begin(struct api_job *job, struct dataplane *dp, const struct seqpacket_record *record,
               size_t size);

/* The only reply is this status and text. */
__attribute__((format(printf, 3, 4))) void api_refuse(struct api_job *job, int status,
                                                      const char *format, ...);

/* Writes the next reply, and says whether another one follows it. */
bool api_next(struct api_job *job, struct seqpacket_record *reply);

/* Begin to end, for callers that take replies as they come. */
void api_handle(struct dataplane *dp, const struct seqpacket_record *record, size_t size,
                void (*reply)(void *arg, const struct seqpacket_record *record), void *arg);

struct api_server;

/* Serves on dp->events what comes to the listener, which stays the caller's. NULL: no memory. */
struct api_server *api_server_create(struct dataplane *dp,
                                     const struct seqpacket_listener *listener);
/* Closes its clients. */
void api_server_destroy(struct api_server *server);

#endif
