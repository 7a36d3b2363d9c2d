/* SPDX-License-Identifier: BSD-3-Clause */
#include "take_over.h"

#include "common/log.h"
#include "common/notify.h"

#include <sluice/api.h>
#include <sluice/port.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000 /* for the other one's answer, and for its end */
#define PAUSE_MS    2

/* The child ends what it began; a signal for us is not for it. */
static void wait_for(int done)
{
	char byte;

	_exit(read(done, &byte, sizeof(byte)) == sizeof(byte) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Our parent is the service manager then: it watches over its children alone. */
static void leave_parent(void)
{
	pid_t child = fork();

	if (child < 0)
		log_error(SLUICE_LOG_PROCESS, "no process to take over with: %s", strerror(errno));
	if (child != 0)
		_exit(child > 0 ? EXIT_SUCCESS : EXIT_FAILURE); /* its end of the pipe goes, too */
	setsid();
}

static int process_of(int fd)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

/* -- what the other one is asked -- */

static struct seqpacket_record reply;

static void descriptor_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The next reply, and the descriptor that came with it, which is the caller's if the status is 0.
 * Its status, or -errno. */
static int receive(int fd, int *passed)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	int size, error;

	*passed = -1;
	if (poll(&readable, 1, PATIENCE_MS) != 1)
		return -ETIMEDOUT;
	size = seqpacket_receive_fd(fd, &reply, passed);
	if (size < 0)
		error = size;
	else if (size == 0)
		error = -ECONNRESET;
	else if ((size_t)size != sizeof(reply.header) + reply.header.length)
		error = -EBADMSG;
	else
		error = reply.header.status;
	if (error != 0)
		descriptor_drop(passed);
	return error;
}

static int send_request(int fd, uint16_t type, uint16_t version)
{
	const struct sluice_api_header request = {.version = version, .type = type, .id = 1};

	return seqpacket_send(fd, &request, NULL);
}

/* A request without a body, and the first reply. It speaks its own version, and no other one
 * perhaps. */
static int ask(struct take_over *take_over, uint16_t type, int *passed)
{
	int error = send_request(take_over->fd, type, SLUICE_API_VERSION);

	if (error == 0)
		error = receive(take_over->fd, passed);
	if (error != -EPROTO)
		return error;
	error = send_request(take_over->fd, type, reply.header.version);
	return error == 0 ? receive(take_over->fd, passed) : error;
}

static int other_connect(struct take_over *take_over)
{
	int fd = seqpacket_connect(take_over->path);

	take_over->fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static void other_leave(struct take_over *take_over)
{
	if (take_over->fd >= 0)
		close(take_over->fd);
	take_over->fd = -1;
}

/* Only of one whose rows are ours: what it does not tell takes longer later. */
static void ports(void *arg, void (*port)(void *context, const char *interface), void *context)
{
	struct take_over *take_over = arg;
	const struct sluice_port_row *rows = (const void *)reply.body;
	int passed, error = other_connect(take_over);

	if (error == 0)
		error = ask(take_over, SLUICE_PORT_SHOW, &passed);
	while (error == 0 && reply.header.length % sizeof(*rows) == 0) {
		for (uint32_t i = 0; i < reply.header.length / sizeof(*rows); i++) {
			char name[SLUICE_PORT_ARGS_MAX + 1];

			snprintf(name, sizeof(name), "%.*s", (int)sizeof(rows[i].args),
			         rows[i].args);
			if (rows[i].kind == SLUICE_PORT_XDP)
				port(context, name);
		}
		if (!(reply.header.flags & SLUICE_API_MORE))
			break;
		error = receive(take_over->fd, &passed);
	}
	other_leave(take_over);
}

/* The service manager looks after us as it did after the other one. */
static void watchdog_take(const struct sluice_hand_over *answer)
{
	char text[24];

	if (answer->watchdog_us == 0)
		return;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)answer->watchdog_us);
	setenv("WATCHDOG_USEC", text, 1);
	unsetenv("WATCHDOG_PID");
}

/* Of one that passes none: its lock goes with the process. */
static int socket_take(struct take_over *take_over)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	char why[SLUICE_API_ERROR_MAX];
	int error = -EADDRINUSE;

	for (int waited = 0; error == -EADDRINUSE && waited < PATIENCE_MS; waited += PAUSE_MS) {
		error = seqpacket_listen(take_over->listener, take_over->path, why);
		if (error == -EADDRINUSE)
			nanosleep(&pause, NULL);
	}
	if (error < 0)
		log_error(SLUICE_LOG_PROCESS, "%s", why);
	return error;
}

/* The end of any other process is not the service's. */
static void main_process_tell(int pid)
{
	char state[32];
	int error;

	snprintf(state, sizeof(state), "MAINPID=%d", pid);
	error = notify_send(state);
	if (error == 0)
		error = notify_barrier();
	if (error < 0)
		log_warning(SLUICE_LOG_PROCESS, "the service manager was not told: %s",
		            strerror(-error));
}

static void answer_take(void)
{
	struct sluice_hand_over answer = {0};

	memcpy(&answer, reply.body,
	       reply.header.length < sizeof(answer) ? reply.header.length : sizeof(answer));
	watchdog_take(&answer);
	log_info(SLUICE_LOG_PROCESS, "took over from process %u", answer.pid);
}

/* One that does not know how to hand over in parts ends, and leaves its name. */
static int take_whole(struct take_over *take_over)
{
	int passed, error = ask(take_over, SLUICE_HAND_OVER, &passed);

	if (error < 0)
		return error;
	answer_take();
	other_leave(take_over);
	return socket_take(take_over);
}

static void part_take(struct take_over *take_over, const struct sluice_hand_over_part *part,
                      int passed, void (*program)(void *context, const char *interface, int link),
                      void *context)
{
	struct seqpacket_listener *listener = take_over->listener;
	char name[sizeof(part->name) + 1];

	if (reply.header.length < sizeof(*part))
		descriptor_drop(&passed);
	if (passed < 0)
		return;
	switch (part->kind) {
	case SLUICE_HAND_OVER_LISTENER:
		snprintf(listener->path, sizeof(listener->path), "%s", take_over->path);
		listener->fd = passed;
		return;
	case SLUICE_HAND_OVER_LOCK:
		listener->lock = passed;
		return;
	case SLUICE_HAND_OVER_PROGRAM:
		snprintf(name, sizeof(name), "%.*s", (int)sizeof(part->name), part->name);
		program(context, name, passed);
		return;
	default:
		close(passed);
	}
}

/* The first part has come. */
static int take_parts(struct take_over *take_over, int passed,
                      void (*program)(void *context, const char *interface, int link),
                      void *context)
{
	int error = 0;

	for (;;) {
		part_take(take_over, (const void *)reply.body, passed, program, context);
		if (!(reply.header.flags & SLUICE_API_MORE))
			break;
		error = receive(take_over->fd, &passed);
		if (error < 0)
			return error;
	}
	if (take_over->listener->fd < 0)
		return -EBADMSG;
	return send_request(take_over->fd, SLUICE_HAND_OVER, reply.header.version);
}

static int begin(void *arg, void (*program)(void *context, const char *interface, int link),
                 void *context)
{
	struct take_over *take_over = arg;
	int passed, error;

	main_process_tell(getpid()); /* before the other one ends */
	error = other_connect(take_over);
	if (error == 0)
		error = ask(take_over, SLUICE_HAND_OVER_BEGIN, &passed);
	if (error == 0)
		error = take_parts(take_over, passed, program, context);
	else if (error == -ENOSYS)
		error = take_whole(take_over);
	if (error == 0)
		return 0;
	log_error(SLUICE_LOG_PROCESS, "the dataplane at %s does not hand over: %s", take_over->path,
	          strerror(-error));
	/* before we end: the other one serves on, unless it had begun: then it ends, and the unit
	 * starts one */
	if (take_over->other > 0)
		main_process_tell(take_over->other);
	other_leave(take_over);
	return error;
}

/* One that ended instead has closed all it had. */
static void end(void *arg)
{
	struct take_over *take_over = arg;
	int passed;

	if (take_over->fd < 0)
		return;
	if (receive(take_over->fd, &passed) == 0)
		answer_take();
	other_leave(take_over);
}

/* -- the process -- */

int take_over_begin(struct take_over *take_over, const char *path,
                    struct seqpacket_listener *listener)
{
	int ends[2], fd = seqpacket_connect(path), other;

	if (fd < 0) {
		log_error(SLUICE_LOG_PROCESS, "%s: no dataplane runs that could be taken over: %s",
		          path, strerror(-fd));
		return fd;
	}
	other = process_of(fd);
	close(fd);
	if (pipe(ends) != 0)
		return -errno;
	switch (fork()) {
	case -1:
		return -errno;
	case 0:
		break;
	default:
		close(ends[1]);
		wait_for(ends[0]);
	}
	close(ends[0]);
	leave_parent();
	*take_over = (struct take_over){
	        .succession = {take_over, ports, begin, end},
	        .path = path,
	        .listener = listener,
	        .done = ends[1],
	        .other = other,
	        .fd = -1,
	};
	return 0;
}

void take_over_done(struct take_over *take_over)
{
	const char byte = 1;

	if (take_over->done >= 0 && write(take_over->done, &byte, sizeof(byte)) == sizeof(byte))
		close(take_over->done);
	take_over->done = -1;
}
