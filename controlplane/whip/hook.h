/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `webrtc hook`: a service of the operator's is asked whether a client may publish or watch, over
 * HTTP, before its offer is looked at. It can refuse, and nothing else; nobody waits for it but the
 * client.
 */
#ifndef WHIP_HOOK_H
#define WHIP_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include <sluice/whip.h>

struct hook {
	struct event_base *base;
	bool is_set;
	char host[64]; /* numeric */
	uint16_t port;
	char path[SLUICE_WHIP_HOOK_MAX];
	uint32_t timeout_s;
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

/* The client that asks, as JSON; the text stays the caller's. `answered` is called once, perhaps at
 * once. Returns what hook_forget takes; NULL where `answered` has been called. */
struct hook_question *hook_ask(const struct hook *hook, const char *json,
                               hook_answered_fn *answered, void *arg);
/* `answered` is not called any more. */
void hook_forget(struct hook_question *question);

#endif
