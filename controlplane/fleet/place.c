/* SPDX-License-Identifier: BSD-3-Clause */
/* Which node a room's browsers are sent to. */
#include "fleet/owner.h"
#include "fleet/state.h"
#include "region/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fleet_search {
	struct fleet *fleet;
	struct snapshot *snapshot;
	struct owner_search *search; /* NULL: none is under way */
	bool fresh;
	fleet_placed_fn *done;
	void *arg;
	size_t length;
	char room[ANSWER_SESSION + 1];
};

static bool is_own(const struct fleet *fleet, const struct snapshot_node *node)
{
	return strcmp(node->record.id, fleet->own.id) == 0 &&
	       strcmp(node->record.region, fleet->own.region) == 0;
}

static void search_free(struct fleet_search *search)
{
	snapshot_release(search->snapshot);
	free(search);
}

/* A node that drains gives what is new to another one. */
static const struct snapshot_node *fresh_node(const struct fleet_search *search)
{
	const struct choice_where anywhere = {0};

	return search->fresh && search->fleet->drain.on
	               ? choice_make(search->snapshot, search->room, search->length, &anywhere)
	               : NULL;
}

static void on_owner(void *arg, const struct snapshot_node *owner)
{
	struct fleet_search *search = arg;
	struct fleet *fleet = search->fleet;
	const struct snapshot_node *node = owner != NULL ? owner : fresh_node(search);
	enum fleet_place place = fleet->drain.on ? FLEET_NOWHERE : FLEET_HERE;
	const char *http = "";

	if (node != NULL && !is_own(fleet, node) && node->record.http[0] != '\0') {
		place = FLEET_ELSEWHERE;
		http = node->record.http;
	}
	search->done(search->arg, place, http);
	search_free(search);
}

struct fleet_search *fleet_place(struct fleet *fleet, const char *room, bool fresh,
                                 fleet_placed_fn *done, void *arg)
{
	const struct choice_where anywhere = {0};
	struct fleet_search *search = NULL;
	struct owner_search *owner;

	if (fleet->snapshot != NULL && fleet_is_set(fleet) && session_is_valid(room, strlen(room)))
		search = calloc(1, sizeof(*search));
	if (search == NULL) {
		done(arg, fleet->drain.on ? FLEET_NOWHERE : FLEET_HERE, "");
		return NULL;
	}
	search->fleet = fleet;
	search->snapshot = snapshot_hold(fleet->snapshot);
	search->fresh = fresh;
	search->done = done;
	search->arg = arg;
	search->length = strlen(room);
	memcpy(search->room, room, search->length);
	owner = owner_find(fleet->owners, search->snapshot, search->room, search->length, &anywhere,
	                   on_owner, search);
	/* Without a search `done` has been called, and this one is gone. */
	if (owner == NULL)
		return NULL;
	search->search = owner;
	return search;
}

void fleet_place_forget(struct fleet_search *search)
{
	owner_forget(search->search);
	search_free(search);
}

void fleet_claim(struct fleet *fleet, const char *room)
{
	owners_claim(fleet->owners, room, strlen(room));
}

const char *fleet_http(const struct fleet *fleet)
{
	return fleet->own.http;
}

uint32_t fleet_others(const struct fleet *fleet, const char *list[FLEET_OTHERS_MAX])
{
	const struct snapshot_node *nodes[4 * FLEET_OTHERS_MAX];
	uint32_t count = 0, found;

	if (fleet->snapshot == NULL || !fleet_is_set(fleet))
		return 0;
	found = choice_alternates(fleet->snapshot, fleet->own.id, nodes, 4 * FLEET_OTHERS_MAX);
	for (uint32_t i = 0; i < found && count < FLEET_OTHERS_MAX; i++)
		if (nodes[i]->record.http[0] != '\0')
			list[count++] = nodes[i]->record.http;
	return count;
}
