/* SPDX-License-Identifier: BSD-3-Clause */
#include "channel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Another version's records may have another form, behind the version. */
static bool record_is_formed(const struct seqpacket_record *record, size_t size)
{
	if (size < sizeof(record->header))
		return false;
	return record->header.version != SLUICE_API_VERSION ||
	       record->header.length == size - sizeof(record->header);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *channel = arg;
	struct seqpacket_record *record = channel->buffer;
	int size = seqpacket_receive(channel->fd, record);

	if (size == -EAGAIN)
		return;
	if (size <= 0)
		channel->handler->lost(channel, size);
	else if (record_is_formed(record, size))
		channel->handler->received(channel, record);
	else
		channel->handler->lost(channel, -EBADMSG);
	if (size > 0) /* passwords */
		explicit_bzero(record, size);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *channel = arg;

	event_del(channel->writes);
	channel->handler->writable(channel);
}

int channel_open(struct channel *channel, struct event_base *base, int fd,
                 const struct channel_handler *handler, struct seqpacket_record *buffer,
                 void *owner)
{
	*channel = (struct channel){.fd = fd, .handler = handler, .buffer = buffer, .owner = owner};
	channel->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, channel);
	channel->writes = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, channel);
	if (channel->readable != NULL && channel->writes != NULL &&
	    event_add(channel->readable, NULL) == 0)
		return 0;
	channel_close(channel);
	return -ENOMEM;
}

void channel_close(struct channel *channel)
{
	if (channel->fd < 0)
		return;
	if (channel->readable != NULL)
		event_free(channel->readable);
	if (channel->writes != NULL)
		event_free(channel->writes);
	close(channel->fd);
	channel->fd = -1;
}

int channel_send(struct channel *channel, const struct sluice_api_header *header, const void *body)
{
	return channel_send_passing(channel, header, body, -1);
}

int channel_send_passing(struct channel *channel, const struct sluice_api_header *header,
                         const void *body, int passed)
{
	int error = seqpacket_send_fd(channel->fd, header, body, passed);

	if (error == -EAGAIN)
		event_add(channel->writes, NULL);
	return error;
}

void channel_read(struct channel *channel, bool on)
{
	if (channel->fd < 0)
		return;
	if (on)
		event_add(channel->readable, NULL);
	else
		event_del(channel->readable);
}
