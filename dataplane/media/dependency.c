/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/dependency.h"

#include "media/codec.h"

#define BEGINS         0x80 /* start of frame */
#define TEMPLATE       0x3f
#define MANDATORY      3
#define STRUCTURE      0x80 /* of the fourth byte: a template structure follows */
#define STRUCTURE_AT   (8 * MANDATORY + 5)
#define TARGETS_MOST   32
#define LAYER_TEMPORAL 1 /* the next template: of the next temporal layer, ... */
#define LAYER_SPATIAL  2 /* ... of the next spatial one, ... */
#define LAYER_NONE     3 /* ... or there is none */
#define SWITCH         2 /* what follows of its decode target can be decoded if it can */

struct bits {
	const uint8_t *bytes;
	uint32_t at, end;
};

/* Zero where there are none left; then `at` is behind the end. */
static uint32_t bits_take(struct bits *bits, uint32_t count)
{
	uint32_t value = 0;

	for (; count != 0; count--, bits->at++) {
		value <<= 1;
		if (bits->at < bits->end)
			value |= bits->bytes[bits->at / 8] >> (7 - bits->at % 8) & 1;
	}
	return value;
}

bool dependency_is_key(const uint8_t *descriptor, uint8_t length)
{
	return length > MANDATORY && (descriptor[0] & BEGINS) &&
	       (descriptor[MANDATORY] & STRUCTURE);
}

static bool layers_take(struct bits *bits, struct dependency_structure *structure)
{
	uint8_t temporal = 0;
	uint32_t next;

	do {
		if (structure->count == DEPENDENCY_TEMPLATES)
			return false;
		structure->frames[structure->count++] =
		        temporal < VP8_TEMPORALS ? temporal : VP8_TEMPORALS - 1;
		next = bits_take(bits, 2);
		temporal += next == LAYER_TEMPORAL;
		if (next == LAYER_SPATIAL)
			temporal = 0;
	} while (next != LAYER_NONE && bits->at < bits->end);
	return next == LAYER_NONE;
}

/* A decode target goes up to the highest layer that it has frames of. Where one up to the highest
 * of all may be switched to at a frame, all that follows can be decoded. */
static void switches_take(struct bits *bits, struct dependency_structure *structure,
                          uint32_t targets)
{
	uint8_t highest[TARGETS_MOST] = {0}, most = 0;
	const uint32_t begin = bits->at;

	for (uint32_t i = 0; i < structure->count; i++)
		for (uint32_t j = 0; j < targets; j++) {
			uint8_t temporal = structure->frames[i] & FRAME_TEMPORAL;

			if (bits_take(bits, 2) != 0 && temporal > highest[j])
				highest[j] = temporal;
		}
	for (uint32_t j = 0; j < targets; j++)
		most = highest[j] > most ? highest[j] : most;
	bits->at = begin;
	for (uint32_t i = 0; i < structure->count; i++)
		for (uint32_t j = 0; j < targets; j++)
			if (bits_take(bits, 2) == SWITCH && highest[j] == most)
				structure->frames[i] |= FRAME_UP;
}

void dependency_structure_take(struct dependency_structure *structure, const uint8_t *descriptor,
                               uint8_t length)
{
	struct bits bits = {descriptor, STRUCTURE_AT, 8u * length};
	uint32_t targets;

	if (length <= MANDATORY || !(descriptor[MANDATORY] & STRUCTURE))
		return;
	*structure = (struct dependency_structure){.offset = (uint8_t)bits_take(&bits, 6)};
	targets = bits_take(&bits, 5) + 1;
	/* two bits of each target in each template: more than it has are not looked for */
	if (layers_take(&bits, structure) && bits.at + 2u * structure->count * targets <= bits.end)
		switches_take(&bits, structure, targets);
	else
		structure->count = 0;
	if (bits.at > bits.end)
		structure->count = 0;
}

uint8_t dependency_frame(const struct dependency_structure *structure, const uint8_t *descriptor,
                         uint8_t length)
{
	uint8_t place, begins;

	if (length < MANDATORY)
		return 0;
	place = (uint8_t)((descriptor[0] & TEMPLATE) - structure->offset) % DEPENDENCY_TEMPLATES;
	begins = descriptor[0] & BEGINS ? FRAME_BEGINS : 0;
	return place < structure->count ? structure->frames[place] | begins | FRAME_TELLS : 0;
}
