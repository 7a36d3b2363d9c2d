/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/missing.h"

#include <string.h>

static struct missing_packet *missing_slot(struct missing_packets *missing, uint64_t index)
{
	return &missing->packets[index & (MISSING_PACKETS - 1)];
}

static void missing_due(struct missing_packets *missing, struct missing_packet *packet,
                        uint64_t due)
{
	packet->due = due;
	if (missing->next_due > due)
		missing->next_due = due;
}

static void missing_forget(struct missing_packets *missing, struct missing_packet *packet)
{
	packet->used = false;
	if (--missing->count == 0)
		missing->next_due = UINT64_MAX;
}

void missing_clear(struct missing_packets *missing)
{
	memset(missing, 0, sizeof(*missing));
	missing->next_due = UINT64_MAX;
}

void missing_add(struct missing_packets *missing, uint64_t first, uint64_t count, uint64_t tsc,
                 uint64_t tsc_hz)
{
	uint64_t due = tsc + tsc_hz / 1000000 * MISSING_FIRST_US;

	if (count > MISSING_PACKETS) {
		first += count - MISSING_PACKETS;
		count = MISSING_PACKETS;
	}
	for (uint64_t index = first; index < first + count; index++) {
		struct missing_packet *packet = missing_slot(missing, index);

		if (!packet->used)
			missing->count++;
		*packet = (struct missing_packet){.index = index, .used = true};
		missing_due(missing, packet, due);
	}
}

bool missing_remove(struct missing_packets *missing, uint64_t index)
{
	struct missing_packet *packet = missing_slot(missing, index);

	if (!packet->used || packet->index != index)
		return false;
	missing_forget(missing, packet);
	return packet->asked != 0;
}

bool missing_want(struct missing_packets *missing, uint64_t index, uint64_t tsc)
{
	struct missing_packet *packet = missing_slot(missing, index);

	if (!packet->used || packet->index != index)
		return false;
	if (packet->asked == 0)
		missing_due(missing, packet, tsc);
	return true;
}

/* In the order of indices: the slots from `start` on are a round of the ring. */
static uint64_t missing_lowest(const struct missing_packets *missing)
{
	uint64_t lowest = UINT64_MAX;

	for (uint32_t i = 0; i < MISSING_PACKETS; i++)
		if (missing->packets[i].used && missing->packets[i].index < lowest)
			lowest = missing->packets[i].index;
	return lowest;
}

uint32_t missing_take(struct missing_packets *missing, uint64_t tsc, uint64_t tsc_hz,
                      uint64_t *indices, uint32_t room)
{
	uint64_t again = tsc_hz / 1000000 * MISSING_AGAIN_US;
	uint64_t lowest, next = UINT64_MAX;
	uint32_t taken = 0;

	if (missing->count == 0 || missing->next_due > tsc)
		return 0;
	lowest = missing_lowest(missing);
	for (uint32_t i = 0; i < MISSING_PACKETS; i++) {
		struct missing_packet *packet = missing_slot(missing, lowest + i);

		if (!packet->used)
			continue;
		if (packet->due <= tsc && packet->asked == MISSING_ASKS) {
			missing_forget(missing, packet);
			continue;
		}
		if (packet->due <= tsc && taken < room) {
			indices[taken++] = packet->index;
			packet->asked++;
			packet->due = tsc + again;
		}
		if (packet->due < next)
			next = packet->due;
	}
	missing->next_due = next;
	return taken;
}

void missing_take_back(struct missing_packets *missing, const uint64_t *indices, uint32_t count,
                       uint64_t tsc, uint64_t tsc_hz)
{
	uint64_t due = tsc + tsc_hz / 1000000 * MISSING_FIRST_US;

	for (uint32_t i = 0; i < count; i++) {
		struct missing_packet *packet = missing_slot(missing, indices[i]);

		packet->asked--;
		missing_due(missing, packet, due);
	}
}
