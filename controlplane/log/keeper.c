/* SPDX-License-Identifier: BSD-3-Clause */
#include "log/keeper.h"

#include "common/log.h"
#include "config/own.h"
#include "dataplane/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct timeval again = {.tv_sec = 1};

struct log_keeper {
	struct dataplane_client *client;
	struct event *timer;                /* the dataplane had no time for it */
	uint32_t set[SLUICE_LOG_AREAS + 1]; /* as configured, ALL behind them */
};

static void table_make(const struct log_keeper *keeper, struct sluice_log_table *table)
{
	*table = (struct sluice_log_table){0};
	for (int area = 0; area < SLUICE_LOG_AREAS; area++) {
		uint32_t level = keeper->set[area];

		if (level == SLUICE_LOG_DEFAULT && area != SLUICE_LOG_DPDK)
			level = keeper->set[SLUICE_LOG_ALL];
		table->levels[area] = level == SLUICE_LOG_DEFAULT ? log_level_default(area) : level;
	}
}

static void dataplane_update(struct log_keeper *keeper)
{
	struct sluice_log_table table;

	if (keeper->client == NULL)
		return;
	table_make(keeper, &table);
	/* -ENOTCONN: log_keeper_ready will come. */
	if (dataplane_tell(keeper->client, SLUICE_LOG_TABLE_SET, &table, sizeof(table)) == -EAGAIN)
		event_add(keeper->timer, &again);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	dataplane_update(arg);
}

static int level_obey(void *arg, const struct command_request *request, char *why)
{
	struct log_keeper *keeper = arg;
	struct sluice_log_level_set set;
	struct sluice_log_table table;

	memcpy(&set, &request->body, sizeof(set));
	if (set.area > SLUICE_LOG_ALL || set.level >= SLUICE_LOG_LEVELS) {
		snprintf(why, SLUICE_API_ERROR_MAX, "area %u, level %u: there is no such", set.area,
		         set.level);
		return -EINVAL;
	}
	keeper->set[set.area] = set.level;
	table_make(keeper, &table);
	log_levels_set(&table);
	dataplane_update(keeper);
	return 0;
}

struct log_keeper *log_keeper_create(struct event_base *base, struct own *own)
{
	struct log_keeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL)
		return NULL;
	keeper->timer = evtimer_new(base, on_timer, keeper);
	if (keeper->timer == NULL) {
		free(keeper);
		return NULL;
	}
	own_serve(own, SLUICE_LOG_LEVEL_SET, level_obey, keeper);
	return keeper;
}

void log_keeper_destroy(struct log_keeper *keeper)
{
	if (keeper == NULL)
		return;
	event_free(keeper->timer);
	free(keeper);
}

void log_keeper_serve(struct log_keeper *keeper, struct dataplane_client *client)
{
	keeper->client = client;
}

void log_keeper_ready(struct log_keeper *keeper)
{
	dataplane_update(keeper);
}

void log_keeper_show(const struct log_keeper *keeper, struct sluice_log_row rows[SLUICE_LOG_AREAS])
{
	struct sluice_log_table table;

	table_make(keeper, &table);
	for (uint32_t area = 0; area < SLUICE_LOG_AREAS; area++) {
		rows[area] = (struct sluice_log_row){
		        .area = area,
		        .level = table.levels[area],
		        .own = keeper->set[area] != SLUICE_LOG_DEFAULT,
		};
		snprintf(rows[area].about, sizeof(rows[area].about), "%s", log_areas[area].about);
	}
}
