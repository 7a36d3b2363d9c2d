/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to addresses, without waiting. Nothing is remembered: a name is asked for at each
 * connection. */
#ifndef REDIS_NAMES_H
#define REDIS_NAMES_H

#include <stdint.h>

#include <event2/event.h>

#include <sluice/api.h>

#define NAMES_ADDRS_MAX 8

struct evdns_base;
struct names;
struct names_question;

/* failed: a name was not found, and the name servers may be others by now. NULL: no memory. */
struct names *names_create(struct event_base *base, struct evdns_base *dns,
                           void (*failed)(void *arg), void *arg);
/* What was forgotten ends with `dns`. */
void names_destroy(struct names *names);

/* From the event loop, once. count 0: there is none, and why. Ports are 0. */
typedef void names_done_fn(void *arg, const struct sluice_addr *list, uint32_t count,
                           const char *why);
/* NULL: no memory. */
struct names_question *names_ask(struct names *names, const char *name, names_done_fn *done,
                                 void *arg);
/* It is not answered any more. */
void names_forget(struct names_question *question);

#endif
