/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `webrtc hook`: a service of the operator's is asked whether a client may publish or watch, over
 * HTTP, before its offer is looked at. It can refuse, and nothing else; nothing but that offer
 * waits for it.
 */
#ifndef WHIP_HOOK_H
#define WHIP_HOOK_H

#include "http/client.h"
#include "http/url.h"

#include <stdbool.h>
#include <stdint.h>

#include <sluice/whip.h>

struct hook {
	struct http_client *client;
	bool is_set;
	struct url url;
	uint32_t timeout_s;
	bool said; /* that it does not answer */
};

/* 0, or -EINVAL with a line in `why`. */
int hook_set(struct hook *hook, const struct sluice_whip_hook *set, char *why);
void hook_unset(struct hook *hook);

enum hook_answer {
	HOOK_ALLOWS,
	HOOK_REFUSES, /* 4xx */
	HOOK_IS_AWAY, /* any other status, or none in time */
};
typedef void hook_answered_fn(void *arg, enum hook_answer answer);
struct hook_question;

/* The client that asks, as JSON; the text stays the caller's. `answered` is called once, later; the
 * hook outlives the question.
 * Returns what hook_forget takes; NULL: no memory, and `answered` is not called. */
struct hook_question *hook_ask(struct hook *hook, const char *json, hook_answered_fn *answered,
                               void *arg);
/* `answered` is not called any more. */
void hook_forget(struct hook_question *question);

#endif
