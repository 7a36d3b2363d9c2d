/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet/load.h"

#include "dataplane/ask.h"

#include <sluice/media.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include <stdlib.h>
#include <string.h>

#define PPM        1000000ull
#define UNANSWERED 5 /* seconds after which it counts as away */

static const struct timeval interval = {.tv_sec = 1};

enum load_part {
	LOAD_TURN,
	LOAD_MEDIA,
	LOAD_WORKERS,
	LOAD_PARTS,
};

struct load {
	struct dataplane_client *client;
	struct event *timer;
	struct question *asked[LOAD_PARTS]; /* NULL: answered */
	uint32_t unanswered;                /* seconds */
	uint64_t busy, all;                 /* cycles of all workers at the last answer */
	uint64_t new_busy, new_all;
	uint32_t workers_ppm, turn_ppm;
	struct load_now now;
};

/* -- answers -- */

static uint32_t part_ppm(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : part >= whole ? PPM : part * PPM / whole;
}

/* Of a part's last answer: whether it is one. */
static bool part_answered(struct load *load, enum load_part part,
                          const struct dataplane_answer *answer)
{
	load->unanswered = 0;
	if (!(answer->flags & SLUICE_API_MORE))
		load->asked[part] = NULL;
	if (answer->lost)
		load->now.known = false;
	return answer->status == 0;
}

static void on_turn(void *arg, const struct dataplane_answer *answer)
{
	struct load *load = arg;
	struct sluice_turn_row row;
	uint32_t quota;

	if (!part_answered(load, LOAD_TURN, answer) || answer->length != sizeof(row))
		return;
	memcpy(&row, answer->body, sizeof(row));
	load->turn_ppm = part_ppm(row.allocations, row.allocations_max);
	quota = part_ppm(row.allocations, row.quota_host);
	if (quota > load->turn_ppm)
		load->turn_ppm = quota;
	quota = part_ppm(row.to_peer_bps > row.to_client_bps ? row.to_peer_bps : row.to_client_bps,
	                 row.quota_capacity_bps);
	if (quota > load->turn_ppm)
		load->turn_ppm = quota;
	load->now.allocations = row.allocations;
}

static void on_media(void *arg, const struct dataplane_answer *answer)
{
	struct load *load = arg;
	struct sluice_media_row row;

	if (!part_answered(load, LOAD_MEDIA, answer) || answer->length != sizeof(row))
		return;
	memcpy(&row, answer->body, sizeof(row));
	load->now.streams = row.streams;
}

/* The last of the three. */
static void on_workers(void *arg, const struct dataplane_answer *answer)
{
	struct load *load = arg;
	struct sluice_worker_row row;

	if (!part_answered(load, LOAD_WORKERS, answer))
		return;
	for (uint32_t at = 0; at + sizeof(row) <= answer->length; at += sizeof(row)) {
		memcpy(&row, (const char *)answer->body + at, sizeof(row));
		load->new_busy += row.busy_cycles;
		load->new_all += row.busy_cycles + row.idle_cycles;
	}
	if (answer->flags & SLUICE_API_MORE)
		return;
	/* A dataplane that is new counts from 0. */
	if (load->new_all > load->all && load->new_busy >= load->busy)
		load->workers_ppm =
		        part_ppm(load->new_busy - load->busy, load->new_all - load->all);
	load->busy = load->new_busy;
	load->all = load->new_all;
	load->now.ppm = load->turn_ppm > load->workers_ppm ? load->turn_ppm : load->workers_ppm;
	load->now.known = true;
}

/* -- asking -- */

static const struct {
	uint16_t type;
	dataplane_answered_fn *answered;
} parts[LOAD_PARTS] = {
        [LOAD_TURN] = {SLUICE_TURN_SHOW, on_turn},
        [LOAD_MEDIA] = {SLUICE_MEDIA_SHOW, on_media},
        [LOAD_WORKERS] = {SLUICE_WORKER_SHOW, on_workers},
};

static bool is_unanswered(const struct load *load)
{
	for (int part = 0; part < LOAD_PARTS; part++)
		if (load->asked[part] != NULL)
			return true;
	return false;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;

	if (load->client == NULL)
		return;
	if (is_unanswered(load)) {
		if (++load->unanswered >= UNANSWERED)
			load->now.known = false;
		return;
	}
	load->new_busy = load->new_all = 0;
	for (int part = 0; part < LOAD_PARTS; part++) {
		const struct dataplane_ask ask = {
		        .type = parts[part].type, .answered = parts[part].answered, .arg = load};

		if (dataplane_ask(load->client, &ask, &load->asked[part]) != 0)
			load->now.known = false;
	}
}

struct load *load_create(struct event_base *base)
{
	struct load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return NULL;
	load->timer = event_new(base, -1, EV_PERSIST, on_timer, load);
	if (load->timer != NULL && event_add(load->timer, &interval) == 0)
		return load;
	load_destroy(load);
	return NULL;
}

void load_destroy(struct load *load)
{
	if (load == NULL)
		return;
	for (int part = 0; part < LOAD_PARTS; part++)
		if (load->asked[part] != NULL)
			question_forget(load->asked[part]);
	if (load->timer != NULL)
		event_free(load->timer);
	free(load);
}

void load_serve(struct load *load, struct dataplane_client *client)
{
	load->client = client;
}

void load_ready(struct load *load)
{
	load->now.known = true;
	event_active(load->timer, EV_TIMEOUT, 0);
}

void load_get(const struct load *load, struct load_now *now)
{
	*now = load->now;
}
