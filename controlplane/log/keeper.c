/* SPDX-License-Identifier: BSD-3-Clause */
#include "log/keeper.h"

#include "common/log.h"
#include "config/own.h"
#include "dataplane/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct log_keeper {
	struct dataplane_client *client;
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
	/* Where the dataplane is away, log_keeper_ready will come. */
	dataplane_ask(keeper->client,
	              &(struct dataplane_ask){.type = SLUICE_LOG_TABLE_SET,
	                                      .body = &table,
	                                      .length = sizeof(table)},
	              NULL);
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

static void level_unset(void *arg, const struct command_request *request)
{
	struct command_request unset = *request;
	struct sluice_log_level_set *set = (void *)unset.body.bytes;
	char why[SLUICE_API_ERROR_MAX];

	set->level = SLUICE_LOG_DEFAULT;
	level_obey(arg, &unset, why);
}

struct log_keeper *log_keeper_create(struct own *own)
{
	struct log_keeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL)
		return NULL;
	own_serve_part(own, SLUICE_LOG_LEVEL_SET,
	               &(struct own_part){level_obey, level_unset, NULL, keeper});
	return keeper;
}

void log_keeper_destroy(struct log_keeper *keeper)
{
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
		snprintf(rows[area].about, sizeof(rows[area].about), "%s", log_area_abouts[area]);
	}
}
