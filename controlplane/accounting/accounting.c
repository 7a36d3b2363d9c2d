/* SPDX-License-Identifier: BSD-3-Clause */
#include "accounting/accounting.h"

#include "accounting/kept.h"
#include "accounting/posted.h"
#include "accounting/published.h"
#include "command/text.h"
#include "command/value.h"
#include "common/log.h"
#include "common/words.h"
#include "dataplane/ask.h"
#include "events/bus.h"
#include "fleet/fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#define FORGET_BATCH     4096
#define DAY_S            86400
#define ACCOUNT_LINE_MAX 640

static const struct timeval retry_after = {.tv_sec = 1};

struct accounting {
	struct accounting_options options;
	struct dataplane_client *client;
	struct question *question; /* stays open: accounts come as allocations end; or NULL */
	struct event *timer;       /* once a second: asks again, forgets what is too old */
	const struct fleet *fleet; /* has the Redis; NULL: not yet */
	struct published *published;
	struct posted *posted;
	struct sluice_accounting_log log;
	struct sluice_accounting_keep keep;
	struct kept *kept;
	bool full; /* writing failed, and has been logged */
	uint64_t logged, written, unwritten;
};

/* -- what becomes of one -- */

/* That of its listener, or else the server's. Empty: none is configured. */
static const char *account_realm(const struct accounting *accounting,
                                 const struct sluice_allocation_account *row)
{
	const struct running *running = accounting->options.running;
	const struct running_line *set = running_setting(running, SLUICE_TURN_REALM_SET);
	struct running_line *line = NULL;

	while ((line = running_next(running, line)) != NULL) {
		const struct sluice_turn_listen *listen = (const void *)line->request.body.bytes;

		if (line->request.command->type == SLUICE_TURN_LISTEN_ADD &&
		    listen->realm[0] != '\0' && listen->transport == row->transport &&
		    memcmp(&listen->addr, &row->server, sizeof(listen->addr)) == 0)
			return listen->realm;
	}
	return set != NULL ? ((const struct sluice_turn_realm *)set->request.body.bytes)->realm
	                   : "";
}

static void account_log(struct accounting *accounting, const struct sluice_allocation_account *row)
{
	const char *realm = account_realm(accounting, row);
	char line[ACCOUNT_LINE_MAX];
	struct text text;

	text_start(&text, line, sizeof(line));
	text_addf(&text, "allocation %" PRIu64 " ended: relayed ", row->id);
	text_add_addr(&text, &row->relayed[0]);
	if (row->relayed[1].port != 0) {
		text_add(&text, " ");
		text_add_addr(&text, &row->relayed[1]);
	}
	text_add(&text, ", client ");
	text_add_addr(&text, &row->client);
	text_add(&text, ", user ");
	text_add_printable(&text, row->user, sizeof(row->user));
	if (realm[0] != '\0')
		text_addf(&text, ", realm %s", realm);
	text_addf(&text,
	          ", %s, %u s, to peers %" PRIu64 " packets %" PRIu64
	          " bytes, to the client %" PRIu64 " packets %" PRIu64 " bytes, %s",
	          word_of(transport_words, row->transport), row->seconds, row->to_peer_packets,
	          row->to_peer_bytes, row->to_client_packets, row->to_client_bytes,
	          word_of(reason_words, row->reason));
	log_always(SLUICE_LOG_ALLOCATION, SLUICE_LOG_INFO, "%s", line);
	accounting->logged++;
}

static void account_tell(const struct accounting *accounting,
                         const struct sluice_allocation_account *row)
{
	struct sluice_event_row event = {.client = row->client, .ended = 1};

	snprintf(event.area, sizeof(event.area), "allocation");
	snprintf(event.subject, sizeof(event.subject), "%" PRIu64, row->id);
	snprintf(event.state, sizeof(event.state), "ended");
	snprintf(event.user, sizeof(event.user), "%.*s", (int)sizeof(event.user) - 1, row->user);
	snprintf(event.reason, sizeof(event.reason), "%s", word_of(reason_words, row->reason));
	event.account = *row;
	event_tell(accounting->options.events, &event);
}

static void account_keep(struct accounting *accounting, const struct sluice_allocation_account *row)
{
	struct sluice_allocation_account copy = *row;
	int error = kept_add(accounting->kept, &copy);

	if (error != 0 && !accounting->full)
		log_error(SLUICE_LOG_ALLOCATION, "accounts cannot be kept: %s", strerror(-error));
	accounting->full = error != 0;
	accounting->written += error == 0;
	accounting->unwritten += error != 0;
}

static void accounts_send(struct accounting *accounting)
{
	published_send(accounting->published);
	posted_send(accounting->posted);
}

static void on_accounts(void *arg, const struct dataplane_answer *answer)
{
	const struct sluice_allocation_account *rows = answer->body;
	struct accounting *accounting = arg;
	uint32_t count = answer->status == 0 ? answer->length / sizeof(*rows) : 0;

	for (uint32_t i = 0; i < count; i++) {
		const char *realm = account_realm(accounting, &rows[i]);

		if (accounting->kept != NULL)
			account_keep(accounting, &rows[i]);
		if (accounting->log.on)
			account_log(accounting, &rows[i]);
		published_add(accounting->published, &rows[i], realm);
		posted_add(accounting->posted, &rows[i], realm);
		account_tell(accounting, &rows[i]);
	}
	if (count > 0) /* the last answer comes when the fleet, which has the Redis, has gone */
		accounts_send(accounting);
	if (!(answer->flags & SLUICE_API_MORE))
		accounting->question = NULL; /* the dataplane has gone: `ready` will come */
}

/* -- the question -- */

static void accounts_ask(struct accounting *accounting)
{
	const struct dataplane_ask ask = {
	        .type = SLUICE_ALLOCATION_ACCOUNT_TAKE,
	        .apart = true,
	        .patience_s = ASK_FOREVER,
	        .answered = on_accounts,
	        .arg = accounting,
	};

	if (accounting->question == NULL && accounting->client != NULL)
		dataplane_ask(accounting->client, &ask, &accounting->question);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct accounting *accounting = arg;

	accounts_ask(accounting); /* the dataplane may have had no room for it */
	accounts_send(accounting);
	if (accounting->kept != NULL && accounting->keep.days != 0)
		kept_forget(accounting->kept,
		            (uint64_t)time(NULL) - (uint64_t)accounting->keep.days * DAY_S,
		            FORGET_BATCH);
}

void accounting_ready(struct accounting *accounting)
{
	accounts_ask(accounting);
}

/* -- configuration -- */

static void kept_path(const struct accounting *accounting, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/allocations", accounting->options.state_dir);
}

static int keep_obey(struct accounting *accounting, const struct sluice_accounting_keep *keep,
                     char *why)
{
	struct kept *kept = NULL;
	char path[PATH_MAX];
	int error = 0;

	kept_path(accounting, path);
	if (keep->rows != 0 && accounting->kept != NULL && keep->rows == accounting->keep.rows) {
		accounting->keep = *keep;
		return 0;
	}
	if (keep->rows != 0) {
		(void)!mkdir(accounting->options.state_dir, 0750);
		error = kept_open(&kept, path, keep->rows, why);
		if (error != 0)
			return error;
	} else if (unlink(path) != 0 && errno != ENOENT) {
		error = -errno;
		snprintf(why, SLUICE_API_ERROR_MAX, "the file of accounts: %s", strerror(-error));
		return error;
	}
	kept_close(accounting->kept);
	accounting->kept = kept;
	accounting->keep = *keep;
	accounting->full = false;
	return 0;
}

static int accounting_obey(void *arg, const struct command_request *request, char *why)
{
	struct accounting *accounting = arg;
	struct sluice_accounting_webhook webhook;
	struct sluice_accounting_redis redis;
	struct sluice_accounting_keep keep;
	int error;

	if (request->command->type == SLUICE_ACCOUNTING_LOG_SET) {
		memcpy(&accounting->log, &request->body, sizeof(accounting->log));
		return 0;
	}
	if (request->command->type == SLUICE_ACCOUNTING_REDIS_SET) {
		memcpy(&redis, &request->body, sizeof(redis));
		published_switch(accounting->published, redis.on != 0);
		return 0;
	}
	if (request->command->type == SLUICE_ACCOUNTING_WEBHOOK_SET) {
		memcpy(&webhook, &request->body, sizeof(webhook));
		if (strcmp(webhook.url, "off") == 0)
			webhook.url[0] = '\0';
		error = posted_set(accounting->posted, &webhook, why);
		explicit_bzero(&webhook, sizeof(webhook)); /* it has a token */
		return error;
	}
	memcpy(&keep, &request->body, sizeof(keep));
	return keep_obey(accounting, &keep, why);
}

static void accounting_unset(void *arg, const struct command_request *request)
{
	struct command_request unset = *request;
	char why[SLUICE_API_ERROR_MAX];

	memset(&unset.body, 0, sizeof(unset.body));
	if (accounting_obey(arg, &unset, why) != 0)
		log_warning(SLUICE_LOG_ALLOCATION, "%s", why);
}

static struct redis *accounting_redis(void *arg)
{
	const struct accounting *accounting = arg;

	return accounting->fleet != NULL ? fleet_own_redis(accounting->fleet) : NULL;
}

struct accounting *accounting_create(const struct accounting_options *options)
{
	struct accounting *accounting = calloc(1, sizeof(*accounting));

	if (accounting == NULL)
		return NULL;
	accounting->options = *options;
	accounting->published = published_create(accounting_redis, accounting);
	accounting->posted = posted_create(options->http_client);
	accounting->timer = event_new(options->base, -1, EV_PERSIST, on_timer, accounting);
	if (accounting->published == NULL || accounting->posted == NULL ||
	    accounting->timer == NULL || event_add(accounting->timer, &retry_after) != 0) {
		accounting_destroy(accounting);
		return NULL;
	}
	own_serve_part(options->own, SLUICE_ACCOUNTING_LOG_SET,
	               &(struct own_part){accounting_obey, accounting_unset, NULL, accounting});
	return accounting;
}

void accounting_serve(struct accounting *accounting, struct dataplane_client *client,
                      const struct fleet *fleet)
{
	accounting->client = client;
	accounting->fleet = fleet;
}

void accounting_destroy(struct accounting *accounting)
{
	if (accounting == NULL)
		return;
	if (accounting->question != NULL)
		question_forget(accounting->question);
	if (accounting->timer != NULL)
		event_free(accounting->timer);
	published_destroy(accounting->published);
	posted_destroy(accounting->posted);
	kept_close(accounting->kept);
	free(accounting);
}

const struct kept *accounting_kept(const struct accounting *accounting)
{
	return accounting->kept;
}

void accounting_rows(const struct accounting *accounting,
                     struct sluice_accounting_row rows[ACCOUNTING_PLACES])
{
	rows[0] = (struct sluice_accounting_row){
	        .to = "log",
	        .on = accounting->log.on,
	        .told = accounting->logged,
	};
	rows[1] = (struct sluice_accounting_row){
	        .to = "file",
	        .on = accounting->kept != NULL,
	        .told = accounting->written,
	        .lost = accounting->unwritten,
	};
	published_row(accounting->published, &rows[2]);
	posted_row(accounting->posted, &rows[3]);
}
