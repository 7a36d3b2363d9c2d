/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/counter_table.h"

#include "graph/drop.h"
#include "media/media.h"
#include "net/ip_counter.h"
#include "session/session.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <gate_verdict.h>

#include <stdio.h>

void counter_row_set(struct sluice_counter_row *row, const char *area, const char *name,
                     const char *help, const char *unit)
{
	*row = (struct sluice_counter_row){0};
	snprintf(row->name, sizeof(row->name), "%s.%s", area, name);
	snprintf(row->help, sizeof(row->help), "%s", help);
	snprintf(row->unit, sizeof(row->unit), "%s", unit != NULL ? unit : "packets");
}

static bool gate_declared(const char *area, uint32_t index, struct sluice_counter_row *row)
{
	const struct gate_counter_info *info = &gate_counter_infos[index];

	if (index >= GATE_COUNTERS)
		return false;
	counter_row_set(row, area, info->name, info->help, info->unit);
	return true;
}

static bool drop_declared(uint32_t index, struct sluice_counter_row *row)
{
	if (index >= DROP_REASONS)
		return false;
	counter_row_set(row, "drop", drop_reasons[index].name, drop_reasons[index].help, NULL);
	return true;
}

static bool ip_declared(uint32_t index, struct sluice_counter_row *row)
{
	const struct ip_counter_info *info = &ip_counter_infos[index];

	if (index >= IP_COUNTERS)
		return false;
	counter_row_set(row, "ip", info->name, info->help, info->unit);
	return true;
}

static bool turn_declared(uint32_t index, struct sluice_counter_row *row)
{
	const struct turn_counter_info *info = &turn_counter_infos[index];

	if (index >= turn_counters_count)
		return false;
	counter_row_set(row, "turn", info->name, info->help, info->unit);
	return true;
}

static bool stream_declared(uint32_t index, struct sluice_counter_row *row)
{
	const struct stream_counter_info *info = &stream_counter_infos[index];

	if (index >= stream_counters_count)
		return false;
	counter_row_set(row, "stream", info->name, info->help, info->unit);
	return true;
}

static bool media_declared(uint32_t index, struct sluice_counter_row *row)
{
	const struct media_counter_info *info = &media_counter_infos[index];

	if (index >= media_counters_count)
		return false;
	counter_row_set(row, "media", info->name, info->help, info->unit);
	return true;
}

static bool session_declared(const char *area, const struct session_counter_info *infos,
                             uint32_t count, uint32_t index, struct sluice_counter_row *row)
{
	if (index >= count)
		return false;
	counter_row_set(row, area, infos[index].name, infos[index].help, infos[index].unit);
	return true;
}

bool counter_declared(enum counter_area area, uint32_t index, struct sluice_counter_row *row)
{
	switch (area) {
	case COUNTER_DROP:
		return drop_declared(index, row);
	case COUNTER_IP:
		return ip_declared(index, row);
	case COUNTER_TURN:
		return turn_declared(index, row);
	case COUNTER_STREAM:
		return stream_declared(index, row);
	case COUNTER_GATE_NODE:
		return gate_declared("gate_node", index, row);
	case COUNTER_MEDIA:
		return media_declared(index, row);
	case COUNTER_ICE:
		return session_declared("ice", ice_counter_infos, ice_counters_count, index, row);
	case COUNTER_DTLS:
		return session_declared("dtls", dtls_counter_infos, dtls_counters_count, index,
		                        row);
	case COUNTER_GATE:
		return gate_declared("gate", index, row);
	default:
		return false;
	}
}
