/* SPDX-License-Identifier: BSD-3-Clause */
/* "Requests" that sluicectl answers itself. The subject 0xff is no API's. */
#ifndef COMMAND_LOCAL_H
#define COMMAND_LOCAL_H

#include "common/request.h"

#include <stdint.h>

#define LOCAL_SUBJECT 0xff

enum local_type {
	LOCAL_HELP = 0xff01,
	LOCAL_QUIT = 0xff02,
	LOCAL_TOP = 0xff03,
	LOCAL_NONCE = 0xff04,
};

extern const struct request_table requests_local;

struct local_help {
	char word[32]; /* empty: everything */
};

struct local_top {
	uint32_t interval_s; /* 0: the default */
	uint32_t once;
};

#endif
