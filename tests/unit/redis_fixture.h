/* SPDX-License-Identifier: BSD-3-Clause */
/* A redis-server of the test's own on loopback, whose data goes with it. Include after cmocka.h. */
#ifndef REDIS_FIXTURE_H
#define REDIS_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether there is one to be had here. */
bool redis_is_installed(void);
/* Its port; another server takes the same port after redis_kill(). */
uint16_t redis_start(void);
void redis_kill(void);
/* A command in database `db`; the reply as text, "" for none, good until the next one. */
const char *redis_run(int db, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
