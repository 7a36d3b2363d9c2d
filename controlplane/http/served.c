/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/served.h"

#include "command/command.h"

bool http_has_command(const struct command *command)
{
	const struct request *asks = command_asks(command);

	return asks->kind != REQUEST_LOCAL && request_access(asks) != ACCESS_HOST;
}

bool http_has_argument(const struct argument *argument)
{
	return argument->access != ACCESS_HOST;
}
