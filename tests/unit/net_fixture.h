/* SPDX-License-Identifier: BSD-3-Clause */
/* A dataplane without ports, for tests of net/: EAL in plain memory, one worker that nobody walks.
 */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include "dataplane.h"
#include "net/ip_addr.h"

/* cmocka group setup and teardown; *state is the struct dataplane. */
int net_setup(void **state);
int net_teardown(void **state);

/* "198.18.0.1" or "2001:2::1". */
struct ip_addr ip(const char *text);

#endif
