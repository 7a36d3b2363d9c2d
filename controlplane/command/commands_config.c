/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/config.h>
#include <sluice/event.h>

#define SECRETS_ARGUMENT                                                                           \
	{                                                                                          \
		.key = "secrets", .help = "passwords and secrets unmasked", .type = ARGUMENT_FLAG, \
		.keyword = true, .optional = true, .access = ACCESS_ADMIN,                         \
		FIELD(sluice_config_show, secrets),                                                \
	}

static const struct command commands[] = {
        {
                .type = SLUICE_EVENTS,
                .help = "changes of state as they happen, until ^C",
                .arguments =
                        {
                                {.key = "allocations",
                                 .help = "those that begin and end as well",
                                 .type = ARGUMENT_FLAG,
                                 .keyword = true,
                                 .optional = true,
                                 FIELD(sluice_events, allocations)},
                        },
        },
        {
                .type = SLUICE_CONFIG_SHOW,
                .help = "the running configuration, as commands",
                .arguments = {SECRETS_ARGUMENT},
        },
        {
                .type = SLUICE_CONFIG_SAVE,
                .help = "write the running configuration to the control plane's file",
        },
        {
                .type = SLUICE_CONFIG_RELOAD,
                .help = "read the control plane's file again and apply what differs, or nothing",
        },
        {
                .type = SLUICE_CONFIG_DIFF,
                .help = "what `config reload` would change",
                .arguments = {SECRETS_ARGUMENT},
        },
        {
                .type = SLUICE_CONFIG_REFUSED,
                .help = "lines that are not in force, and why",
        },
        {
                .type = SLUICE_CONFIG_STATUS,
                .help = "the configuration in numbers, and how the last reload went",
        },
        {
                .type = SLUICE_VERSION,
                .help = "who answers, and in which version",
        },
};

const struct command_group commands_config = {"Configuration", commands, COUNT(commands)};
