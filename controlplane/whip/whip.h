/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Browsers over HTTP: WHIP (RFC 9725) at /whip/STREAM, WHEP (draft-ietf-wish-whep-03) at
 * /whep/STREAM, and below each the resource of a session. A session is the dataplane's; what is
 * kept here follows from it, and is read from it again after a restart.
 */
#ifndef WHIP_WHIP_H
#define WHIP_WHIP_H

struct dataplane_client;
struct event_base;
struct event_bus;
struct fleet;
struct http;
struct http_client;
struct own;
struct sluice_whip_row;
struct whip;

struct whip_options {
	struct event_base *base;
	struct dataplane_client *client;
	struct event_bus *events;
	struct fleet *fleet;
	struct http *http;
	struct http_client *http_client;
	struct own *own;
};

/* Serves the subject of sluice/whip.h. NULL: no memory. */
struct whip *whip_create(const struct whip_options *options);
/* After the HTTP server and the dataplane's client: nothing waits for an answer any more. */
void whip_destroy(struct whip *whip);
/* The dataplane has the whole configuration, and is perhaps a new one. */
void whip_ready(struct whip *whip);

void whip_show(const struct whip *whip, struct sluice_whip_row *row);

#endif
