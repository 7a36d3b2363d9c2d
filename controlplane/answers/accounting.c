/* SPDX-License-Identifier: BSD-3-Clause */
/* Who had which address when: what is kept, some at a time, then what lives. */
#include "answers/answers.h"

#include "accounting/accounting.h"
#include "accounting/kept.h"
#include "control/asker.h"

#include <sluice/accounting.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#define ROWS_READ  512 /* at once */
#define ROWS_TOLD  64  /* of a reply */
#define READS_STEP 16  /* between two looks at what else there is to do */

static const struct timeval at_once;

struct history {
	struct client *client;
	struct sluice_allocation_history wanted;
	struct event *step;
	struct asker *asker; /* what lives is asked for */
	bool lived;          /* that has been answered */
	uint64_t number;     /* the next one that is looked at */
	uint32_t count;      /* of `found` */
	struct sluice_allocation_account found[ROWS_TOLD];
	struct sluice_allocation_account read[ROWS_READ];
};

static bool address_is(const struct sluice_addr *wanted, const struct sluice_addr *is)
{
	static const struct sluice_addr any;

	if (memcmp(wanted, &any, sizeof(any)) == 0)
		return true;
	return memcmp(wanted->ip, is->ip, sizeof(is->ip)) == 0 &&
	       (wanted->port == 0 || wanted->port == is->port);
}

static bool is_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return length > 0;
}

/* "EXPIRY:user" and "user:EXPIRY" are the user's as well. */
static bool user_is(const char *wanted, const char *is)
{
	size_t length = strlen(wanted), whole = strlen(is);

	if (length == 0 || strcmp(wanted, is) == 0)
		return true;
	if (whole <= length + 1)
		return false;
	if (strncmp(is, wanted, length) == 0 && is[length] == ':')
		return is_digits(is + length + 1, whole - length - 1);
	return strcmp(is + whole - length, wanted) == 0 && is[whole - length - 1] == ':' &&
	       is_digits(is, whole - length - 1);
}

static bool account_is_wanted(const struct sluice_allocation_history *wanted,
                              const struct sluice_allocation_account *row)
{
	if (row->began == 0) /* was overwritten meanwhile */
		return false;
	if (wanted->at != 0 &&
	    (row->began > wanted->at || (row->ended != 0 && row->ended < wanted->at)))
		return false;
	if (wanted->since != 0 && row->ended != 0 && row->ended < wanted->since)
		return false;
	return (address_is(&wanted->relayed, &row->relayed[0]) ||
	        (row->relayed[1].port != 0 && address_is(&wanted->relayed, &row->relayed[1]))) &&
	       address_is(&wanted->client, &row->client) && user_is(wanted->user, row->user);
}

/* -- what lives -- */

static void account_of_row(const struct sluice_allocation_row *row,
                           struct sluice_allocation_account *account)
{
	*account = (struct sluice_allocation_account){
	        .id = row->id,
	        .began = (uint64_t)time(NULL) - row->age_s,
	        .client = row->client,
	        .server = row->server,
	        .relayed = {row->relayed[0], row->relayed[1]},
	        .seconds = row->age_s,
	        .transport = row->transport,
	        .reason = SLUICE_ALLOCATION_LIVES,
	        .worker = row->worker,
	        .to_peer_packets = row->to_peer_packets,
	        .to_peer_bytes = row->to_peer_bytes,
	        .to_client_packets = row->to_client_packets,
	        .to_client_bytes = row->to_client_bytes,
	};
	memcpy(account->user, row->user, sizeof(row->user));
}

static void history_end(struct history *history)
{
	client_send_rows(history->client, history->found,
	                 history->count * sizeof(history->found[0]), 0);
}

static void on_rows(void *arg, const void *bytes, uint32_t length, bool more)
{
	const struct sluice_allocation_row *rows = bytes;
	struct history *history = arg;
	struct client *client = history->client;
	struct sluice_allocation_account account;
	bool room = true;

	if (!more) {
		history->asker = NULL;
		history->lived = true;
	}
	for (uint32_t i = 0; i < length / sizeof(*rows); i++) {
		account_of_row(&rows[i], &account);
		if (!account_is_wanted(&history->wanted, &account))
			continue;
		history->found[history->count++] = account;
		if (history->count == ROWS_TOLD) {
			history->count = 0;
			room = client_send_rows(client, history->found, sizeof(history->found),
			                        SLUICE_API_MORE);
			if (client->dead) /* and the history with it */
				return;
		}
	}
	if (more)
		asker_read(history->asker, room);
	else if (room)
		history_end(history);
}

/* The dataplane is away: then nothing lives. */
static void on_failed(void *arg, int status, const char *why)
{
	struct history *history = arg;

	history->asker = NULL;
	history_end(history);
}

static void lives_ask(struct history *history)
{
	static const struct asker_handler handler = {on_rows, on_failed};
	const struct server_options *options = history->client->options;
	const struct asker_options asks = {options->base, history->client->server, NULL};
	struct command_request request = {.command = command_of_type(SLUICE_ALLOCATION_SHOW)};

	request.length = command_asks(request.command)->body_size;
	history->asker = asker_create(&asks, &request, &handler, history);
	if (history->asker == NULL)
		history_end(history);
}

/* -- what is kept -- */

/* False: the client has no room, or there is nothing else to read. */
static bool kept_look(struct history *history, const struct kept *kept)
{
	uint32_t count;

	if (history->number < kept_first(kept))
		history->number = kept_first(kept);
	count = kept_read(kept, history->number, history->read, ROWS_READ);
	for (uint32_t i = 0; i < count; i++) {
		history->number++;
		if (!account_is_wanted(&history->wanted, &history->read[i]))
			continue;
		history->found[history->count++] = history->read[i];
		if (history->count < ROWS_TOLD)
			continue;
		history->count = 0;
		return client_send_rows(history->client, history->found, sizeof(history->found),
		                        SLUICE_API_MORE);
	}
	return count != 0;
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct history *history = arg;
	struct client *client = history->client;
	const struct kept *kept = accounting_kept(client->options->accounting);
	bool more = kept != NULL;

	for (int i = 0; more && i < READS_STEP; i++) {
		more = kept_look(history, kept);
		if (!more && (client->dead || client->held_body != NULL))
			return;
	}
	if (more)
		event_add(history->step, &at_once);
	else
		lives_ask(history);
}

/* There is room again. */
static void history_next(struct client *client)
{
	struct history *history = client->answer;

	if (history->asker != NULL)
		asker_read(history->asker, true);
	else if (history->lived)
		history_end(history);
	else
		event_add(history->step, &at_once);
}

static void history_stop(struct client *client)
{
	struct history *history = client->answer;

	if (history->asker != NULL)
		asker_end(history->asker);
	event_free(history->step);
	free(history);
}

static void answer_history(struct client *client, const void *body)
{
	struct history *history = calloc(1, sizeof(*history));

	if (history != NULL)
		history->step = evtimer_new(client->options->base, on_step, history);
	if (history == NULL || history->step == NULL) {
		free(history);
		client_refuse(client, -ENOMEM, strerror(ENOMEM));
		return;
	}
	history->client = client;
	memcpy(&history->wanted, body, sizeof(history->wanted));
	client_answers(client, history, history_stop);
	client->next = history_next;
	event_add(history->step, &at_once);
}

static void answer_show(struct client *client, const void *body)
{
	struct sluice_accounting_row rows[ACCOUNTING_PLACES];

	if (client->options->accounting == NULL) {
		client_send_rows(client, NULL, 0, 0);
		return;
	}
	accounting_rows(client->options->accounting, rows);
	client_send_rows(client, rows, sizeof(rows), 0);
}

const struct answer answers_accounting[] = {
        {SLUICE_ALLOCATION_HISTORY, answer_history},
        {SLUICE_ACCOUNTING_SHOW, answer_show},
        {0},
};
