/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/lane.h"

#include "common/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

struct rows_room {
	bool closed; /* the lane */
	_Alignas(8) uint8_t rows[SEQPACKET_BODY_MAX];
};

/* Rows of its version in ours, as many at once as a record of ours has; all but the last part are
 * given here. False: the lane was closed over it, or is no more. */
static bool rows_answer(struct lane *lane, struct question *question,
                        struct dataplane_answer *answer, struct rows_room *room)
{
	const struct request *request = request_of(question->type);
	const uint32_t theirs = request_row_size(request, *lane->options.version);
	const uint32_t ours = request_row_size(request, SLUICE_API_VERSION);
	const uint32_t most = SEQPACKET_BODY_MAX / ours * theirs;
	struct dataplane_answer part = *answer;

	for (; answer->length > most; answer->length -= most) {
		part.flags |= SLUICE_API_MORE;
		part.length = ours * rows_fit(room->rows, ours, answer->body, theirs, most);
		part.body = room->rows;
		lane->closed = &room->closed;
		if (question->answered != NULL)
			question->answered(question->arg, &part);
		if (room->closed)
			return false;
		lane->closed = NULL;
		answer->body = (const uint8_t *)answer->body + most;
	}
	answer->length = ours * rows_fit(room->rows, ours, answer->body, theirs, answer->length);
	answer->body = room->rows;
	return true;
}

static void answer_give(struct lane *lane, struct question *question,
                        const struct dataplane_answer *answer)
{
	if (answer->flags & SLUICE_API_MORE) {
		overdue_set(lane);
		/* The lane may be gone when this returns. */
		if (question->answered != NULL)
			question->answered(question->arg, answer);
		return;
	}
	TAILQ_REMOVE(&lane->asked, question, entry);
	lane->n_asked--;
	overdue_set(lane);
	question_end(question, answer);
	lane->options.ready(lane->options.arg);
}

/* Of a version whose rows are shorter or longer than ours. */
static bool rows_differ(const struct lane *lane, const struct question *question,
                        const struct dataplane_answer *answer)
{
	const struct request *request = request_of(question->type);

	return request != NULL && answer->status == 0 && !(answer->flags & SLUICE_API_WARNING) &&
	       request_row_size(request, *lane->options.version) !=
	               request_row_size(request, SLUICE_API_VERSION);
}

static void on_received(struct channel *channel, struct seqpacket_record *record)
{
	const struct sluice_api_header *header = &record->header;
	struct dataplane_answer answer = {
	        .status = header->status,
	        .version = header->version,
	        .flags = header->flags,
	        .length = header->length,
	        .body = record->body,
	};
	struct lane *lane = channel->owner;
	struct question *question = TAILQ_FIRST(&lane->asked);
	struct rows_room *room;
	char why[80];

	if (header->version != *lane->options.version &&
	    (header->status != -EPROTO || !api_version_is_understood(header->version))) {
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
	if (!rows_differ(lane, question, &answer)) {
		answer_give(lane, question, &answer);
		return;
	}
	room = calloc(1, sizeof(*room));
	if (room == NULL)
		lane_lose(lane, -ENOMEM, "no memory for an answer");
	else if (rows_answer(lane, question, &answer, room))
		answer_give(lane, question, &answer);
	free(room);
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

static void closed_tell(struct lane *lane)
{
	if (lane->closed != NULL)
		*lane->closed = true;
	lane->closed = NULL;
}

void lane_destroy(struct lane *lane)
{
	closed_tell(lane);
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
	closed_tell(lane);
	channel_close(&lane->channel);
	event_del(lane->overdue);
	lane->n_asked = 0;
}

bool lane_lacks(const struct lane *lane, uint16_t type, const void *body, uint32_t length,
                struct dataplane_answer *answer, char why[SLUICE_API_ERROR_MAX])
{
	const struct request *request = request_of(type);
	char name[REQUEST_NAME_MAX];

	if (request == NULL)
		return false;
	if (!request_is_in(request, *lane->options.version))
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "the dataplane is of API version %u and does not know \"%s\", which came "
		         "with %u",
		         *lane->options.version, request_name(request, name), request->since);
	else if (request_says_more(request, *lane->options.version, body, length))
		snprintf(why, SLUICE_API_ERROR_MAX,
		         "the dataplane is of API version %u and does not know all of this \"%s\"",
		         *lane->options.version, request_name(request, name));
	else
		return false;
	*answer = (struct dataplane_answer){
	        .status = -ENOSYS, .length = (uint32_t)strlen(why), .body = why};
	return true;
}

int lane_send(struct lane *lane, struct question *question)
{
	const struct request *request = request_of(question->type);
	const struct sluice_api_header header = {
	        .version = *lane->options.version,
	        .type = question->type,
	        .id = lane->id + 1,
	        .flags = question->flags,
	        .length = request != NULL && question->length == request->body_size
	                          ? request_body_size(request, *lane->options.version)
	                          : question->length,
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
