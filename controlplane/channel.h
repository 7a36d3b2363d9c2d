/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection of the daemon, either way: records in and out, without ever waiting. */
#ifndef CONTROLPLANE_CHANNEL_H
#define CONTROLPLANE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "common/seqpacket.h"

struct channel;

/* Any of them may close the channel that it is called for. */
struct channel_handler {
	/*
	 * A record. Where header.version is ours, header.length is true. It is only lent: the
	 * buffer is every channel's.
	 */
	void (*received)(struct channel *channel, struct seqpacket_record *record);
	/* There is room again after channel_send said -EAGAIN. */
	void (*writable)(struct channel *channel);
	/* The other end is gone, or does not keep to the form. error: -errno, or 0 where it closed.
	 */
	void (*lost)(struct channel *channel, int error);
};

struct channel {
	int fd; /* -1: closed */
	struct event *readable, *writes;
	const struct channel_handler *handler;
	struct seqpacket_record *buffer;
	void *owner;
};

/* Takes fd, which does not block. 0, or -ENOMEM: fd is closed. */
int channel_open(struct channel *channel, struct event_base *base, int fd,
                 const struct channel_handler *handler, struct seqpacket_record *buffer,
                 void *owner);
void channel_close(struct channel *channel);

/* 0; -EAGAIN: handler->writable will say when to try again; other -errno: the connection is of no
 * use. */
int channel_send(struct channel *channel, const struct sluice_api_header *header, const void *body);
/* The same with a descriptor, of which the other end gets its own; -1: none. */
int channel_send_passing(struct channel *channel, const struct sluice_api_header *header,
                         const void *body, int passed);

/* Whether records are read. They are from the start. */
void channel_read(struct channel *channel, bool on);

#endif
