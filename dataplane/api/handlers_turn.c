/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/handlers.h"
#include "gate/gate.h"
#include "stream/stream.h"
#include "turn/turn.h"

#include <rte_common.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Done, and something is to be said all the same. */
static int warned(struct api_call *call, int status)
{
	call->warns = status == 0 && call->why[0] != '\0';
	return status;
}

static int listen_add_handle(struct api_call *call)
{
	return warned(call, turn_listen_add(call->dp->turn, call->body, call->flags, call->why));
}

static int listen_show_handle(struct api_call *call)
{
	return api_page(call, turn_listen_show(call->dp->turn, &call->job->cursor, call->rows,
	                                       api_rows_max(call)));
}

static int listen_delete_handle(struct api_call *call)
{
	return turn_listen_delete(call->dp->turn, call->body, call->why);
}

/* A long realm is paid for by who comes during an attack, by any listener: the gate counts with the
 * longest of all. */
static void realm_warn(const struct sluice_turn_realm *realm, char *why)
{
	static const struct {
		const char *place, *seconds; /* RFC 8489, 6.2.1 */
	} times[] = {{"third", "1.5"}, {"fourth", "3.5"}, {"fifth", "7.5"}};
	uint32_t arrivals = gate_realm_arrivals(strlen(realm->realm));

	if (arrivals > 2)
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "under attack the first request of a client is answered when it comes for "
		         "the %s time, after %s s; with a realm of 8 bytes the second time, after "
		         "0.5 s",
		         times[RTE_MIN(arrivals - 3, RTE_DIM(times) - 1)].place,
		         times[RTE_MIN(arrivals - 3, RTE_DIM(times) - 1)].seconds);
}

/* One more, or another one, if `ret` is 0. */
static int realm_answer(struct api_call *call, int ret)
{
	if (ret != 0)
		return ret;
	gate_tick(call->dp->gate); /* what it answers with may be longer now */
	realm_warn(call->body, call->why);
	return warned(call, ret);
}

static int realm_set_handle(struct api_call *call)
{
	return realm_answer(call, turn_realm_set(call->dp->turn, call->body, call->why));
}

static int realm_add_handle(struct api_call *call)
{
	return realm_answer(call,
	                    turn_realm_add(call->dp->turn, call->body, call->flags, call->why));
}

static int realm_delete_handle(struct api_call *call)
{
	return turn_realm_delete(call->dp->turn, call->body, call->why);
}

static int realm_show_handle(struct api_call *call)
{
	return api_page(call, turn_realm_show(call->dp->turn, &call->job->cursor, call->rows,
	                                      api_rows_max(call)));
}

static int relay_add_handle(struct api_call *call)
{
	return warned(call, turn_relay_add(call->dp->turn, call->body, call->flags, call->why));
}

static int relay_show_handle(struct api_call *call)
{
	return api_page(call, turn_relay_show(call->dp->turn, &call->job->cursor, call->rows,
	                                      api_rows_max(call)));
}

static int relay_delete_handle(struct api_call *call)
{
	return turn_relay_delete(call->dp->turn, call->body, call->why);
}

static int user_add_handle(struct api_call *call)
{
	return turn_user_add(call->dp->turn, call->body, call->flags, call->why);
}

static int user_delete_handle(struct api_call *call)
{
	return turn_user_delete(call->dp->turn, call->body, call->why);
}

static int secret_add_handle(struct api_call *call)
{
	return turn_secret_add(call->dp->turn, call->body, call->flags, call->why);
}

static int secret_delete_handle(struct api_call *call)
{
	return turn_secret_delete(call->dp->turn, call->body, call->why);
}

static int peer_add_handle(struct api_call *call)
{
	return turn_peer_add(call->dp->turn, call->body, call->flags, call->why);
}

static int peer_delete_handle(struct api_call *call)
{
	return turn_peer_delete(call->dp->turn, call->body, call->why);
}

static int lifetime_set_handle(struct api_call *call)
{
	return turn_lifetime_set(call->dp->turn, call->body, call->why);
}

static int mobility_set_handle(struct api_call *call)
{
	return turn_mobility_set(call->dp->turn, call->body, call->why);
}

static int algorithms_set_handle(struct api_call *call)
{
	return turn_algorithms_set(call->dp->turn, call->body, call->why);
}

static int discovery_add_handle(struct api_call *call)
{
	return turn_discovery_add(call->dp->turn, call->body, call->flags, call->why);
}

static int discovery_delete_handle(struct api_call *call)
{
	return turn_discovery_delete(call->dp->turn, call->body, call->why);
}

static int quota_set_handle(struct api_call *call)
{
	return turn_quota_set(call->dp->turn, call->body, call->why);
}

static int stream_set_handle(struct api_call *call)
{
	return stream_set(call->dp, call->body, call->why);
}

static int certificate_put_handle(struct api_call *call)
{
	return stream_certificate_put(call->dp, call->body, call->why);
}

static int certificate_show_handle(struct api_call *call)
{
	return api_page(call, stream_certificate_show(call->dp, &call->job->cursor, call->rows,
	                                              api_rows_max(call)));
}

static int alternates_set_handle(struct api_call *call)
{
	return turn_alternates_set(call->dp->turn, call->body, call->why);
}

static int key_add_handle(struct api_call *call)
{
	return turn_key_add(call->dp->turn, call->body, call->why);
}

static int key_delete_handle(struct api_call *call)
{
	return turn_key_delete(call->dp->turn, call->body, call->why);
}

static int lookup_set_handle(struct api_call *call)
{
	turn_lookup_set(call->dp->turn, call->body);
	return 0;
}

static int turn_show_handle(struct api_call *call)
{
	turn_show(call->dp->turn, call->rows);
	return api_row(call);
}

static int allocation_show_handle(struct api_call *call)
{
	const struct sluice_allocation_show *show = call->body;
	return api_page(call, allocation_show(call->dp->turn, &call->job->cursor, show->user,
	                                      call->rows, api_rows_max(call)));
}

static int allocation_delete_handle(struct api_call *call)
{
	const struct sluice_allocation_delete *del = call->body;
	int ret = allocation_delete(call->dp->turn, del->id);

	if (ret == -ENOENT)
		snprintf(call->why, SLUICE_API_ERROR_MAX, "no allocation %llu",
		         (unsigned long long)del->id);
	return ret;
}

static int allocation_delete_user_handle(struct api_call *call)
{
	const struct sluice_allocation_delete_user *del = call->body;
	struct sluice_allocation_ended *ended = call->rows;

	ended->count = allocation_delete_user(call->dp->turn, del->name);
	return api_row(call);
}

/* Rows as they come, until the client leaves. */
static int patient_page(struct api_call *call, uint32_t rows)
{
	api_page(call, rows);
	call->more = call->more || call->job->patient;
	call->job->waits = rows == 0 && call->job->patient;
	return 0;
}

static int account_take_handle(struct api_call *call)
{
	return patient_page(call,
	                    turn_accounts_take(call->dp->turn, call->rows, api_rows_max(call)));
}

static int wanted_take_handle(struct api_call *call)
{
	return patient_page(call, turn_wanted_take(call->dp->turn, call->rows, api_rows_max(call)));
}

static int allocation_end_handle(struct api_call *call)
{
	struct sluice_allocation_ended *ended = call->rows;
	struct api_job *job = call->job;

	/* `section`: how many there have been. */
	job->section += allocations_end_some(call->dp->turn, &job->cursor);
	call->more = job->cursor != 0;
	if (call->more)
		return 0;
	ended->count = job->section;
	return api_row(call);
}

static const struct api_type types[] = {
        {SLUICE_TURN_LISTEN_ADD, listen_add_handle},
        {SLUICE_TURN_LISTEN_DELETE, listen_delete_handle},
        {SLUICE_TURN_LISTEN_SHOW, listen_show_handle},
        {SLUICE_TURN_REALM_SET, realm_set_handle},
        {SLUICE_TURN_REALM_ADD, realm_add_handle},
        {SLUICE_TURN_REALM_DELETE, realm_delete_handle},
        {SLUICE_TURN_REALM_SHOW, realm_show_handle},
        {SLUICE_TURN_RELAY_ADD, relay_add_handle},
        {SLUICE_TURN_RELAY_DELETE, relay_delete_handle},
        {SLUICE_TURN_RELAY_SHOW, relay_show_handle},
        {SLUICE_TURN_USER_ADD, user_add_handle},
        {SLUICE_TURN_USER_DELETE, user_delete_handle},
        {SLUICE_TURN_SECRET_ADD, secret_add_handle},
        {SLUICE_TURN_SECRET_DELETE, secret_delete_handle},
        {SLUICE_TURN_PEER_ADD, peer_add_handle},
        {SLUICE_TURN_PEER_DELETE, peer_delete_handle},
        {SLUICE_TURN_LIFETIME_SET, lifetime_set_handle},
        {SLUICE_TURN_MOBILITY_SET, mobility_set_handle},
        {SLUICE_TURN_ALGORITHMS_SET, algorithms_set_handle},
        {SLUICE_TURN_DISCOVERY_ADD, discovery_add_handle},
        {SLUICE_TURN_DISCOVERY_DELETE, discovery_delete_handle},
        {SLUICE_TURN_QUOTA_SET, quota_set_handle},
        {SLUICE_TURN_STREAM_SET, stream_set_handle},
        {SLUICE_TURN_CERTIFICATE_PUT, certificate_put_handle},
        {SLUICE_TURN_CERTIFICATE_SHOW, certificate_show_handle},
        {SLUICE_TURN_ALTERNATES_SET, alternates_set_handle},
        {SLUICE_TURN_KEY_ADD, key_add_handle},
        {SLUICE_TURN_KEY_DELETE, key_delete_handle},
        {SLUICE_TURN_LOOKUP_SET, lookup_set_handle},
        {SLUICE_TURN_WANTED_TAKE, wanted_take_handle},
        {SLUICE_TURN_SHOW, turn_show_handle},
        {SLUICE_ALLOCATION_SHOW, allocation_show_handle},
        {SLUICE_ALLOCATION_DELETE, allocation_delete_handle},
        {SLUICE_ALLOCATION_DELETE_USER, allocation_delete_user_handle},
        {SLUICE_ALLOCATION_ACCOUNT_TAKE, account_take_handle},
        {SLUICE_ALLOCATION_END, allocation_end_handle},
};

const struct api_types api_types_turn = {types, RTE_DIM(types)};
