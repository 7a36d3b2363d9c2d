/* SPDX-License-Identifier: BSD-3-Clause */
/* Include after cmocka.h. */
#ifndef TESTS_PORT_FIND_H
#define TESTS_PORT_FIND_H

#include <stdint.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

/* A free TCP port of loopback. Somebody else may take it, but hardly now. */
static uint16_t port_find(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (void *)&addr, &size), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

#endif
