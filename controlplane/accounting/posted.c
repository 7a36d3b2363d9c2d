/* SPDX-License-Identifier: BSD-3-Clause */
#include "accounting/posted.h"

#include "accounting/outbox.h"
#include "command/json.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/refuse.h"
#include "common/request.h"
#include "http/poster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH       100 /* accounts of an array */
#define RETRY_S     1
#define RETRY_MAX_S 60
#define DEADLINE_S  5 /* of an array */

struct posted {
	struct http_client *client;
	struct poster *poster; /* NULL: none is set */
	struct outbox outbox;
	uint32_t on_way;   /* accounts of the array that is under way */
	uint32_t retry_s;  /* after the next failure */
	uint64_t retry_at; /* CLOCK_MONOTONIC, ns */
	bool said;         /* that it does not take them */
	uint64_t told, lost;
};

static void on_answered(void *arg, int status, const char *why)
{
	struct posted *posted = arg;

	if (status >= 200 && status < 300) {
		for (uint32_t i = 0; i < posted->on_way; i++)
			outbox_forget(&posted->outbox);
		posted->told += posted->on_way;
		posted->on_way = 0;
		posted->retry_s = RETRY_S;
		if (posted->said)
			log_info(SLUICE_LOG_ALLOCATION, "the webhook takes accounts again");
		posted->said = false;
		posted_send(posted);
		return;
	}
	posted->on_way = 0;
	posted->retry_at = clock_ns(CLOCK_MONOTONIC) + posted->retry_s * NSEC_PER_SEC;
	posted->retry_s = posted->retry_s * 2 < RETRY_MAX_S ? posted->retry_s * 2 : RETRY_MAX_S;
	if (posted->said)
		return;
	posted->said = true;
	if (status != 0)
		log_warning(SLUICE_LOG_ALLOCATION,
		            "the webhook answers %d to accounts; they wait, and are sent again",
		            status);
	else
		log_warning(SLUICE_LOG_ALLOCATION,
		            "the webhook does not take accounts: %s; they wait, and are sent again",
		            why);
}

/* The caller's to free. NULL: no memory. */
static char *accounts_write(const struct outbox *outbox, uint32_t count)
{
	json_t *array = json_array();
	char *text;

	for (uint32_t i = 0; i < count; i++) {
		const struct outbox_item *item = outbox_item(outbox, i);
		json_t *object = row_to_json(&account_reply, &item->account);

		if (item->realm[0] != '\0')
			json_object_set_new(object, "realm", json_string(item->realm));
		json_array_append_new(array, object);
	}
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return text;
}

void posted_send(struct posted *posted)
{
	uint32_t count = posted->outbox.count < BATCH ? posted->outbox.count : BATCH;
	char *text;

	if (posted->poster == NULL || posted->on_way != 0 || count == 0 ||
	    clock_ns(CLOCK_MONOTONIC) < posted->retry_at)
		return;
	text = accounts_write(&posted->outbox, count);
	if (text != NULL &&
	    poster_send(posted->poster, text, strlen(text), on_answered, posted) == 0)
		posted->on_way = count;
	free(text);
}

void posted_add(struct posted *posted, const struct sluice_allocation_account *account,
                const char *realm)
{
	if (posted->poster != NULL && outbox_add(&posted->outbox, account, realm) != 0)
		posted->lost++;
}

static void waiting_drop(struct posted *posted)
{
	if (posted->outbox.count > 0)
		log_warning(SLUICE_LOG_ALLOCATION,
		            "%u accounts that the webhook has not taken are lost to it",
		            posted->outbox.count);
	posted->lost += posted->outbox.count;
	outbox_empty(&posted->outbox);
}

int posted_set(struct posted *posted, const struct sluice_accounting_webhook *set, char *why)
{
	struct poster *poster = NULL;
	struct url url;
	int error;

	if (set->url[0] != '\0') {
		error = url_read(&url, set->url, why);
		if (error != 0)
			return error;
		poster = poster_create(posted->client, &url, set->token, DEADLINE_S);
		if (poster == NULL)
			return refuse(why, -ENOMEM, "no memory");
	} else {
		waiting_drop(posted);
	}
	poster_destroy(posted->poster);
	posted->poster = poster;
	posted->on_way = 0;
	posted->retry_s = RETRY_S;
	posted->retry_at = 0;
	posted->said = false;
	posted_send(posted);
	return 0;
}

void posted_row(const struct posted *posted, struct sluice_accounting_row *row)
{
	*row = (struct sluice_accounting_row){
	        .to = "webhook",
	        .on = posted->poster != NULL,
	        .waiting = posted->outbox.count,
	        .told = posted->told,
	        .lost = posted->lost,
	};
}

struct posted *posted_create(struct http_client *client)
{
	struct posted *posted = calloc(1, sizeof(*posted));

	if (posted != NULL)
		posted->client = client;
	return posted;
}

void posted_destroy(struct posted *posted)
{
	if (posted == NULL)
		return;
	poster_destroy(posted->poster);
	waiting_drop(posted);
	free(posted);
}
