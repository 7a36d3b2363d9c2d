/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet/keys.h"

#include <stdio.h>

void fleet_key(char key[FLEET_KEY_MAX], const char *region, const char *what, const char *id)
{
	snprintf(key, FLEET_KEY_MAX, "sluice:{%s}:%s%s%s", region, what, id != NULL ? ":" : "",
	         id != NULL ? id : "");
}
