/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel's sockets are like: those that listen, and those that they accept. */
#include "stream/state.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
/* What the kernel keeps of a client beyond what is on its way: the rest waits here, where it is
 * bounded, and where media of a slow client can be dropped. */
#define UNSENT_MAX 32768
/* Of a DTLS listener's datagrams, each way. */
#define DATAGRAMS_ROOM (4 << 20)
/* A client that has gone without a word. */
#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_COUNT      4
#define UNANSWERED_MS        60000

socklen_t sockaddr_make(const struct transport_addr *addr, struct sockaddr_storage *storage)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;
	struct sockaddr_in *four = (struct sockaddr_in *)storage;

	memset(storage, 0, sizeof(*storage));
	if (ip_addr_is_v4(&addr->ip)) {
		four->sin_family = AF_INET;
		four->sin_port = addr->port;
		four->sin_addr.s_addr = addr->ip.words[3];
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = addr->port;
	memcpy(&six->sin6_addr, addr->ip.bytes, sizeof(six->sin6_addr));
	return sizeof(*six);
}

static void option_set(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

static void options_set(int fd, int family)
{
	option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	/* the address may come later, as a port's may */
	option_set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (family == AF_INET6)
		option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

/* All of a listener's clients come by it. */
static void datagram_options_set(int fd)
{
	option_set(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAMS_ROOM);
	option_set(fd, SOL_SOCKET, SO_SNDBUF, DATAGRAMS_ROOM);
	option_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, DATAGRAMS_ROOM);
	option_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, DATAGRAMS_ROOM);
}

/* Accepted sockets inherit all of it. */
static void stream_options_set(int fd)
{
	option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	option_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	option_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
	option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	option_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	option_set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
	option_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS);
}

int stream_socket(const struct transport_addr *addr, bool datagrams)
{
	struct sockaddr_storage storage;
	socklen_t length = sockaddr_make(addr, &storage);
	int fd = socket(storage.ss_family,
	                (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	options_set(fd, storage.ss_family);
	if (datagrams)
		datagram_options_set(fd);
	else
		stream_options_set(fd);
	if (bind(fd, (struct sockaddr *)&storage, length) == 0 &&
	    (datagrams || listen(fd, BACKLOG) == 0))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

bool stream_address_is_here(const struct ip_addr *ip)
{
	const struct transport_addr addr = {.ip = *ip};
	struct sockaddr_storage storage;
	socklen_t length = sockaddr_make(&addr, &storage);
	int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool here = fd < 0 || bind(fd, (struct sockaddr *)&storage, length) == 0 ||
	            errno != EADDRNOTAVAIL;

	if (fd >= 0)
		close(fd);
	return here;
}

struct transport_addr client_of(const struct sockaddr_storage *storage)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)storage;
	const struct sockaddr_in *four = (const struct sockaddr_in *)storage;

	if (storage->ss_family == AF_INET)
		return (struct transport_addr){.ip = ip_addr_v4(four->sin_addr.s_addr),
		                               .port = four->sin_port};
	return (struct transport_addr){.ip = ip_addr_v6(&six->sin6_addr), .port = six->sin6_port};
}
