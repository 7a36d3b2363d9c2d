/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rows of the table are written with: where a field of a struct lies. */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include "cli/command.h"

#define FIELD_IS(body, member, constant)                                                           \
	{                                                                                          \
		offsetof(struct body, member), FIELD_SIZE(body, member), constant                  \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
