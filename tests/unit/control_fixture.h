/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole control plane, the program's own main(), in a child of the test, without a privilege: its
 * sockets lie in a folder of the test's, HTTP is on loopback, and the gate's maps are memory that
 * both share (gate/maps.h). The test is its dataplane: it answers what is asked, remembers it, and
 * goes away and comes back as the test wants. Nothing happens while the test does not wait: there
 * are no threads. Include after cmocka.h.
 */
#ifndef CONTROL_FIXTURE_H
#define CONTROL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <sluice/api.h>

#include <gate_state.h>
#include <gate_verdict.h>

#define CONTROL_ASKED_MAX   1024 /* requests to the dataplane that are remembered: the last ones */
#define CONTROL_BODY_MAX    4400 /* bytes of each */
#define CONTROL_ANSWERS_MAX 16
#define CONTROL_SAID_MAX    (256 * 1024)
#define CONTROL_LINES_MAX   64 /* lines of the gate's lists that are kept */
#define CONTROL_PATIENCE_MS 30000

/* The gate's maps, in memory that the control plane and the test share. */
struct control_maps {
	volatile bool pinned;       /* they are there */
	volatile uint32_t id;       /* another one: they are new */
	volatile int refuses;       /* -errno of each write; 0: none */
	volatile uint32_t written;  /* how often the configuration was */
	volatile uint64_t attacked; /* CLOCK_MONOTONIC until when the host is, ns */
	volatile uint32_t prefixes_attacked;
	struct gate_config config;
	uint64_t counters[GATE_COUNTERS];
	volatile uint32_t counts[2]; /* lines of the list of the denied, of the trusted */
	struct gate_lpm_key lists[2][CONTROL_LINES_MAX];
	struct gate_top top; /* the first entry of the sources; no other is there */
};

/* What the dataplane was asked. */
struct control_asked {
	uint16_t type;
	uint32_t flags, length;
	_Alignas(8) uint8_t body[CONTROL_BODY_MAX];
};

struct control_answer {
	uint16_t type;
	int32_t status;
	uint32_t flags, length;
	uint32_t times; /* it comes: all but the last say that more follows; 0: once. What a socket
	                   holds: 60 */
	_Alignas(8) uint8_t body[CONTROL_BODY_MAX];
};

/* An open request on the control plane's socket, of which no end is awaited. */
struct control_stream {
	int fd;
	uint16_t row_size;
	uint32_t rows;
	_Alignas(8) uint8_t last[CONTROL_BODY_MAX]; /* the last row */
};

struct control {
	char folder[64];
	pid_t pid;
	uint16_t port; /* of HTTP */
	struct control_maps *maps;
	int listener, connections[16]; /* of the dataplane; -1: none */
	bool mute;                     /* it hears, and does not answer */
	/* SLUICE_TURN_WANTED_TAKE is kept open; fd -1: it was not asked, or has gone. */
	int wanted_fd;
	struct sluice_api_header wanted;
	/* SLUICE_SESSION_EVENTS the same */
	int events_fd;
	struct sluice_api_header events;
	uint32_t n_asked, n_answers;
	struct control_asked asked[CONTROL_ASKED_MAX];
	struct control_answer answers[CONTROL_ANSWERS_MAX];
	struct control_stream stream;
	char headers[4096];          /* of the last answer of HTTP, the status line among them */
	int status;                  /* of the last command, or HTTP's */
	char said[CONTROL_SAID_MAX]; /* the last answer: JSON, or what was wrong */
};

/* For cmocka: state is a struct control of a host without regions, with tokens "all", "reads" and
 * "streams". */
int control_setup(void **state);
int control_teardown(void **state);

/* lines: of the configuration, beside the fixture's. */
struct control *control_start(const char *lines);
/* It ends at SIGTERM, with success, and leaves nothing; whoever was told to sees leaks. */
void control_stop(struct control *control);
/* Ends the process and starts another one on the same folder. */
void control_restart(struct control *control, int signal);

/* -- the dataplane -- */

void dataplane_away(struct control *control);
void dataplane_back(struct control *control);
/* From now on this is answered to requests of the type, instead of success and no row. What is
 * returned may be changed. */
struct control_answer *dataplane_answers(struct control *control, uint16_t type, int32_t status,
                                         const void *body, uint32_t length);
/* The same with a status and its text. */
void dataplane_refuses(struct control *control, uint16_t type, int32_t status, const char *why);
/* How often, of the last CONTROL_ASKED_MAX / 2 requests at least. */
uint32_t dataplane_was_asked(const struct control *control, uint16_t type);
/* The body of the last request of the type; NULL: there was none. */
const void *dataplane_asked(const struct control *control, uint16_t type);
void dataplane_forget(struct control *control);
/* A client came with a user name that the dataplane does not know. */
void dataplane_wants(struct control *control, const char *name, uint32_t length);

/* What became of a session, to who has asked for it. */
struct sluice_session_event;
void dataplane_tells(struct control *control, const struct sluice_session_event *event);

/* -- clients -- */

/*
 * A line of sluicectl's. Its status, 0 or -errno, is also in control->status, and in control->said
 * is the answer in JSON or why not.
 */
int control_do(struct control *control, const char *line);
/* Opens a stream (events): rows are in control->stream while the test waits. */
void control_listen(struct control *control, const char *line);
/* HTTP's status. token: NULL for none. method: "GET /healthz". */
int control_http(struct control *control, const char *method, const char *token, const char *body);
/* The same with headers of one's own, each with CR LF; the answer's are in control->headers. */
int control_http_with(struct control *control, const char *method, const char *token,
                      const char *headers, const char *body);
/* A request whose answer does not end, with headers of one's own as above: its socket. */
int control_http_open(struct control *control, const char *method, const char *token,
                      const char *headers);
/* Whether its log has this. */
bool control_logged(struct control *control, const char *text);

/* -- waiting -- */

/* Does what the test is to do as a dataplane, for 20 ms at most; fails after `end`. */
void control_wait(struct control *control, uint64_t end, const char *what);
uint64_t control_now_ms(void);
#define control_await(control, condition)                                                          \
	for (uint64_t end_ = control_now_ms() + CONTROL_PATIENCE_MS; !(condition);)                \
	control_wait(control, end_, #condition)
/* For what shall not happen. */
void control_rest(struct control *control, uint32_t ms);

#endif
