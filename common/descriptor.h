/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor that goes with a message of a Unix socket. */
#ifndef COMMON_DESCRIPTOR_H
#define COMMON_DESCRIPTOR_H

#include <string.h>

#include <sys/socket.h>

/* Room for exactly one in what comes with a message: CMSG_SPACE would have room for a second one,
 * unasked. */
union descriptor_room {
	struct cmsghdr header;
	unsigned char bytes[CMSG_SPACE(sizeof(int))];
};

/* passed: -1: none. `room` lives for as long as the message. */
static inline void descriptor_put(struct msghdr *message, union descriptor_room *room, int passed)
{
	if (passed < 0)
		return;
	memset(room, 0, sizeof(*room));
	room->header = (struct cmsghdr){
	        .cmsg_len = CMSG_LEN(sizeof(int)),
	        .cmsg_level = SOL_SOCKET,
	        .cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&room->header), &passed, sizeof(passed));
	message->msg_control = room->bytes;
	message->msg_controllen = CMSG_LEN(sizeof(int));
}

#endif
