/* SPDX-License-Identifier: BSD-3-Clause */
#include "flood.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { HEADER = 20, NONCE = 0x0015 };

static socklen_t address_of(struct sockaddr_storage *storage, const struct ip_addr *ip,
                            uint16_t port)
{
	struct sockaddr_in *v4 = (void *)storage;
	struct sockaddr_in6 *v6 = (void *)storage;

	memset(storage, 0, sizeof(*storage));
	if (ip_addr_is_v4(ip)) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		memcpy(&v4->sin_addr, ip->bytes + 12, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = port;
	memcpy(&v6->sin6_addr, ip->bytes, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

static int nonce_find(const uint8_t *answer, ssize_t length, char nonce[FLOOD_NONCE_SIZE + 1])
{
	for (ssize_t at = HEADER; at + 4 <= length;) {
		uint16_t type = (uint16_t)(answer[at] << 8 | answer[at + 1]);
		uint16_t size = (uint16_t)(answer[at + 2] << 8 | answer[at + 3]);

		if (at + 4 + size > length)
			break;
		if (type == NONCE && size == FLOOD_NONCE_SIZE) {
			memcpy(nonce, answer + at + 4, FLOOD_NONCE_SIZE);
			nonce[FLOOD_NONCE_SIZE] = '\0';
			return 0;
		}
		at += 4 + ((size + 3) & ~3);
	}
	return -EBADMSG;
}

static int exchange(int fd, const struct flood_options *options, char nonce[FLOOD_NONCE_SIZE + 1])
{
	const struct timeval patience = {.tv_sec = 1};
	struct sockaddr_storage from, to;
	socklen_t size = address_of(&from, &options->victim, htons(options->from_port));
	struct flood_payload request;
	uint8_t answer[512];
	ssize_t length;

	address_of(&to, &options->to.ip, options->to.port);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (bind(fd, (struct sockaddr *)&from, size) != 0 ||
	    connect(fd, (struct sockaddr *)&to, size) != 0)
		return -errno;
	kind_write(&request, FLOOD_ALLOCATE, NULL);
	for (int i = 0; i < 5; i++) { /* under an attack the first is not answered */
		if (send(fd, request.bytes, request.length, 0) < 0)
			return -errno;
		length = recv(fd, answer, sizeof(answer), 0);
		if (length > 0)
			return nonce_find(answer, length, nonce);
	}
	return -ETIMEDOUT;
}

int nonce_ask(const struct flood_options *options, char nonce[FLOOD_NONCE_SIZE + 1])
{
	int fd = socket(ip_addr_is_v4(&options->to.ip) ? AF_INET : AF_INET6,
	                SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	ret = exchange(fd, options, nonce);
	close(fd);
	return ret;
}
