/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of sessions: places, and texts that lead to them. */
#include "session/state.h"

#include "dtls/dtls.h"
#include "net/flow_hash.h"
#include "turn/table.h"

#include <errno.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_malloc.h>

#define LIST_SIZE(sessions)    (((sessions)->max + 1) * sizeof(struct session))
#define CONTROL_SIZE(sessions) (((sessions)->max + 1) * sizeof(struct session_control))

static int names_create(struct session_names *names, uint32_t count)
{
	uint32_t heads = rte_align32pow2(count + 1);

	names->mask = heads - 1;
	names->heads = rte_zmalloc("session names", heads * sizeof(uint32_t), 0);
	return names->heads != NULL ? 0 : -ENOMEM;
}

int session_tables_create(struct sessions *sessions)
{
	sessions->list = table_map(LIST_SIZE(sessions));
	sessions->control = table_map(CONTROL_SIZE(sessions));
	sessions->paths = flow_hash_create("session paths", 2 * SESSION_PATHS_MAX * sessions->max,
	                                   sessions->dp->qsbr);
	sessions->places = rte_malloc("session places", sessions->max * sizeof(uint32_t), 0);
	if (sessions->list == NULL || sessions->control == NULL || sessions->paths == NULL ||
	    sessions->places == NULL || names_create(&sessions->ids, sessions->max) < 0 ||
	    names_create(&sessions->streams, sessions->max) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < sessions->max; i++)
		sessions->places[i] = i + 1;
	sessions->places_count = sessions->max;
	return 0;
}

void session_tables_destroy(struct sessions *sessions)
{
	rte_free(sessions->ids.heads);
	rte_free(sessions->streams.heads);
	rte_free(sessions->places);
	rte_hash_free(sessions->paths);
	if (sessions->control != NULL)
		explicit_bzero(sessions->control, CONTROL_SIZE(sessions));
	table_unmap(sessions->control, CONTROL_SIZE(sessions));
	table_unmap(sessions->list, LIST_SIZE(sessions));
}

uint32_t session_place_take(struct sessions *sessions)
{
	uint32_t index;

	if (sessions->places_count == 0)
		return 0;
	index = sessions->places[sessions->places_head];
	sessions->places_head = (sessions->places_head + 1) % sessions->max;
	sessions->places_count--;
	sessions->highest = RTE_MAX(sessions->highest, index);
	return index;
}

static void place_give(struct sessions *sessions, uint32_t index)
{
	sessions->places[(sessions->places_head + sessions->places_count++) % sessions->max] =
	        index;
}

void session_places_rebuild(struct sessions *sessions)
{
	sessions->places_head = sessions->places_count = 0;
	for (uint32_t i = 1; i <= sessions->max; i++) {
		if (!sessions->control[i].used)
			sessions->places[sessions->places_count++] = i;
		else
			sessions->highest = i;
	}
}

/* What a next session of this place must not meet; its generation goes on. */
static void session_clear(struct session *session)
{
	explicit_bzero(session->keys, sizeof(session->keys));
	memset(session->paths, 0, sizeof(session->paths));
	memset(&session->selected, 0, sizeof(session->selected));
	session->owner = 0;
	session->selected_path = 0;
	session->nominated = false;
	session->nomination = 0;
	session->checked = session->selected_checked = session->checks = session->moved = 0;
	session->wrong = session->changes = 0;
	session->selected_told = false;
}

/* Neither a worker nor the thread of handshakes looks at it any more. */
static bool place_is_left(const struct sessions *sessions, uint32_t index)
{
	const struct session_control *control = &sessions->control[index];

	return control->used && !sessions->list[index].live &&
	       rte_rcu_qsbr_check(sessions->dp->qsbr, control->token, false) == 1 &&
	       (sessions->dtls == NULL || dtls_order_is_done(sessions->dtls, control->closed));
}

void session_places_collect(struct sessions *sessions)
{
	for (uint32_t i = 1; sessions->ending != 0 && i <= sessions->highest; i++) {
		if (!place_is_left(sessions, i))
			continue;
		session_clear(&sessions->list[i]);
		explicit_bzero(&sessions->control[i], sizeof(sessions->control[i]));
		sessions->ending--;
		place_give(sessions, i);
	}
}

/* -- texts -- */

/* FNV-1a */
static uint32_t *head_of(const struct session_names *names, const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return &names->heads[hash & names->mask];
}

void session_names_add(struct sessions *sessions, uint32_t index)
{
	struct session_control *control = &sessions->control[index];
	uint32_t *id = head_of(&sessions->ids, control->config.id);
	uint32_t *stream = head_of(&sessions->streams, control->config.stream);

	control->next_id = *id;
	*id = index;
	control->next_stream = *stream;
	*stream = index;
}

void session_names_remove(struct sessions *sessions, uint32_t index)
{
	struct session_control *control = &sessions->control[index];
	uint32_t *link = head_of(&sessions->ids, control->config.id);

	while (*link != index)
		link = &sessions->control[*link].next_id;
	*link = control->next_id;
	link = head_of(&sessions->streams, control->config.stream);
	while (*link != index)
		link = &sessions->control[*link].next_stream;
	*link = control->next_stream;
}

uint32_t session_named(const struct sessions *sessions, const char *id)
{
	uint32_t index = *head_of(&sessions->ids, id);

	while (index != 0 && strcmp(sessions->control[index].config.id, id) != 0)
		index = sessions->control[index].next_id;
	return index;
}

bool session_has(const struct sessions *sessions, const char *id)
{
	return session_named(sessions, id) != 0;
}

uint32_t session_of_stream(const struct sessions *sessions, const char *stream, uint32_t after)
{
	uint32_t index = after != 0 ? sessions->control[after].next_stream
	                            : *head_of(&sessions->streams, stream);

	while (index != 0 && strcmp(sessions->control[index].config.stream, stream) != 0)
		index = sessions->control[index].next_stream;
	return index;
}

uint32_t session_publisher(const struct sessions *sessions, const char *stream)
{
	uint32_t found = 0, index = 0;

	/* of two, while one is taken over, the one that has keys */
	while ((index = session_of_stream(sessions, stream, index)) != 0)
		if (sessions->control[index].config.role == SLUICE_SESSION_PUBLISH &&
		    (found == 0 || sessions->control[index].state == SLUICE_SESSION_CONNECTED))
			found = index;
	return found;
}
