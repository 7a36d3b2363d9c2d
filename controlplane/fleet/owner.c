/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet/owner.h"

#include "region/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/queue.h>

#define SESSIONS_MAX 262144
#define BUCKETS      65536
#define KEPT_NS      3600000000000ull /* after the last steering */
#define KEY_MS       "600000"
#define REFRESH_NS   300000000000ull /* half of that */
#define WRITES_EACH  2000            /* of a tick */
#define SEARCHED_MAX 8               /* regions */

static const struct timeval tick_interval = {.tv_usec = 100000};
static const struct timeval search_time = {.tv_usec = OWNER_WAIT_MS * 1000};

struct session {
	SLIST_ENTRY(session) chain;
	TAILQ_ENTRY(session) recent, due;
	uint64_t touched, written; /* written 0: has to be */
	bool mine;
	char name[ANSWER_SESSION + 1];
	char region[SLUICE_REGION_NAME_MAX], node[SLUICE_NODE_ID_MAX];
};
SLIST_HEAD(bucket, session);
TAILQ_HEAD(sessions, session);

struct owners {
	struct fleet *fleet;
	struct bucket *buckets;
	struct sessions recent; /* the one steered longest ago first */
	struct sessions due;    /* mine: the one written longest ago first */
	uint32_t count;
	struct event *tick;
};

/* -- the table -- */

static struct bucket *bucket_of(struct owners *owners, const char *name, size_t length)
{
	return &owners->buckets[choice_hash(name, length) % BUCKETS];
}

static struct session *session_find(struct owners *owners, const char *name, size_t length)
{
	struct session *session;

	SLIST_FOREACH(session, bucket_of(owners, name, length), chain)
	if (strlen(session->name) == length && memcmp(session->name, name, length) == 0)
		return session;
	return NULL;
}

static void session_remove(struct owners *owners, struct session *session)
{
	SLIST_REMOVE(bucket_of(owners, session->name, strlen(session->name)), session, session,
	             chain);
	TAILQ_REMOVE(&owners->recent, session, recent);
	if (session->mine)
		TAILQ_REMOVE(&owners->due, session, due);
	owners->count--;
	free(session);
}

/* NULL: no memory. */
static struct session *session_make(struct owners *owners, const char *name, size_t length)
{
	struct session *session = session_find(owners, name, length);

	if (session != NULL) {
		TAILQ_REMOVE(&owners->recent, session, recent);
	} else {
		if (owners->count == SESSIONS_MAX)
			session_remove(owners, TAILQ_FIRST(&owners->recent));
		session = calloc(1, sizeof(*session));
		if (session == NULL)
			return NULL;
		memcpy(session->name, name, length);
		SLIST_INSERT_HEAD(bucket_of(owners, name, length), session, chain);
		owners->count++;
	}
	session->touched = fleet_now();
	TAILQ_INSERT_TAIL(&owners->recent, session, recent);
	return session;
}

static void session_own(struct owners *owners, struct session *session, bool mine)
{
	if (mine && !session->mine) {
		session->written = 0;
		TAILQ_INSERT_HEAD(&owners->due, session, due);
	} else if (!mine && session->mine) {
		TAILQ_REMOVE(&owners->due, session, due);
	}
	session->mine = mine;
}

/* -- keys -- */

/* false: not now. */
static bool session_write(struct owners *owners, struct session *session)
{
	const struct fleet *fleet = owners->fleet;
	const struct fleet_region *region = fleet_region_find(fleet, fleet->own.region);
	char key[FLEET_KEY_MAX];

	if (region == NULL || !redis_is_up(region->commands))
		return false;
	fleet_key(key, fleet->own.region, KEY_SESSION, session->name);
	return redis_ask(region->commands, key, NULL, NULL, "SET %s %s PX " KEY_MS, key,
	                 fleet->own.id) == 0;
}

static void due_write(struct owners *owners)
{
	uint64_t now = fleet_now();
	struct session *session;

	for (uint32_t i = 0; i < WRITES_EACH; i++) {
		session = TAILQ_FIRST(&owners->due);
		if (session == NULL ||
		    (session->written != 0 && now - session->written < REFRESH_NS) ||
		    !session_write(owners, session))
			return;
		session->written = now;
		TAILQ_REMOVE(&owners->due, session, due);
		TAILQ_INSERT_TAIL(&owners->due, session, due);
	}
}

void owners_rebuild(struct owners *owners)
{
	struct session *session;

	TAILQ_FOREACH(session, &owners->due, due)
	session->written = 0;
	due_write(owners);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct owners *owners = arg;
	uint64_t now = fleet_now();
	struct session *session;

	due_write(owners);
	while ((session = TAILQ_FIRST(&owners->recent)) != NULL && now - session->touched > KEPT_NS)
		session_remove(owners, session);
}

/* -- claims -- */

static void session_claim(struct owners *owners, const char *name, size_t length)
{
	const struct fleet *fleet = owners->fleet;
	struct session *session = session_make(owners, name, length);

	if (session == NULL)
		return;
	snprintf(session->region, sizeof(session->region), "%s", fleet->own.region);
	snprintf(session->node, sizeof(session->node), "%s", fleet->own.id);
	session_own(owners, session, true);
	due_write(owners);
}

void owners_claim(struct owners *owners, const char *session, size_t length)
{
	if (session_is_valid(session, length) && fleet_is_set(owners->fleet))
		session_claim(owners, session, length);
}

void owner_tell(struct owners *owners, const char *name, size_t length,
                const struct snapshot_node *node)
{
	const struct fleet *fleet = owners->fleet;
	const struct fleet_region *region = fleet_region_find(fleet, fleet->own.region);
	struct session *session;
	char channel[FLEET_KEY_MAX];

	if (strcmp(node->record.id, fleet->own.id) == 0 &&
	    strcmp(node->record.region, fleet->own.region) == 0) {
		session_claim(owners, name, length);
		return;
	}
	session = session_make(owners, name, length);
	if (session != NULL) {
		session_own(owners, session, false);
		memcpy(session->region, node->record.region, sizeof(session->region));
		memcpy(session->node, node->record.id, sizeof(session->node));
	}
	if (region == NULL || !redis_is_up(region->commands))
		return;
	fleet_key(channel, fleet->own.region, KEY_CLAIMS, node->record.id);
	redis_ask(region->commands, channel, NULL, NULL, "PUBLISH %s %b", channel, name, length);
}

/* -- looking for one -- */

struct search_part {
	struct owner_search *search;
	uint32_t rank;
	char region[SLUICE_REGION_NAME_MAX];
};

struct owner_search {
	const struct snapshot *snapshot;
	owner_found_fn *done; /* NULL: nobody waits */
	void *arg;
	struct event *timer;
	uint32_t asked, answered; /* bits, the best rank lowest */
	const struct snapshot_node *found[SEARCHED_MAX];
};

static void search_free(struct owner_search *search)
{
	if (search->done != NULL || search->answered != search->asked)
		return;
	event_free(search->timer);
	free(search);
}

static void search_end(struct owner_search *search, const struct snapshot_node *node)
{
	owner_found_fn *done = search->done;

	event_del(search->timer);
	search->done = NULL;
	if (done != NULL)
		done(search->arg, node);
}

/* Of several owners the one whose region the choice prefers; late ones are not waited for. */
static void search_look(struct owner_search *search, bool late)
{
	for (uint32_t i = 0; i < SEARCHED_MAX; i++) {
		uint32_t bit = 1u << i;

		if (!(search->asked & bit))
			continue;
		if (search->found[i] != NULL) {
			search_end(search, search->found[i]);
			return;
		}
		if (!(search->answered & bit) && !late)
			return;
	}
	search_end(search, NULL);
}

static void on_search_time(evutil_socket_t fd, short what, void *arg)
{
	struct owner_search *search = arg;

	if (search->done != NULL)
		search_look(search, true);
	search_free(search);
}

static const struct snapshot_node *owner_read(const struct snapshot *snapshot, const char *region,
                                              const char *bytes, size_t length)
{
	const struct snapshot_node *node;
	char id[SLUICE_NODE_ID_MAX];

	if (!name_is_valid(bytes, length, sizeof(id)))
		return NULL;
	memcpy(id, bytes, length);
	id[length] = '\0';
	node = snapshot_node_find(snapshot, region, id);
	return node != NULL && choice_keeps(snapshot, node) ? node : NULL;
}

static void on_owner(void *arg, int status, const char *bytes, size_t length)
{
	struct search_part *part = arg;
	struct owner_search *search = part->search;

	search->answered |= 1u << part->rank;
	if (search->done != NULL) {
		if (status == 0)
			search->found[part->rank] =
			        owner_read(search->snapshot, part->region, bytes, length);
		search_look(search, false);
	}
	search_free(search);
	free(part);
}

static void region_ask(struct owners *owners, struct owner_search *search, uint32_t rank,
                       const char *name, const char *session, size_t length)
{
	const struct fleet_region *region = fleet_region_find(owners->fleet, name);
	struct search_part *part;
	char key[FLEET_KEY_MAX], text[ANSWER_SESSION + 1];

	if (region == NULL || !redis_is_up(region->commands))
		return;
	part = calloc(1, sizeof(*part));
	if (part == NULL)
		return;
	part->search = search;
	part->rank = rank;
	snprintf(part->region, sizeof(part->region), "%s", name);
	snprintf(text, sizeof(text), "%.*s", (int)length, session);
	fleet_key(key, name, KEY_SESSION, text);
	if (redis_get(region->commands, key, on_owner, part) == 0)
		search->asked |= 1u << rank;
	else
		free(part);
}

/* What this node steered itself needs no question. */
static const struct snapshot_node *
owner_known(struct owners *owners, const struct snapshot *snapshot, const char *name, size_t length)
{
	struct session *session = session_find(owners, name, length);
	const struct snapshot_node *node;

	if (session == NULL)
		return NULL;
	node = snapshot_node_find(snapshot, session->region, session->node);
	return node != NULL && choice_keeps(snapshot, node) ? node : NULL;
}

struct owner_search *owner_find(struct owners *owners, const struct snapshot *snapshot,
                                const char *session, size_t length,
                                const struct choice_where *where, owner_found_fn *done, void *arg)
{
	const struct snapshot_node *known = owner_known(owners, snapshot, session, length);
	const struct snapshot_region *regions[SEARCHED_MAX];
	struct owner_search *search = NULL;
	uint32_t count;

	if (known == NULL)
		search = calloc(1, sizeof(*search));
	if (search != NULL)
		search->timer = evtimer_new(owners->fleet->options.base, on_search_time, search);
	if (search == NULL || search->timer == NULL) {
		free(search);
		done(arg, known);
		return NULL;
	}
	search->snapshot = snapshot;
	count = choice_regions(snapshot, session, length, where, regions, SEARCHED_MAX);
	for (uint32_t i = 0; i < count; i++)
		region_ask(owners, search, i, regions[i]->name, session, length);
	if (search->asked == 0) {
		event_free(search->timer);
		free(search);
		done(arg, NULL);
		return NULL;
	}
	search->done = done;
	search->arg = arg;
	event_add(search->timer, &search_time);
	return search;
}

void owner_forget(struct owner_search *search)
{
	event_del(search->timer);
	search->done = NULL;
	search_free(search);
}

/* -- life -- */

struct owners *owners_create(struct fleet *fleet)
{
	struct owners *owners = calloc(1, sizeof(*owners));

	if (owners == NULL)
		return NULL;
	owners->fleet = fleet;
	TAILQ_INIT(&owners->recent);
	TAILQ_INIT(&owners->due);
	owners->buckets = calloc(BUCKETS, sizeof(*owners->buckets));
	owners->tick = event_new(fleet->options.base, -1, EV_PERSIST, on_tick, owners);
	if (owners->buckets != NULL && owners->tick != NULL &&
	    event_add(owners->tick, &tick_interval) == 0)
		return owners;
	owners_destroy(owners);
	return NULL;
}

void owners_destroy(struct owners *owners)
{
	struct session *session;

	if (owners == NULL)
		return;
	while ((session = TAILQ_FIRST(&owners->recent)) != NULL)
		session_remove(owners, session);
	if (owners->tick != NULL)
		event_free(owners->tick);
	free(owners->buckets);
	free(owners);
}
