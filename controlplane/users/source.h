/* SPDX-License-Identifier: BSD-3-Clause */
/* The Redis of this node's own region, as the source of users' keys. */
#ifndef USERS_SOURCE_H
#define USERS_SOURCE_H

#include "users/lookup.h"

struct fleet;

struct lookup_source source_of_fleet(struct fleet *fleet);

#endif
