/* SPDX-License-Identifier: BSD-3-Clause */
/* The subjects of the table; commands.c has their order. */
#ifndef COMMAND_COMMANDS_H
#define COMMAND_COMMANDS_H

#include "command/command.h"

extern const struct command_group commands_port;
extern const struct command_group commands_turn;
extern const struct command_group commands_allocation;
extern const struct command_group commands_media;
extern const struct command_group commands_gate;
extern const struct command_group commands_http;
extern const struct command_group commands_region;
extern const struct command_group commands_session;
extern const struct command_group commands_stats;
extern const struct command_group commands_config;
extern const struct command_group commands_capture;
extern const struct command_group commands_log;
extern const struct command_group commands_local;

#endif
