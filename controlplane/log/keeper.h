/* SPDX-License-Identifier: BSD-3-Clause */
/* The levels of the logs: obeys the configuration's lines, here and at the dataplane. */
#ifndef LOG_KEEPER_H
#define LOG_KEEPER_H

#include <sluice/log.h>

struct dataplane_client;
struct log_keeper;
struct own;

/* NULL: no memory. */
struct log_keeper *log_keeper_create(struct own *own);
void log_keeper_destroy(struct log_keeper *keeper);
void log_keeper_serve(struct log_keeper *keeper, struct dataplane_client *client);
/* The dataplane has its configuration: it gets the levels, too. */
void log_keeper_ready(struct log_keeper *keeper);
void log_keeper_show(const struct log_keeper *keeper, struct sluice_log_row rows[SLUICE_LOG_AREAS]);

#endif
