/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/lane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void lane_lose(struct lane *lane, int status, const char *why)
{
	lane_close(lane);
	lane->options.lost(lane->options.arg, status, why);
}

/* Times the first question, and starts again with each part of its answer. */
static void overdue_set(struct lane *lane)
{
	const struct question *first = TAILQ_FIRST(&lane->asked);
	struct timeval patience = {0};

	event_del(lane->overdue);
	if (first == NULL || first->patience_s == ASK_FOREVER)
		return;
	patience.tv_sec = first->patience_s;
	event_add(lane->overdue, &patience);
}

static void on_overdue(evutil_socket_t fd, short what, void *arg)
{
	lane_lose(arg, -ETIMEDOUT, "the dataplane does not answer");
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	const struct sluice_api_header *header = &record->header;
	const struct dataplane_answer answer = {
	        .status = header->status,
	        .flags = header->flags,
	        .length = header->length,
	        .body = record->body,
	};
	struct lane *lane = channel->owner;
	struct question *question = TAILQ_FIRST(&lane->asked);
	char why[80];

	if (header->version != SLUICE_API_VERSION) {
		snprintf(why, sizeof(why),
		         "the dataplane speaks API version %u, the control plane %u",
		         header->version, SLUICE_API_VERSION);
		lane_lose(lane, -EPROTO, why);
		return;
	}
	if (question == NULL || header->id != lane->id + 1 - lane->n_asked) {
		lane_lose(lane, -EBADMSG, "the dataplane answers what was not asked");
		return;
	}
	if (header->flags & SLUICE_API_MORE) {
		overdue_set(lane);
		/* The lane may be gone when this returns. */
		if (question->answered != NULL)
			question->answered(question->arg, &answer);
		return;
	}
	TAILQ_REMOVE(&lane->asked, question, entry);
	lane->n_asked--;
	overdue_set(lane);
	question_end(question, &answer);
	lane->options.ready(lane->options.arg);
}

static void on_writable(struct channel *channel)
{
	struct lane *lane = channel->owner;

	lane->options.ready(lane->options.arg);
}

static void on_lost(struct channel *channel, int error)
{
	lane_lose(channel->owner, -EHOSTDOWN,
	          error != 0 ? strerror(-error) : "the dataplane does not answer");
}

static const struct channel_handler handler = {on_received, on_writable, on_lost};

int lane_create(struct lane *lane, const struct lane_options *options)
{
	*lane = (struct lane){.options = *options, .channel = {.fd = -1}};
	TAILQ_INIT(&lane->asked);
	lane->overdue = evtimer_new(options->base, on_overdue, lane);
	return lane->overdue != NULL ? 0 : -ENOMEM;
}

void lane_destroy(struct lane *lane)
{
	channel_close(&lane->channel);
	if (lane->overdue != NULL)
		event_free(lane->overdue);
	lane->overdue = NULL;
}

int lane_open(struct lane *lane)
{
	int fd = seqpacket_connect_now(lane->options.path);

	if (fd < 0)
		return fd;
	return channel_open(&lane->channel, lane->options.base, fd, &handler, lane->options.buffer,
	                    lane);
}

void lane_close(struct lane *lane)
{
	channel_close(&lane->channel);
	event_del(lane->overdue);
	lane->n_asked = 0;
}

int lane_send(struct lane *lane, struct question *question)
{
	const struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION,
	        .type = question->type,
	        .id = lane->id + 1,
	        .flags = question->flags,
	        .length = question->length,
	};
	int error;

	if (lane->n_asked == LANE_WINDOW)
		return -EAGAIN;
	error = channel_send_passing(&lane->channel, &header, question->body, question->passed);
	if (error < 0)
		return error;
	lane->id++;
	TAILQ_INSERT_TAIL(&lane->asked, question, entry);
	if (lane->n_asked++ == 0)
		overdue_set(lane);
	if (question->passed >= 0)
		close(question->passed);
	question->passed = -1;
	explicit_bzero(question->body, question->length);
	return 0;
}

void lane_read(struct lane *lane, bool on)
{
	channel_read(&lane->channel, on);
	if (on)
		overdue_set(lane);
	else
		event_del(lane->overdue);
}
