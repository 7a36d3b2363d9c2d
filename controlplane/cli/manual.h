/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of sluice-manual; each writes to stdout. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include <stdbool.h>

/* Of a program whose page has nothing but its table; false: "NAME.SECTION" is none. */
bool program_page_print(const char *page);

void bash_print(void);

#endif
