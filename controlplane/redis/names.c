/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <event2/dns.h>
#include <event2/util.h>

struct names {
	struct event_base *base;
	struct evdns_base *dns;
	void (*failed)(void *arg);
	void *arg;
};

struct names_question {
	struct names *names;
	names_done_fn *done;
	void *arg;
	struct event *due;
	bool forgotten, answered;
	int error;
	uint32_t count;
	struct sluice_addr list[NAMES_ADDRS_MAX];
};

/* -- answers -- */

static void question_free(struct names_question *question)
{
	event_free(question->due);
	free(question);
}

/* Names of /etc/hosts are found at once, and told as all others are. */
static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct names_question *question = arg;
	const char *why =
	        question->error == EVUTIL_EAI_NONAME || question->error == EVUTIL_EAI_NODATA
	                ? "there is no such name"
	                : "no answer from the name servers";

	if (question->count == 0)
		question->names->failed(question->names->arg);
	question->done(question->arg, question->list, question->count, why);
	question_free(question);
}

static bool addr_take(struct sluice_addr *addr, const struct sockaddr *from)
{
	*addr = (struct sluice_addr){.ip = {[10] = 0xff, 0xff}};
	if (from->sa_family == AF_INET)
		memcpy(addr->ip + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr,
		       4);
	else if (from->sa_family == AF_INET6)
		memcpy(addr->ip, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	return from->sa_family == AF_INET || from->sa_family == AF_INET6;
}

static void on_answer(int error, struct evutil_addrinfo *list, void *arg)
{
	struct names_question *question = arg;

	for (const struct evutil_addrinfo *at = list;
	     at != NULL && question->count < NAMES_ADDRS_MAX; at = at->ai_next)
		question->count += addr_take(&question->list[question->count], at->ai_addr);
	if (list != NULL)
		evutil_freeaddrinfo(list);
	question->error = error;
	question->answered = true;
	if (question->forgotten)
		question_free(question);
	else
		event_active(question->due, EV_TIMEOUT, 0);
}

struct names_question *names_ask(struct names *names, const char *name, names_done_fn *done,
                                 void *arg)
{
	const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct names_question *question;

	question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->names = names;
	question->done = done;
	question->arg = arg;
	question->due = evtimer_new(names->base, on_due, question);
	if (question->due == NULL) {
		free(question);
		return NULL;
	}
	evdns_getaddrinfo(names->dns, name, NULL, &hints, on_answer, question);
	return question;
}

void names_forget(struct names_question *question)
{
	if (question->answered)
		question_free(question);
	else
		question->forgotten = true;
}

struct names *names_create(struct event_base *base, struct evdns_base *dns,
                           void (*failed)(void *arg), void *arg)
{
	struct names *names = malloc(sizeof(*names));

	if (names != NULL)
		*names = (struct names){base, dns, failed, arg};
	return names;
}

void names_destroy(struct names *names)
{
	free(names);
}
