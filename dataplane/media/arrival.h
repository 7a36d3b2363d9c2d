/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a publisher's packets came, by the numbers that it gives to all that it sends
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01): media, retransmissions and padding. What
 * is not told yet is told each 50 to 100 ms; what comes late is told again. The endpoint's owner
 * writes it.
 */
#ifndef MEDIA_ARRIVAL_H
#define MEDIA_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#define ARRIVAL_SIZE  2048 /* numbers that are remembered; power of two */
#define ARRIVAL_TICKS 4000 /* a second: a tick is 250 us, as in the messages */
/* So far ahead may be what came under an SSRC that nobody knows: no window keeps it from being
 * replayed. */
#define ARRIVAL_UNKNOWN_AHEAD 64
/* So many in a row that are from long ago: the publisher begins to count again. */
#define ARRIVAL_STRAYS 16

struct arrival {
	bool started;
	bool pending; /* something has come that was not told */
	uint8_t messages;
	uint8_t strays; /* numbers in a row from long ago */
	uint32_t
	        next; /* the first number of the next message, 16 bits and how often they wrapped */
	uint32_t highest;             /* that came */
	uint32_t fresh;               /* packets that came and were not told */
	uint32_t ticks[ARRIVAL_SIZE]; /* when each came */
	uint64_t came[ARRIVAL_SIZE / 64];
};

/* known: it is of a stream, and no replay. missing: how many numbers before it did not come yet,
 * where it is the highest; a negative one: it was missing. False: it came already, or long ago, or
 * is not known and too far ahead. */
bool arrival_note(struct arrival *arrival, uint16_t number, uint32_t ticks, bool known,
                  int32_t *missing);

/* The least room that a message needs. */
#define ARRIVAL_MESSAGE_MIN 64
/*
 * What is told next, from its base number on (the FCI): at most `room` bytes, ARRIVAL_MESSAGE_MIN
 * at least. 0: nothing is pending. The message is told then; another one may follow.
 */
uint16_t arrival_message(struct arrival *arrival, uint8_t *fci, uint16_t room);

#endif
