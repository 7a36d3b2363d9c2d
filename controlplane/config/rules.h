/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lines of a configuration mean to each other. The dataplane judges each line against those
 * that it has; a file that nobody applies yet is judged here.
 */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "config/running.h"

/* Whether the request cannot be in force beside `held`, another line; `why`
 * (SLUICE_API_ERROR_MAX bytes) then says it of the request. */
bool rules_conflict(const struct command_request *request, const struct running_line *held,
                    char *why);

/* All lines, each against those before it. The first that cannot be in force, with `why`; NULL:
 * none. */
struct running_line *rules_check(const struct running *running, char *why);

#endif
