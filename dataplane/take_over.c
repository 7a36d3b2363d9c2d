/* SPDX-License-Identifier: BSD-3-Clause */
#include "take_over.h"

#include "common/log.h"
#include "common/notify.h"

#include <sluice/api.h>

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
	        .path = path, .listener = listener, .done = ends[1], .other = other};
	return 0;
}

/* The one reply to a request without a body. 0, its status, or -errno. */
static int ask(int fd, uint16_t version, struct seqpacket_record *reply)
{
	const struct sluice_api_header request = {
	        .version = version, .type = SLUICE_HAND_OVER, .id = 1};
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	int error = seqpacket_send(fd, &request, NULL);

	if (error < 0)
		return error;
	if (poll(&readable, 1, PATIENCE_MS) != 1)
		return -ETIMEDOUT;
	error = seqpacket_receive(fd, reply);
	if (error <= 0)
		return error < 0 ? error : -ECONNRESET;
	return reply->header.status;
}

/* It speaks its own version, and no other one perhaps: this request is the same in all. */
static int hand_over_ask(const char *path, struct sluice_hand_over *answer)
{
	static struct seqpacket_record reply;
	int fd = seqpacket_connect(path), error = fd;

	if (fd >= 0)
		error = ask(fd, SLUICE_API_VERSION, &reply);
	if (error == -EPROTO)
		error = ask(fd, reply.header.version, &reply);
	if (error < 0) {
		log_error(SLUICE_LOG_PROCESS, "the dataplane at %s does not hand over: %s", path,
		          strerror(-error));
	} else {
		memset(answer, 0, sizeof(*answer));
		memcpy(answer, reply.body,
		       reply.header.length < sizeof(*answer) ? reply.header.length
		                                             : sizeof(*answer));
	}
	if (fd >= 0)
		close(fd);
	return error;
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

/* Its lock goes with the process. */
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

int take_over_make(void *arg)
{
	struct take_over *take_over = arg;
	struct sluice_hand_over answer;
	int error;

	main_process_tell(getpid()); /* before the other one ends */
	error = hand_over_ask(take_over->path, &answer);
	if (error < 0) {
		/* before we do: the other one serves on */
		if (take_over->other > 0)
			main_process_tell(take_over->other);
		return error;
	}
	watchdog_take(&answer);
	error = socket_take(take_over);
	if (error == 0)
		log_info(SLUICE_LOG_PROCESS, "took over from process %u", answer.pid);
	return error;
}

void take_over_done(struct take_over *take_over)
{
	const char byte = 1;

	if (take_over->done >= 0 && write(take_over->done, &byte, sizeof(byte)) == sizeof(byte))
		close(take_over->done);
	take_over->done = -1;
}
