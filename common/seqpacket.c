/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/seqpacket.h"

#include "common/descriptor.h"
#include "common/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_MODE 0660
#define BACKLOG     64

#define LOCK_NAME_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(".lock"))

static int address_set(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, path, length + 1);
	return 0;
}

static void lock_name(char name[LOCK_NAME_MAX], const char *path)
{
	snprintf(name, LOCK_NAME_MAX, "%s.lock", path);
}

/* A file that its holder has removed since it was opened locks nothing. */
static bool lock_is_current(int fd, const char *name)
{
	struct stat locked, named;

	return fstat(fd, &locked) == 0 && stat(name, &named) == 0 &&
	       locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

/* The lock tells a living listener from what a killed one left behind; the socket itself cannot. */
static int lock_take(const char *path, char *why)
{
	char name[LOCK_NAME_MAX];
	int fd, error;

	lock_name(name, path);
	for (;;) {
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return refuse(why, -errno, "%s: %s", name, strerror(errno));
		if (flock(fd, LOCK_EX | LOCK_NB) != 0)
			break;
		if (lock_is_current(fd, name))
			return fd;
		close(fd);
	}
	error = errno;
	close(fd);
	if (error == EWOULDBLOCK)
		return refuse(why, -EADDRINUSE, "%s: another process listens there", path);
	return refuse(why, -error, "%s: %s", name, strerror(error));
}

/* Removed while it is held, see lock_is_current. */
static void lock_release(const char *path, int lock)
{
	char name[LOCK_NAME_MAX];

	lock_name(name, path);
	unlink(name);
	close(lock);
}

/* Only a socket is removed: a mistyped path must not cost a file. */
static int stale_remove(const char *path, char *why)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : refuse(why, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return refuse(why, -EEXIST, "%s: exists and is no socket", path);
	if (unlink(path) != 0)
		return refuse(why, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int socket_bind(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int bound, error;

	if (fd < 0)
		return -errno;
	mask = umask(0777 & ~SOCKET_MODE);
	bound = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	error = errno;
	umask(mask);
	errno = error;
	if (bound == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int seqpacket_listen(struct seqpacket_listener *listener, const char *path, char *why)
{
	struct sockaddr_un address;
	int error = address_set(&address, path);

	listener->fd = -1;
	if (error != 0)
		return refuse(why, error, "socket path is empty or longer than %zu bytes",
		              sizeof(address.sun_path) - 1);
	listener->lock = lock_take(path, why);
	if (listener->lock < 0)
		return listener->lock;
	error = stale_remove(path, why);
	if (error == 0) {
		listener->fd = socket_bind(&address);
		if (listener->fd < 0)
			error = refuse(why, listener->fd, "%s: %s", path, strerror(-listener->fd));
	}
	if (error != 0) {
		lock_release(path, listener->lock);
		return error;
	}
	memcpy(listener->path, address.sun_path, sizeof(listener->path));
	return 0;
}

void seqpacket_listener_close(struct seqpacket_listener *listener)
{
	if (listener->fd < 0)
		return;
	unlink(listener->path);
	close(listener->fd);
	lock_release(listener->path, listener->lock);
	listener->fd = -1;
}

int seqpacket_accept(const struct seqpacket_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static int socket_connect(const char *path, int flags)
{
	struct sockaddr_un address;
	int error = address_set(&address, path);
	int fd;

	if (error != 0)
		return error;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int seqpacket_connect(const char *path)
{
	return socket_connect(path, 0);
}

int seqpacket_connect_now(const char *path)
{
	return socket_connect(path, SOCK_NONBLOCK);
}

int seqpacket_send_fd(int fd, const struct sluice_api_header *header, const void *body, int passed)
{
	struct iovec parts[2] = {
	        {(void *)(uintptr_t)header, sizeof(*header)},
	        {(void *)(uintptr_t)body, header->length},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = header->length > 0 ? 2 : 1};
	union descriptor_room room;
	ssize_t sent;

	if (header->length > SLUICE_API_MESSAGE_MAX - sizeof(*header))
		return -EMSGSIZE;
	descriptor_put(&message, &room, passed);
	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int seqpacket_send(int fd, const struct sluice_api_header *header, const void *body)
{
	return seqpacket_send_fd(fd, header, body, -1);
}

static int descriptor_of(struct msghdr *message)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd;

	if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

int seqpacket_receive_fd(int fd, struct seqpacket_record *record, int *passed)
{
	struct iovec parts[2] = {
	        {&record->header, sizeof(record->header)},
	        {record->body, sizeof(record->body)},
	};
	union descriptor_room room = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t received;

	*passed = -1;
	do {
		message.msg_control = room.bytes;
		message.msg_controllen = CMSG_LEN(sizeof(int));
		received = recvmsg(fd, &message, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	} while (received < 0 && errno == EINTR);
	if (received < 0)
		return -errno;
	*passed = descriptor_of(&message);
	return received > SLUICE_API_MESSAGE_MAX ? -EMSGSIZE : (int)received;
}

int seqpacket_receive(int fd, struct seqpacket_record *record)
{
	int passed;
	int size = seqpacket_receive_fd(fd, record, &passed);

	if (passed >= 0)
		close(passed);
	return size;
}
