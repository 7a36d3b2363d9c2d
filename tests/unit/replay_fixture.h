/* SPDX-License-Identifier: BSD-3-Clause */
/* The control plane between a client and a dataplane, both played by the test, in one event loop.
 */
#ifndef REPLAY_FIXTURE_H
#define REPLAY_FIXTURE_H

#include "answers/routes.h"
#include "channel.h"
#include "config/own.h"
#include "config/running.h"
#include "control/server.h"
#include "dataplane/client.h"
#include "reload/reload.h"

#include <event2/event.h>
#include <time.h>

#define PATIENCE_S      5
#define CONNECTIONS_MAX 64
#define FAKE_ROWS       190 /* of a reply */
/* What setup() configures, as it is replayed. */
#define REPLAY "version;begin;turn realm x;turn user add u password p;commit;"

struct scene;

/* A dataplane as the control plane sees one. */
struct fake {
	struct scene *scene;
	struct seqpacket_listener listener;
	struct event *acceptable;
	struct channel connections[CONNECTIONS_MAX];
	uint32_t n_connections;
	char asked[16384];            /* what came, each followed by ";" */
	_Alignas(8) uint8_t body[64]; /* of the last request, cut */
	uint32_t length;              /* ... and how many bytes it has */
	const char *refuse;           /* lines that hold this are refused */
	bool mute;                    /* nothing is answered */
	uint32_t lost;                /* connections that the other end closed */
	uint16_t version;
	uint32_t rows;     /* of an answer to `counter show`, one row a reply */
	uint32_t versions; /* rows of an answer to `version`; 0: one */
	uint32_t vanish;   /* closes a connection after so many rows; 0: never */
};

/* A client of the control socket. */
struct peer {
	struct channel channel;
	bool lost;
	uint32_t replies, rows;
	uint32_t bytes; /* of all replies' bodies */
	struct sluice_api_header last;
	char text[4096]; /* of the last reply's body */
};

struct scene {
	struct event_base *base;
	char folder[32], dataplane_path[64], control_path[64], config_path[64];
	struct seqpacket_record buffer; /* the control plane's */
	struct seqpacket_record fake_buffer, peer_buffer;
	struct running *running;
	struct seqpacket_listener listener;
	struct dataplane_client *client;
	struct own *own;
	struct reload *reload;
	struct server *server;
	struct fake fake;
	int settled; /* 1: not yet */
};

void fake_start(struct scene *scene);
void fake_stop(struct scene *scene);
void peer_open(struct scene *scene, struct peer *peer);
void peer_send(struct peer *peer, const char *line);
void loop_once(struct scene *scene);

/* Runs the loop until the condition holds. */
#define AWAIT(scene, condition)                                                                    \
	do {                                                                                       \
		time_t end = time(NULL) + PATIENCE_S;                                              \
		while (!(condition)) {                                                             \
			if (time(NULL) > end)                                                      \
				fail_msg("not in time: %s (asked: %s)", #condition,                \
				         (scene)->fake.asked);                                     \
			loop_once(scene);                                                          \
		}                                                                                  \
	} while (0)

void ask(struct scene *scene, struct peer *peer, const char *line);

/* One request of a client of its own. Returns the status. */
int asked_status(struct scene *scene, const char *line);
void configure(struct scene *scene, const char *line, uint32_t number);
void control_start(struct scene *scene);
int setup(void **state);
int teardown(void **state);

#endif
