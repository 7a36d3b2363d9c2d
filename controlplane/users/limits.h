/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits and denied peers of the server's realm that stand in Redis as coturn has them:
 * turn/realm/REALM/user-quota, total-quota and max-bps, and the sets denied-peer-ip and
 * allowed-peer-ip, of which the second takes from the first. They only take away: what else is
 * allowed stands in the configuration alone, whose lines come first.
 */
#ifndef USERS_LIMITS_H
#define USERS_LIMITS_H

#include "users/lookup.h"

struct limits;

/* NULL: no memory. */
struct limits *limits_create(const struct lookup_options *options);
/* No answer of Redis comes any more when this is called. */
void limits_destroy(struct limits *limits);
/* What stands in Redis may be other things by now. */
void limits_read(struct limits *limits, const char *realm);
/* The dataplane has the configuration alone. */
void limits_tell(struct limits *limits);

#endif
