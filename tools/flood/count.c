/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#define BATCH        256
#define HEAD         64
#define BUFFER       (64 << 20)
#define NSEC_PER_SEC 1000000000ull

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

uint64_t flood_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

int counting_start(struct counting *counting, const struct flood_options *options)
{
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET,
	        .sll_protocol = htons(ETH_P_ALL),
	        .sll_ifindex = (int)if_nametoindex(options->iface),
	};
	const struct timeval patience = {.tv_usec = 100000};
	const int one = 1, buffer = BUFFER;

	*counting = (struct counting){.port = options->to.port};
	counting->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (counting->socket < 0)
		return -errno;
	setsockopt(counting->socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	setsockopt(counting->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(counting->socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	if (bind(counting->socket, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	close(counting->socket);
	return -errno;
}

/* IP bytes of an answer, 0 for any other frame. */
static uint32_t answer_bytes(const struct counting *counting, const uint8_t *frame, size_t length)
{
	uint16_t port;

	if (length >= 42 && frame[12] == 0x08 && frame[13] == 0 && frame[23] == 17) {
		memcpy(&port, frame + 34, sizeof(port));
		return port == counting->port ? (uint32_t)(frame[16] << 8 | frame[17]) : 0;
	}
	if (length >= 62 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 17) {
		memcpy(&port, frame + 54, sizeof(port));
		return port == counting->port ? 40u + (frame[18] << 8 | frame[19]) : 0;
	}
	return 0;
}

static void frame_count(struct counting *counting, const uint8_t *frame, size_t length)
{
	uint64_t second = (flood_clock() - counting->begin) / NSEC_PER_SEC;
	uint32_t bytes = answer_bytes(counting, frame, length);

	if (bytes == 0 || second >= sizeof(counting->seconds) / sizeof(counting->seconds[0]))
		return;
	counting->seconds[second].packets++;
	counting->seconds[second].bytes += bytes;
}

void *counting_run(void *arg)
{
	struct counting *counting = arg;
	static uint8_t heads[BATCH][HEAD];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH];
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);
	int count;

	for (int i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){heads[i], HEAD};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
	}
	while (!__atomic_load_n(&counting->stop, __ATOMIC_RELAXED)) {
		count = recvmmsg(counting->socket, messages, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < count; i++)
			frame_count(counting, heads[i], messages[i].msg_len);
	}
	if (getsockopt(counting->socket, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
		counting->lost = stats.tp_drops;
	close(counting->socket);
	return NULL;
}
