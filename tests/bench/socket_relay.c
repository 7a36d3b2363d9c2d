/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `socket-relay PORT HOST PEER-PORT`: what the simplest relay does, a thread each way that blocks
 * in recvfrom and sends on: from whoever sent to PORT last to the peer, and back. A latency to hold
 * another relay's against.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct relay {
	int near, far;
	_Atomic uint64_t client; /* address << 16 | port, network order */
};

static int socket_bind(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(sock, (struct sockaddr *)&any, sizeof(any)) != 0) {
		perror("socket-relay: bind");
		exit(1);
	}
	return sock;
}

static void *back(void *arg)
{
	struct relay *relay = arg;
	struct sockaddr_in to = {.sin_family = AF_INET};
	char bytes[65536];

	for (;;) {
		ssize_t length = recv(relay->far, bytes, sizeof(bytes), 0);
		uint64_t client = atomic_load(&relay->client);

		to.sin_addr.s_addr = client >> 16;
		to.sin_port = client & 0xffff;
		if (length >= 0)
			sendto(relay->near, bytes, length, 0, (struct sockaddr *)&to, sizeof(to));
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct relay relay;
	struct sockaddr_in peer = {.sin_family = AF_INET};
	pthread_t thread;
	char bytes[65536];

	if (argc != 4 || inet_pton(AF_INET, argv[2], &peer.sin_addr) != 1)
		return 2;
	peer.sin_port = htons(atoi(argv[3]));
	relay.near = socket_bind(atoi(argv[1]));
	relay.far = socket_bind(atoi(argv[1]) + 1); /* outside what a TURN server relays on */
	if (connect(relay.far, (struct sockaddr *)&peer, sizeof(peer)) != 0 ||
	    pthread_create(&thread, NULL, back, &relay) != 0)
		return 1;
	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(relay.near, bytes, sizeof(bytes), 0,
		                          (struct sockaddr *)&from, &size);

		atomic_store(&relay.client, (uint64_t)from.sin_addr.s_addr << 16 | from.sin_port);
		if (length >= 0)
			send(relay.far, bytes, length, 0);
	}
}
