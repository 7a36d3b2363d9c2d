/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rows of the table are written with: where a field of a struct lies. */
#ifndef COMMAND_FIELD_H
#define COMMAND_FIELD_H

#include "command/command.h"

#define FIELD_IS(body, member, constant)                                                           \
	{                                                                                          \
		offsetof(struct body, member), FIELD_SIZE(body, member), constant                  \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
