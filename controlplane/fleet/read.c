/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a region's nodes: whose beat is newer than what was read before, by Redis' own clock, in
 * pages; then each one's record. Now and then, and whenever that clock is another one, all of them.
 */
#include "fleet/state.h"

#include "common/log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US  1e6
#define ALIVE_US   (15 * SECOND_US) /* a node's key lives that long */
#define OVERLAP_US (1 * SECOND_US)
#define WHOLE_NS   10000000000ull
#define REST_NS    1000000000ull /* where a round ended for its length alone */
#define RENEW_NS   50000000ull   /* a stranger may send events without end */
#define SAID_NS    600000000000ull
#define PAGES_MAX  (VIEW_NODES_MAX / FLEET_READ_PAGE)
#define WORDS      (2 + NODE_FIELDS)

/* One line in a while: a stranger's data is wrong again and again. */
static void say_once(struct fleet_region *region, const char *id, const char *what)
{
	uint64_t now = fleet_now();

	if (region->said != 0 && now - region->said < SAID_NS)
		return;
	log_warning(SLUICE_LOG_REGION, "region %s: its Redis holds what is no node: %s%s%s",
	            region->config.name, id, id[0] != '\0' ? ": " : "", what);
	region->said = now;
}

/* -- a record -- */

struct asked_node {
	struct fleet_region *region;
	bool of_round;
	uint32_t length;
	char id[SLUICE_NODE_ID_MAX];
};

static void page_ask(struct fleet_region *region);

static void round_go_on(struct fleet_region *region)
{
	struct reading *reading = &region->reading;

	if (!reading->busy || reading->waiting > 0)
		return;
	if (reading->more) {
		page_ask(region);
		return;
	}
	reading->busy = false;
	view_region_read(region->fleet->view, fleet_now(), region->config.name);
}

static void record_take(struct fleet_region *region, const struct asked_node *asked,
                        const redisReply *reply)
{
	struct node_value values[NODE_FIELDS] = {0};
	struct node_record record;
	const char *field;
	char what[64];

	for (int i = 0; i < NODE_FIELDS; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING)
			values[i] =
			        (struct node_value){reply->element[i]->str, reply->element[i]->len};
	/* Its key has just expired. */
	if (values[NODE_SEQ].bytes == NULL && values[NODE_REGION].bytes == NULL)
		return;
	if (node_read(&record, asked->id, asked->length, values, &field) != 0) {
		snprintf(what, sizeof(what), "%s is missing or wrong", field);
		say_once(region, asked->id, what);
		return;
	}
	/* What others say of this node is old news to it. */
	if (strcmp(region->config.name, region->fleet->own.region) == 0 &&
	    strcmp(record.id, region->fleet->own.id) == 0)
		return;
	if (view_beat(region->fleet->view, fleet_now(), region->config.name, &record) < 0)
		say_once(region, asked->id, "another region's, or one too many");
}

static void on_record(void *arg, const redisReply *reply)
{
	struct asked_node *asked = arg;
	struct fleet_region *region = asked->region;

	/* Without an answer the region itself may be gone. */
	if (reply != NULL) {
		if (reply->type == REDIS_REPLY_ARRAY && reply->elements == NODE_FIELDS)
			record_take(region, asked, reply);
		if (asked->of_round && region->reading.waiting > 0)
			region->reading.waiting--;
		if (asked->of_round)
			round_go_on(region);
		else if (fleet_now() - region->fleet->renewed > RENEW_NS)
			region->fleet->renew(region->fleet);
	}
	free(asked);
}

static bool node_ask(struct fleet_region *region, const char *id, size_t length, bool of_round)
{
	const char *words[WORDS] = {"HMGET"};
	struct asked_node *asked;
	char key[FLEET_KEY_MAX];

	if (!name_is_valid(id, length, sizeof(asked->id))) {
		say_once(region, "", "a node's id is letters, digits and . _ -");
		return false;
	}
	asked = calloc(1, sizeof(*asked));
	if (asked == NULL)
		return false;
	*asked = (struct asked_node){.region = region, .of_round = of_round, .length = length};
	memcpy(asked->id, id, length);
	fleet_key(key, region->config.name, KEY_NODE, asked->id);
	words[1] = key;
	memcpy(&words[2], node_fields, sizeof(node_fields));
	if (redis_ask_words(region->commands, key, on_record, asked, WORDS, words, NULL) == 0)
		return true;
	free(asked);
	return false;
}

void read_node(struct fleet_region *region, const char *id, size_t length)
{
	if (redis_is_up(region->commands))
		node_ask(region, id, length, false);
}

/* -- a page -- */

static bool score_read(const redisReply *reply, double *score)
{
	char *end;

	if (reply->type != REDIS_REPLY_STRING || reply->len == 0)
		return false;
	*score = strtod(reply->str, &end);
	return *end == '\0' && isfinite(*score);
}

static void page_take(struct fleet_region *region, const redisReply *reply)
{
	struct reading *reading = &region->reading;
	double score;

	reading->more = reply->elements == 2 * FLEET_READ_PAGE && ++reading->pages < PAGES_MAX;
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *id = reply->element[i];

		if (id->type != REDIS_REPLY_STRING || !score_read(reply->element[i + 1], &score))
			continue;
		if (score > reading->last)
			reading->last = score;
		reading->waiting += node_ask(region, id->str, id->len, true);
	}
	if (reading->pages < PAGES_MAX)
		return;
	say_once(region, "", "more nodes than a region has");
	region->read_after = fleet_now() + REST_NS;
}

static void on_page(void *arg, const redisReply *reply)
{
	struct fleet_region *region = arg;

	if (reply == NULL)
		return;
	region->reading.more = false;
	if (reply->type == REDIS_REPLY_ARRAY)
		page_take(region, reply);
	else
		say_once(region, "", "its list of nodes is something else");
	round_go_on(region);
}

/* Many nodes of one score would be the same page again and again: beyond it. */
static void page_ask(struct fleet_region *region)
{
	struct reading *reading = &region->reading;
	bool stuck = reading->pages > 0 && reading->last <= reading->from;
	char key[FLEET_KEY_MAX], from[32];

	if (reading->pages > 0)
		reading->from = reading->last;
	fleet_key(key, region->config.name, KEY_NODES, NULL);
	snprintf(from, sizeof(from), "%s%.0f", stuck ? "(" : "", reading->from);
	reading->busy = redis_ask(region->commands, key, on_page, region,
	                          "ZRANGEBYSCORE %s %s +inf WITHSCORES LIMIT 0 %d", key, from,
	                          FLEET_READ_PAGE) == 0;
}

/* -- a round -- */

static void round_begin(struct fleet_region *region, double server_us)
{
	struct reading *reading = &region->reading;
	uint64_t now = fleet_now();
	double alive = server_us - ALIVE_US;

	/* What is in its future was written under another clock: once more from the start. */
	if (server_us < reading->server_us || reading->last > server_us + SECOND_US ||
	    now - reading->whole > WHOLE_NS) {
		reading->whole = now;
		reading->last = alive;
	}
	reading->server_us = server_us;
	reading->from = fmax(alive, reading->last - OVERLAP_US);
	reading->pages = 0;
	page_ask(region);
}

static void on_time(void *arg, const redisReply *reply)
{
	struct fleet_region *region = arg;
	double seconds, micros;

	if (reply == NULL)
		return;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    score_read(reply->element[0], &seconds) && score_read(reply->element[1], &micros) &&
	    seconds > 0 && seconds < 1e10) {
		round_begin(region, seconds * SECOND_US + micros);
		return;
	}
	region->reading.busy = false;
	say_once(region, "", "its time is none");
}

void read_start(struct fleet_region *region)
{
	if (region->reading.busy || !redis_is_up(region->commands) ||
	    fleet_now() < region->read_after)
		return;
	region->reading.waiting = 0;
	region->reading.busy = redis_ask(region->commands, NULL, on_time, region, "TIME") == 0;
}
