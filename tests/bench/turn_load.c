/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A load of datagrams over kernel sockets, the same against any TURN server.
 *
 * `turn-load send FD[,FD...] CHANNEL SIZE RATE SECONDS [sleep [BURST]]` sends ChannelData with SIZE
 * bytes of payload on sockets that are connected already, RATE packets a second over all of them,
 * BURST of one socket at a time (16), and prints how many it sent in what time. With `sleep` it
 * sleeps between two bursts, and so takes no CPU of its own but for sending.
 *
 * `turn-load sink PORT [ROOM [GAP]]` receives on UDP PORT until SIGTERM, and prints how many
 * datagrams came. ROOM: bytes that the socket holds, 64 MB. GAP: each time between two datagrams
 * that is longer, in ms, is printed as soon as it ends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH          16
#define SOCKETS_MAX    64
#define PAYLOAD_MAX    9000
#define RECEIVE_BUFFER (64 << 20)

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	uint8_t bytes[BATCH][4 + PAYLOAD_MAX];
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void batch_init(struct batch *batch, size_t length)
{
	memset(batch, 0, sizeof(*batch));
	for (int i = 0; i < BATCH; i++) {
		batch->pieces[i].iov_base = batch->bytes[i];
		batch->pieces[i].iov_len = length;
		batch->messages[i].msg_hdr.msg_iov = &batch->pieces[i];
		batch->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static void batch_address(struct batch *batch, uint16_t channel, uint16_t size)
{
	uint16_t header[2] = {htons(channel), htons(size)};

	for (int i = 0; i < BATCH; i++)
		memcpy(batch->bytes[i], header, sizeof(header));
}

static int sockets_parse(char *text, int *sockets)
{
	int count = 0;

	for (char *word = strtok(text, ","); word != NULL && count < SOCKETS_MAX;
	     word = strtok(NULL, ","))
		sockets[count++] = atoi(word);
	return count;
}

/* Sleeping is coarse: for the highest rates the time of each batch is waited for. */
static void time_await(uint64_t at, int sleeps)
{
	struct timespec until = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};

	if (sleeps)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	while (now_ns() < at)
		;
}

static int load_send(char **args)
{
	static struct batch batch;
	int sockets[SOCKETS_MAX], count = sockets_parse(args[0], sockets);
	uint16_t size = atoi(args[2]);
	unsigned int burst = args[5] != NULL && args[6] != NULL ? atoi(args[6]) : BATCH;
	double interval = 1e9 * burst / atof(args[3]);
	uint64_t start = now_ns(), end = start + (uint64_t)(1e9 * atof(args[4])), sent = 0;

	if (count == 0 || size > PAYLOAD_MAX || burst == 0 || burst > BATCH)
		return 2;
	batch_init(&batch, 4 + size);
	batch_address(&batch, strtoul(args[1], NULL, 0), size);
	for (uint64_t turn = 0; now_ns() < end; turn++) {
		int done;

		time_await(start + (uint64_t)(turn * interval), args[5] != NULL);
		done = sendmmsg(sockets[turn % count], batch.messages, burst, 0);
		if (done > 0)
			sent += done;
	}
	printf("%lu %.3f\n", sent, (now_ns() - start) / 1e9);
	return 0;
}

/* *last: when the datagram before came; 0: there was none. */
static void gap_print(uint64_t *last, double longest_ms)
{
	uint64_t now = now_ns();

	if (*last != 0 && (now - *last) / 1e6 > longest_ms) {
		printf("gap %.1f\n", (now - *last) / 1e6);
		fflush(stdout);
	}
	*last = now;
}

static int load_sink(char **args)
{
	static struct batch batch;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(args[0]))};
	struct timeval patience = {.tv_usec = 100000};
	int sock = socket(AF_INET6, SOCK_DGRAM, 0);
	int room = args[1] != NULL ? atoi(args[1]) : RECEIVE_BUFFER;
	double longest_ms = args[1] != NULL && args[2] != NULL ? atof(args[2]) : 1e9;
	uint64_t received = 0, last = 0;

	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (bind(sock, (struct sockaddr *)&any, sizeof(any)) != 0) {
		perror("turn-load: bind");
		return 1;
	}
	batch_init(&batch, sizeof(batch.bytes[0]));
	signal(SIGTERM, stop);
	while (!stopped) {
		int done = recvmmsg(sock, batch.messages, BATCH, MSG_WAITFORONE, NULL);

		if (done <= 0)
			continue;
		received += done;
		gap_print(&last, longest_ms);
	}
	printf("%lu\n", received);
	return 0;
}

int main(int argc, char **argv)
{
	if ((argc >= 7 && argc <= 9) && strcmp(argv[1], "send") == 0)
		return load_send(argv + 2);
	if ((argc >= 3 && argc <= 5) && strcmp(argv[1], "sink") == 0)
		return load_sink(argv + 2);
	fprintf(stderr, "usage: turn-load send FD,... CHANNEL SIZE RATE SECONDS [sleep [BURST]] | "
	                "sink PORT [ROOM [GAP]]\n");
	return 2;
}
