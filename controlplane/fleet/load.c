/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet/load.h"

#include "channel.h"

#include <sluice/media.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PPM         1000000ull
#define UNANSWERED  5 /* seconds that a question may wait */
#define ENDINGS_MAX 4096

static const struct timeval interval = {.tv_sec = 1};

struct load {
	struct event_base *base;
	const char *path;
	struct seqpacket_record *buffer;
	struct channel channel;
	struct event *timer;
	uint32_t id, waiting; /* requests; answers that are due */
	uint32_t unanswered;  /* seconds */
	uint64_t busy, all;   /* cycles of all workers at the last answer */
	uint64_t new_busy, new_all;
	uint32_t workers_ppm, turn_ppm;
	bool ending; /* all allocations that are shown are to go */
	uint64_t endings[ENDINGS_MAX];
	uint32_t n_endings;
	struct load_now now;
};

static void load_close(struct load *load)
{
	channel_close(&load->channel);
	load->waiting = load->unanswered = 0;
	load->now.known = false;
	load->n_endings = 0;
}

static void load_ask(struct load *load, uint16_t type, const void *body, uint32_t length)
{
	struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = type,
	        .id = ++load->id,
	        .length = length,
	};

	if (load->channel.fd < 0)
		return;
	if (channel_send(&load->channel, &header, body) == 0)
		load->waiting++;
	else
		load_close(load);
}

/* -- answers -- */

static uint32_t part_ppm(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : part >= whole ? PPM : part * PPM / whole;
}

static void turn_take(struct load *load, const void *body, uint32_t length)
{
	struct sluice_turn_row row;
	uint32_t quota;

	if (length != sizeof(row))
		return;
	memcpy(&row, body, sizeof(row));
	load->turn_ppm = part_ppm(row.allocations, row.allocations_max);
	quota = part_ppm(row.allocations, row.quota_host);
	if (quota > load->turn_ppm)
		load->turn_ppm = quota;
	load->now.allocations = row.allocations;
}

static void media_take(struct load *load, const void *body, uint32_t length)
{
	struct sluice_media_row row;

	if (length != sizeof(row))
		return;
	memcpy(&row, body, sizeof(row));
	load->now.streams = row.streams;
}

static void workers_take(struct load *load, const void *body, uint32_t length, bool last)
{
	struct sluice_worker_row row;

	for (uint32_t at = 0; at + sizeof(row) <= length; at += sizeof(row)) {
		memcpy(&row, (const char *)body + at, sizeof(row));
		load->new_busy += row.busy_cycles;
		load->new_all += row.busy_cycles + row.idle_cycles;
	}
	if (!last)
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

/* Ids first, then the endings: a list is not asked for and shortened at once. */
static void allocations_take(struct load *load, const void *body, uint32_t length, bool last)
{
	struct sluice_allocation_row row;

	for (uint32_t at = 0; at + sizeof(row) <= length && load->n_endings < ENDINGS_MAX;
	     at += sizeof(row)) {
		memcpy(&row, (const char *)body + at, sizeof(row));
		load->endings[load->n_endings++] = row.id;
	}
	if (!last)
		return;
	if (!load->ending) /* called off while the question was under way */
		load->n_endings = 0;
	for (uint32_t i = 0; i < load->n_endings && load->channel.fd >= 0; i++) {
		const struct sluice_allocation_delete ending = {load->endings[i]};

		load_ask(load, SLUICE_ALLOCATION_DELETE, &ending, sizeof(ending));
	}
	load->ending = load->n_endings > 0; /* asked again, until there is none */
	load->n_endings = 0;
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	struct load *load = channel->owner;
	bool last = !(record->header.flags & SLUICE_API_MORE);
	uint32_t length = record->header.length;

	load->unanswered = 0;
	if (record->header.version != SLUICE_API_VERSION) {
		load_close(load);
		return;
	}
	if (last && load->waiting > 0)
		load->waiting--;
	if (record->header.status != 0)
		return;
	if (record->header.type == SLUICE_TURN_SHOW)
		turn_take(load, record->body, length);
	else if (record->header.type == SLUICE_MEDIA_SHOW)
		media_take(load, record->body, length);
	else if (record->header.type == SLUICE_WORKER_SHOW)
		workers_take(load, record->body, length, last);
	else if (record->header.type == SLUICE_ALLOCATION_SHOW)
		allocations_take(load, record->body, length, last);
}

static void on_writable(struct channel *channel)
{
}

static void on_lost(struct channel *channel, int error)
{
	load_close(channel->owner);
}

static const struct channel_handler handler = {on_received, on_writable, on_lost};

/* -- asking -- */

static void load_connect(struct load *load)
{
	int fd = seqpacket_connect_now(load->path);

	if (fd >= 0)
		channel_open(&load->channel, load->base, fd, &handler, load->buffer, load);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	static const struct sluice_allocation_show all;
	struct load *load = arg;

	if (load->channel.fd >= 0 && load->waiting > 0) {
		if (++load->unanswered >= UNANSWERED)
			load_close(load);
		return;
	}
	if (load->channel.fd < 0)
		load_connect(load);
	load->new_busy = load->new_all = 0;
	load_ask(load, SLUICE_TURN_SHOW, NULL, 0);
	load_ask(load, SLUICE_MEDIA_SHOW, NULL, 0);
	load_ask(load, SLUICE_WORKER_SHOW, NULL, 0);
	if (load->ending)
		load_ask(load, SLUICE_ALLOCATION_SHOW, &all, sizeof(all));
}

struct load *load_create(struct event_base *base, const char *path, struct seqpacket_record *buffer)
{
	struct load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return NULL;
	load->base = base;
	load->path = path;
	load->buffer = buffer;
	load->channel.fd = -1;
	load->timer = event_new(base, -1, EV_PERSIST, on_timer, load);
	if (load->timer == NULL || event_add(load->timer, &interval) != 0) {
		load_destroy(load);
		return NULL;
	}
	event_active(load->timer, EV_TIMEOUT, 0);
	return load;
}

void load_destroy(struct load *load)
{
	if (load == NULL)
		return;
	load_close(load);
	if (load->timer != NULL)
		event_free(load->timer);
	free(load);
}

void load_get(const struct load *load, struct load_now *now)
{
	*now = load->now;
}

void load_end_allocations(struct load *load, bool on)
{
	load->ending = on;
}
