/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SRTP forwarding as rows: what a publisher sends, what its subscribers get and ask for. Packets
 * are named by the number that the publisher gave them, 1 and on; on the wire that is FIRST_SEQ and
 * on, which wraps after 16. All ends speak libsrtp2.
 *
 * PUBLISHER (AES-CM) sends VIDEO and OTHER, which nobody has at first, to ONE (GCM), TWO (AES-CM)
 * and THREE (AES-CM with a short tag), whose retransmissions have an SSRC of their own (RTX). LATE
 * (GCM-256) has nothing until it joins.
 */
#ifndef MEDIA_CASE_H
#define MEDIA_CASE_H

#include <stddef.h>
#include <stdint.h>

#include <graph/drop.h>

enum { ONE, TWO, THREE, LATE, SUBSCRIBERS };
enum { VIDEO, OTHER, STREAMS };

#define FIRST_SEQ 0xfff0 /* of number 0 */

enum media_step_kind {
	MEDIA_END,
	MEDIA_PUBLISH,
	MEDIA_EXPECT,
	MEDIA_NOTHING,
	MEDIA_LOSE,
	MEDIA_NACK,
	MEDIA_AGAIN,
	MEDIA_ASKED,
	MEDIA_PLI,
	MEDIA_PLIS,
	MEDIA_FIR,
	MEDIA_PASS,
	MEDIA_PAUSE,
	MEDIA_RESUME,
	MEDIA_SWITCH,
	MEDIA_JOIN,
	MEDIA_LEAVE,
	MEDIA_GOES,
	MEDIA_COMES,
	MEDIA_BYE,
	MEDIA_BYES,
	MEDIA_REPORT,
	MEDIA_REPORTED,
	MEDIA_LOST,
	MEDIA_COUNTED,
	MEDIA_DROPPED,
};

struct media_step {
	enum media_step_kind kind;
	uint8_t who, stream;
	int32_t from, to;
	const char *name;
};

struct media_case {
	const char *name;
	const struct media_step *steps; /* ends with MEDIA_END */
};

#define MEDIA_STEP(what, ...)                                                                      \
	{                                                                                          \
		.kind = what, __VA_ARGS__                                                          \
	}
#define STEPS(...)                                                                                 \
	(const struct media_step[])                                                                \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			MEDIA_END                                                                  \
		}                                                                                  \
	}

/* The publisher sends these numbers of a stream, 10 ms apart. */
#define PUBLISH(s, a, b) MEDIA_STEP(MEDIA_PUBLISH, .stream = s, .from = a, .to = b)
/* The next packets that the subscriber has are these, in its own numbering without a gap that they
 * do not have. */
#define EXPECT(w, s, a, b) MEDIA_STEP(MEDIA_EXPECT, .who = w, .stream = s, .from = a, .to = b)
#define NOTHING(w)         MEDIA_STEP(MEDIA_NOTHING, .who = w)
/* This one gets lost between us and the subscriber, which has had one before. */
#define LOSE(w, a) MEDIA_STEP(MEDIA_LOSE, .who = w, .from = a)
/* It asks for these, RFC 4585; b: the last one. */
#define NACK(w, a, b) MEDIA_STEP(MEDIA_NACK, .who = w, .from = a, .to = b)
/* The next packet that it has is this one, once more: in place, or as RTX. */
#define AGAIN(w, s, a) MEDIA_STEP(MEDIA_AGAIN, .who = w, .stream = s, .from = a)
/* The publisher has been asked for this one, once, and for no other one, since the last look; 0:
 * for none. */
#define ASKED(a) MEDIA_STEP(MEDIA_ASKED, .from = a)
#define PLI(w)   MEDIA_STEP(MEDIA_PLI, .who = w)
/* A FIR with this number, RFC 5104. */
#define FIR(w, n) MEDIA_STEP(MEDIA_FIR, .who = w, .from = n)
/* So many PLI have reached the publisher since the last look. */
#define PLIS(n)   MEDIA_STEP(MEDIA_PLIS, .from = n)
#define PASS(ms)  MEDIA_STEP(MEDIA_PASS, .from = ms)
#define PAUSE(w)  MEDIA_STEP(MEDIA_PAUSE, .who = w)
#define RESUME(w) MEDIA_STEP(MEDIA_RESUME, .who = w)
/* Its subscription of VIDEO goes on with that stream. */
#define SWITCH(w, s) MEDIA_STEP(MEDIA_SWITCH, .who = w, .stream = s)
#define JOIN(w, s)   MEDIA_STEP(MEDIA_JOIN, .who = w, .stream = s)
#define LEAVE(w)     MEDIA_STEP(MEDIA_LEAVE, .who = w)
/* The stream is deleted; it is there again, without a subscriber. */
#define GOES(s)  MEDIA_STEP(MEDIA_GOES, .stream = s)
#define COMES(s) MEDIA_STEP(MEDIA_COMES, .stream = s)
#define BYE(s)   MEDIA_STEP(MEDIA_BYE, .stream = s)
/* So many BYE of its own SSRC have reached it since the last look. */
#define BYES(w, n) MEDIA_STEP(MEDIA_BYES, .who = w, .from = n)
/* The publisher's sender report; the subscriber has one, of so many packets that it was sent; the
 * publisher hears of so many losses. */
#define REPORT(s)      MEDIA_STEP(MEDIA_REPORT, .stream = s)
#define REPORTED(w, n) MEDIA_STEP(MEDIA_REPORTED, .who = w, .from = n)
#define LOST(s, n)     MEDIA_STEP(MEDIA_LOST, .stream = s, .from = n)
/* The counter, since the beginning. */
#define COUNTED(n, a)      MEDIA_STEP(MEDIA_COUNTED, .name = n, .from = a)
#define DROPPED(reason, a) MEDIA_STEP(MEDIA_DROPPED, .to = reason, .from = a)

extern const struct media_case media_cases[];
extern const size_t media_cases_count;

/* Runs one; fails by cmocka's means with the case's name and the step's number. */
void media_case_run(const struct media_case *row);
/* Behind each, also one that failed. */
void media_case_end(void);

#endif
