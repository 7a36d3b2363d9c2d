/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemons' sockets: SOCK_SEQPACKET over a path, one message one record (sluice/api.h). */
#ifndef COMMON_SEQPACKET_H
#define COMMON_SEQPACKET_H

#include <stddef.h>

#include <sluice/api.h>

#define SEQPACKET_BODY_MAX (SLUICE_API_MESSAGE_MAX - sizeof(struct sluice_api_header))

/* A record in memory: on the socket the body is next to the header, here its rows are aligned. */
struct seqpacket_record {
	struct sluice_api_header header;
	_Alignas(8) unsigned char body[SEQPACKET_BODY_MAX];
};

struct seqpacket_listener {
	int fd;
	int lock; /* of PATH.lock: held while this process listens */
	char path[108];
};

/*
 * Listens at path, mode 0660, non-blocking. A socket that a dead process left behind is taken over.
 * 0 or -errno with a clear line in why (SLUICE_API_ERROR_MAX bytes); -EADDRINUSE: another process
 * listens there.
 */
int seqpacket_listen(struct seqpacket_listener *listener, const char *path, char *why);
/* Removes the path as well. */
void seqpacket_listener_close(struct seqpacket_listener *listener);

/* A client's socket, or -errno. Accepted sockets do not block. */
int seqpacket_accept(const struct seqpacket_listener *listener);
/* A socket that blocks, or -errno. */
int seqpacket_connect(const char *path);
/* The same without ever waiting, and the socket does not block; -EAGAIN: the listener does not
 * accept at the moment. */
int seqpacket_connect_now(const char *path);

/* header->length bytes of body. 0 or -errno; -EAGAIN where the socket does not block and is full.
 */
int seqpacket_send(int fd, const struct sluice_api_header *header, const void *body);
/*
 * The record's whole size on the socket in bytes, which may be less than a header and say other
 * than header.length: the caller judges. 0: the other end has closed. -EMSGSIZE: longer than any
 * record may be.
 */
int seqpacket_receive(int fd, struct seqpacket_record *record);

/* The same with a descriptor: of `passed` the other end gets one of its own; *passed is -1 where
 * none came. The caller closes it. */
int seqpacket_send_fd(int fd, const struct sluice_api_header *header, const void *body, int passed);
int seqpacket_receive_fd(int fd, struct seqpacket_record *record, int *passed);

#endif
