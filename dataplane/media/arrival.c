/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/arrival.h"

#include "media/bytes.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#define MASK (ARRIVAL_SIZE - 1)
/* 3.1: base number, count, reference time and the number of the message. */
#define FIXED 8
/* Reference times are in 64 ms: 256 ticks. */
#define REFERENCE_TICKS 256
#define RUN_MAX         8191
#define VECTOR_ONE_BIT  14
#define VECTOR_TWO_BITS 7

/* 3.1.1; small: a delta of one byte. */
enum symbol { SYMBOL_MISSING, SYMBOL_SMALL, SYMBOL_LARGE };

static bool has_come(const struct arrival *arrival, uint32_t number)
{
	return arrival->came[(number & MASK) / 64] >> (number % 64) & 1;
}

static void come_set(struct arrival *arrival, uint32_t number, bool came)
{
	uint64_t bit = (uint64_t)1 << (number % 64), *word = &arrival->came[(number & MASK) / 64];

	*word = came ? *word | bit : *word & ~bit;
}

static void arrival_begin(struct arrival *arrival, uint32_t number)
{
	memset(arrival->came, 0, sizeof(arrival->came));
	arrival->started = true;
	arrival->next = arrival->highest = number;
	arrival->fresh = 0;
}

/* It goes on from the highest one to this one; what falls out of memory is told no more. */
static void arrival_advance(struct arrival *arrival, uint32_t number)
{
	uint32_t at = arrival->highest + 1;

	while (at != number) {
		if (at % 64 == 0 && number - at >= 64) {
			arrival->came[(at & MASK) / 64] = 0;
			at += 64;
		} else {
			come_set(arrival, at++, false);
		}
	}
	arrival->highest = number;
	if (number - arrival->next >= ARRIVAL_SIZE)
		arrival->next = number - ARRIVAL_SIZE + 1;
}

/* Whether such a number is to be noted at all. */
static bool is_noted(struct arrival *arrival, int16_t ahead, bool known)
{
	if (!known)
		return arrival->started && ahead > -ARRIVAL_SIZE && ahead <= ARRIVAL_UNKNOWN_AHEAD;
	if (!arrival->started || ahead > -ARRIVAL_SIZE)
		arrival->strays = 0;
	else if (++arrival->strays < ARRIVAL_STRAYS)
		return false;
	return true;
}

bool arrival_note(struct arrival *arrival, uint16_t number, uint32_t ticks, bool known,
                  int32_t *missing)
{
	int16_t ahead = (int16_t)(number - (uint16_t)arrival->highest);
	uint32_t whole = arrival->highest + (uint32_t)(int32_t)ahead;

	*missing = 0;
	if (unlikely(!is_noted(arrival, ahead, known)))
		return false;
	if (unlikely(!arrival->started)) {
		arrival_begin(arrival, number);
		whole = number;
	} else if (unlikely(ahead >= ARRIVAL_SIZE || ahead <= -ARRIVAL_SIZE)) {
		/* not what was lost: the publisher begins to count again */
		arrival_begin(arrival, whole);
		arrival->strays = 0;
	} else if (ahead > 0) {
		*missing = ahead - 1;
		arrival_advance(arrival, whole);
	} else if (has_come(arrival, whole)) {
		return false;
	} else {
		*missing = -1;
		/* its message said that it was missing */
		if ((int32_t)(whole - arrival->next) < 0)
			arrival->next = whole;
	}
	come_set(arrival, whole, true);
	arrival->ticks[whole & MASK] = ticks;
	arrival->pending = true;
	arrival->fresh++;
	return true;
}

/* -- messages -- */

struct message {
	uint32_t count;
	uint16_t deltas_length;
	uint8_t symbols[ARRIVAL_SIZE];
	uint8_t deltas[2 * ARRIVAL_SIZE];
};

/* The number's symbol and delta. False: it has to be the first of another message. */
static bool symbol_add(struct message *message, uint32_t ticks, uint32_t *last)
{
	int32_t delta = (int32_t)(ticks - *last);

	if (delta >= 0 && delta <= UINT8_MAX) {
		message->symbols[message->count++] = SYMBOL_SMALL;
		message->deltas[message->deltas_length++] = (uint8_t)delta;
	} else if (delta >= INT16_MIN && delta <= INT16_MAX) {
		message->symbols[message->count++] = SYMBOL_LARGE;
		write_be16(message->deltas + message->deltas_length, (uint16_t)delta);
		message->deltas_length += 2;
	} else {
		return false;
	}
	*last = ticks;
	return true;
}

/* Bytes at most, as if each chunk were a vector of two bits. */
static uint32_t message_most(const struct message *message)
{
	return FIXED + 2 * (message->count / VECTOR_TWO_BITS + 1) + message->deltas_length;
}

/* Returns the reference time, in ticks. */
static uint32_t message_collect(const struct arrival *arrival, struct message *message,
                                uint16_t room)
{
	uint32_t reference = 0, last = 0;
	bool any = false;

	message->count = message->deltas_length = 0;
	for (uint32_t number = arrival->next; number != arrival->highest + 1; number++) {
		uint32_t ticks = arrival->ticks[number & MASK];

		if (message_most(message) + 4 > room)
			break;
		if (!has_come(arrival, number)) {
			message->symbols[message->count++] = SYMBOL_MISSING;
			continue;
		}
		if (!any)
			reference = last = ticks - ticks % REFERENCE_TICKS;
		any = true;
		if (!symbol_add(message, ticks, &last))
			break;
	}
	return reference;
}

static uint32_t run_length(const struct message *message, uint32_t at)
{
	uint32_t end = at + 1;

	while (end < message->count && message->symbols[end] == message->symbols[at] &&
	       end - at < RUN_MAX)
		end++;
	return end - at;
}

static bool has_large(const struct message *message, uint32_t at, uint32_t end)
{
	while (at < end && message->symbols[at] != SYMBOL_LARGE)
		at++;
	return at < end;
}

/* 3.1.3 and 3.1.4. Returns how many symbols the chunk holds. */
static uint32_t chunk_write(const struct message *message, uint32_t at, uint8_t *out)
{
	uint32_t run = run_length(message, at), left = message->count - at;
	bool one_bit = !has_large(message, at, at + RTE_MIN(left, (uint32_t)VECTOR_ONE_BIT));
	uint32_t most = one_bit ? VECTOR_ONE_BIT : VECTOR_TWO_BITS;
	uint16_t chunk = one_bit ? 0x8000 : 0xc000;

	if (run >= most || run == left) {
		write_be16(out, (uint16_t)(message->symbols[at] << 13 | run));
		return run;
	}
	for (uint32_t i = 0; i < RTE_MIN(left, most); i++)
		chunk |= (uint16_t)(message->symbols[at + i]
		                    << (one_bit ? most - 1 - i : 2 * (most - 1 - i)));
	write_be16(out, chunk);
	return RTE_MIN(left, most);
}

uint16_t arrival_message(struct arrival *arrival, uint8_t *fci, uint16_t room)
{
	struct message message;
	uint32_t reference, base = arrival->next;
	uint8_t *at = fci + FIXED;

	if (!arrival->pending)
		return 0;
	reference = message_collect(arrival, &message, room);
	for (uint32_t i = 0; i < message.count; at += 2)
		i += chunk_write(&message, i, at);
	memcpy(at, message.deltas, message.deltas_length);
	at += message.deltas_length;
	write_be16(fci, (uint16_t)base);
	write_be16(fci + 2, (uint16_t)message.count);
	write_be32(fci + 4, reference / REFERENCE_TICKS << 8 | arrival->messages++);
	arrival->next = base + message.count;
	arrival->pending = arrival->next != arrival->highest + 1;
	return (uint16_t)(at - fci);
}
