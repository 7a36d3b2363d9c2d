/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#define FRAMES 8192u /* a power of two */
#define MASK   (FRAMES - 1)
#define BURST  64

struct wire_frame {
	uint64_t due;
	uint32_t length;
};

uint64_t wire_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static bool socket_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool wire_set(int fd, unsigned int index)
{
	struct packet_mreq all = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET,
	        .sll_protocol = htons(ETH_P_ALL),
	        .sll_ifindex = (int)index,
	};

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) == 0 &&
	       socket_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) &&
	       socket_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) &&
	       socket_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1) &&
	       socket_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20);
}

int wire_open(const char *interface)
{
	unsigned int index = if_nametoindex(interface);
	int fd = index != 0 ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0 || wire_set(fd, index))
		return fd;
	close(fd);
	return -1;
}

int wire_init(struct wire *wire, int from, int to)
{
	wire->from = from;
	wire->to = to;
	wire->frames = calloc(FRAMES, sizeof(wire->frames[0]));
	wire->bytes = malloc((size_t)FRAMES * WIRE_FRAME_MAX);
	return wire->frames != NULL && wire->bytes != NULL ? 0 : -1;
}

static uint8_t *frame_bytes(const struct wire *wire, uint32_t at)
{
	return &wire->bytes[(size_t)(at & MASK) * WIRE_FRAME_MAX];
}

/* The kernel's stamp, or the present time where it gave none. */
static uint64_t stamp(struct msghdr *message)
{
	struct cmsghdr *control;
	struct timespec at;

	for (control = CMSG_FIRSTHDR(message); control != NULL;
	     control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(control), sizeof(at));
		return (uint64_t)at.tv_sec * 1000000000ull + (uint64_t)at.tv_nsec;
	}
	return wire_now();
}

/* The next frame's length, 0 where there is none. */
static uint32_t frame_read(const struct wire *wire, uint8_t *bytes, uint64_t *arrived)
{
	struct iovec room = {bytes, WIRE_FRAME_MAX};
	uint8_t control[128];
	struct msghdr message = {
	        .msg_iov = &room,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(wire->from, &message, MSG_DONTWAIT);

	if (length <= 0)
		return 0;
	*arrived = stamp(&message);
	return (uint32_t)length;
}

void wire_take(struct wire *wire, struct way *way)
{
	uint64_t arrived, due;
	uint32_t length;

	for (int i = 0; i < BURST; i++) {
		length = frame_read(wire, frame_bytes(wire, wire->head), &arrived);
		if (length == 0)
			return;
		due = way_take(way, arrived, length);
		if (due == 0)
			continue;
		/* The last place is never filled: it is where frames are read to. */
		if (wire->head - wire->tail == MASK) {
			wire->overflowed++;
			continue;
		}
		wire->frames[wire->head++ & MASK] = (struct wire_frame){due, length};
	}
}

static void sent(struct wire *wire, const struct wire_frame *frame)
{
	uint64_t late = wire_now() - frame->due;

	wire->out++;
	wire->out_bytes += frame->length;
	if (wire->n_late < WIRE_LATE_MAX)
		wire->late_us[wire->n_late++] = (uint32_t)(late / 1000);
}

uint64_t wire_give(struct wire *wire)
{
	const struct wire_frame *frame;

	for (; wire->tail != wire->head; wire->tail++) {
		frame = &wire->frames[wire->tail & MASK];
		if (frame->due > wire_now())
			return frame->due;
		if (send(wire->to, frame_bytes(wire, wire->tail), frame->length, MSG_DONTWAIT) >= 0)
			sent(wire, frame);
		else if (errno == EAGAIN || errno == ENOBUFS)
			return frame->due + 100000; /* the interface is full: a little later */
		else
			wire->refused++;
	}
	return UINT64_MAX;
}
