/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking at packets: a capture is pcapng in a descriptor that the client passes over the
 * dataplane's own socket (SCM_RIGHTS), and lives as long as its connection.
 */
#ifndef SLUICE_CAPTURE_H
#define SLUICE_CAPTURE_H

#include <sluice/api.h>
#include <sluice/media.h>
#include <sluice/port.h>
#include <sluice/turn.h>

#define SLUICE_CAPTURE_REASON_MAX  32
#define SLUICE_CAPTURE_NOTE_MAX    256
#define SLUICE_CAPTURE_PROGRAM_MAX 256 /* instructions, of a trace as well */

enum sluice_capture_point {
	SLUICE_CAPTURE_RECEIVED,
	SLUICE_CAPTURE_SENT,
	SLUICE_CAPTURE_DROPPED,
	SLUICE_CAPTURE_DECRYPTED, /* of a stream or an endpoint; only where the dataplane runs with
	                             --allow-decrypted */
	SLUICE_CAPTURE_POINTS,
};

enum sluice_capture_direction {
	SLUICE_CAPTURE_BOTH,
	SLUICE_CAPTURE_IN, /* towards us; of what is dropped: before it was decided where it goes */
	SLUICE_CAPTURE_OUT, /* away from us */
};

/* Of classic BPF, as libpcap compiles it for Ethernet. Jumps go forward only. */
struct sluice_capture_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
static_assert(sizeof(struct sluice_capture_insn) == 8, "BPF instruction");

/* All that is given has to match; empty texts and zeros match everything. */
struct sluice_capture_filter {
	uint32_t points; /* bit set of enum sluice_capture_point; not 0 */
	uint32_t direction;
	uint64_t allocation; /* id */
	char port[SLUICE_PORT_NAME_MAX];
	char reason[SLUICE_CAPTURE_REASON_MAX]; /* name of the counter drop.NAME */
	char user[SLUICE_TURN_USER_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	char stream[SLUICE_MEDIA_NAME_MAX]; /* its RTP, as it comes and as its subscribers get it */
	uint32_t sample;                    /* 1 in so many on average; 0, 1: all */
	uint32_t program_length;            /* instructions; 0: all packets */
	struct sluice_capture_insn program[SLUICE_CAPTURE_PROGRAM_MAX];
};

/*
 * SLUICE_CAPTURE_START with a descriptor -> struct sluice_capture_row. -EINVAL, -ENOENT (port,
 * endpoint, stream), -EPERM (decrypted), -EBUSY (this connection has one), -ENOSPC (captures,
 * memory), -EBADF (descriptor). Packets are captured from the answer on.
 */
struct sluice_capture {
	struct sluice_capture_filter filter;
	uint32_t snap;      /* bytes of each packet, 64 to 65535 */
	uint32_t buffer_kb; /* of each worker, 64 to 65536 */
	/* what ends the capture; 0: no limit */
	uint64_t max_packets, max_bytes;
	uint32_t max_seconds;
	/* what ends a file, once the next one's descriptor is there */
	uint32_t file_seconds;
	uint64_t file_bytes;
	char note[SLUICE_CAPTURE_NOTE_MAX]; /* the file's comment */
};
static_assert(sizeof(struct sluice_capture) % 8 == 0, "capture");

enum sluice_capture_state {
	SLUICE_CAPTURE_RUNNING,
	SLUICE_CAPTURE_STOPPED, /* asked to */
	SLUICE_CAPTURE_LIMIT,   /* has what was wanted */
	SLUICE_CAPTURE_GONE,    /* nobody reads the pipe any more */
	SLUICE_CAPTURE_STUCK,   /* nothing was read from the pipe for too long */
	SLUICE_CAPTURE_FAILED,  /* could not write: `error` */
};

/*
 * SLUICE_CAPTURE_SHOW {} -> rows, of all clients.
 * SLUICE_CAPTURE_STOP {} -> {}: this connection's; what it holds is still written. -ENOENT.
 * SLUICE_CAPTURE_FILE {} with a descriptor -> {}: the next file. -ENOENT, -EBADF, -EBUSY: one
 * waits.
 */
struct sluice_capture_row {
	uint32_t id;
	uint32_t state;
	int32_t error; /* negative errno */
	uint32_t points;
	uint32_t pid, uid;
	uint32_t files; /* begun */
	uint32_t done;  /* 1: the last file is complete */
	uint64_t packets, bytes;
	uint64_t lost; /* packets that matched and were not written */
};
static_assert(sizeof(struct sluice_capture_row) == 56, "capture row");

/*
 * SLUICE_TRACE {packets that enter the graph} -> rows, whole packets at a time, until there are
 * `count` of them or the time is over. -EINVAL, -ENOENT (port, endpoint, stream), -EBUSY (somebody
 * traces).
 */
struct sluice_trace {
	uint32_t count;   /* packets, at most 1000; 0: 10 */
	uint32_t seconds; /* to wait, at most 15; 0: 10 */
	uint64_t allocation;
	char port[SLUICE_PORT_NAME_MAX];
	char reason[SLUICE_CAPTURE_REASON_MAX]; /* only what ends so */
	char user[SLUICE_TURN_USER_MAX];
	char endpoint[SLUICE_MEDIA_NAME_MAX];
	char stream[SLUICE_MEDIA_NAME_MAX];
	/*
	 * enum sluice_capture_direction. OUT: what another thread gave to be sent, and the packets
	 * that are written for subscriptions, which come from no port; else those are not begun
	 * with.
	 */
	uint32_t direction;
	uint32_t program_length; /* 0: all packets */
	struct sluice_capture_insn program[SLUICE_CAPTURE_PROGRAM_MAX];
};
static_assert(sizeof(struct sluice_trace) == 2760, "trace");

/* A packet at a node. */
struct sluice_trace_row {
	uint32_t packet; /* from 1 */
	uint32_t worker;
	char node[24];
	char saw[160];
	char decided[128];
};
static_assert(sizeof(struct sluice_trace_row) == 320, "trace row");

#endif
