/* SPDX-License-Identifier: BSD-3-Clause */
/* "Requests" that sluicectl answers itself. The subject 0xff is no API's. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

enum local_type {
	LOCAL_HELP = 0xff01,
	LOCAL_QUIT = 0xff02,
};

struct local_help {
	char word[32]; /* empty: everything */
};

#endif
