/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_TIMEOUT_S 10

static int fail(struct dataplane_link *link, int error)
{
	if (error == -ENOENT || error == -ECONNREFUSED)
		snprintf(link->why, sizeof(link->why), "no dataplane listens on %s; is it running?",
		         link->path);
	else if (error == -ECONNRESET || error == -EPIPE)
		snprintf(link->why, sizeof(link->why), "the dataplane has gone");
	else if (error == -EAGAIN)
		snprintf(link->why, sizeof(link->why), "no answer on %s for %d s", link->path,
		         ANSWER_TIMEOUT_S);
	else
		snprintf(link->why, sizeof(link->why), "%s: %s", link->path, strerror(-error));
	return error;
}

int link_connect(struct dataplane_link *link, const char *path)
{
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};

	*link = (struct dataplane_link){.path = path};
	link->fd = seqpacket_connect(path);
	if (link->fd < 0)
		return fail(link, link->fd);
	setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return 0;
}

/* The next reply to the last request is in link->reply. */
static int receive(struct dataplane_link *link)
{
	const struct sluice_api_header *header = &link->reply.header;
	int size = seqpacket_receive(link->fd, &link->reply);

	if (size <= 0)
		return fail(link, size == 0 ? -ECONNRESET : size);
	if ((size_t)size < sizeof(*header) || header->version != SLUICE_API_VERSION ||
	    header->length != (size_t)size - sizeof(*header) || header->id != link->id)
		return fail(link, -EBADMSG);
	if (header->status == 0)
		return 0;
	snprintf(link->why, sizeof(link->why), "%.*s",
	         (int)(header->length < SLUICE_API_ERROR_MAX ? header->length
	                                                     : SLUICE_API_ERROR_MAX),
	         (const char *)link->reply.body);
	return header->status;
}

static int ask(struct dataplane_link *link, uint16_t type, const void *body, uint32_t length,
               int fd)
{
	const struct sluice_api_header header = {
	        .version = SLUICE_API_VERSION, .type = type, .id = ++link->id, .length = length};
	int error = seqpacket_send_fd(link->fd, &header, body, fd);

	return error < 0 ? fail(link, error) : receive(link);
}

int link_start(struct dataplane_link *link, const struct sluice_capture *request, int fd,
               struct sluice_capture_row *row)
{
	int error = ask(link, SLUICE_CAPTURE_START, request, sizeof(*request), fd);

	if (error == 0 && link->reply.header.length != sizeof(*row))
		return fail(link, -EBADMSG);
	if (error == 0)
		memcpy(row, link->reply.body, sizeof(*row));
	return error;
}

static bool row_find(const struct seqpacket_record *reply, struct sluice_capture_row *row)
{
	uint32_t count = reply->header.length / sizeof(*row);

	for (uint32_t i = 0; i < count; i++) {
		struct sluice_capture_row other;

		memcpy(&other, reply->body + i * sizeof(other), sizeof(other));
		if (other.id != row->id)
			continue;
		*row = other;
		return true;
	}
	return false;
}

int link_show(struct dataplane_link *link, struct sluice_capture_row *row)
{
	int error = ask(link, SLUICE_CAPTURE_SHOW, NULL, 0, -1);
	bool found = false;

	while (error == 0) {
		found |= row_find(&link->reply, row);
		if (!(link->reply.header.flags & SLUICE_API_MORE))
			return found ? 0 : fail(link, -EBADMSG);
		error = receive(link);
	}
	return error;
}

int link_stop(struct dataplane_link *link)
{
	return ask(link, SLUICE_CAPTURE_STOP, NULL, 0, -1);
}

int link_file(struct dataplane_link *link, int fd)
{
	return ask(link, SLUICE_CAPTURE_FILE, NULL, 0, fd);
}
