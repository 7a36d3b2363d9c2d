/* SPDX-License-Identifier: BSD-3-Clause */
/* One dataplane takes another one's place: the test is the other one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "take_over.h"

#include <sluice/api.h>
#include <sluice/port.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000

/* What the new one says when it is there: its own exit status, over a pipe. */
struct report {
	int error;
	char seen[64];     /* interfaces of its ports, and those of programs that were passed */
	char new_path[32]; /* of the socket that it has then */
	pid_t pid;
	char watchdog[32]; /* WATCHDOG_USEC */
	char owner[32];    /* WATCHDOG_PID */
};

struct scene {
	char folder[64], path[108], manager_path[108];
	struct seqpacket_listener listener;
	int manager; /* the service manager's socket */
	int client;  /* that asks to be handed over; -1 */
	int report[2];
	pid_t command; /* sluice-dataplane --take-over */
};

static struct seqpacket_record record;

static void readable_await(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
}

static void manager_open(struct scene *scene)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->manager_path);
	scene->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(scene->manager, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", scene->manager_path, 1);
}

/* The next text that the service manager is sent; a barrier's descriptor is closed at once, as
 * systemd does when it comes to it. */
static void manager_hear(struct scene *scene, char text[64])
{
	union {
		struct cmsghdr header;
		unsigned char bytes[CMSG_SPACE(sizeof(int))];
	} room = {0};
	struct iovec to = {text, 63};
	struct msghdr message = {.msg_iov = &to,
	                         .msg_iovlen = 1,
	                         .msg_control = room.bytes,
	                         .msg_controllen = sizeof(room.bytes)};
	struct cmsghdr *passed;
	ssize_t got;
	int fd;

	readable_await(scene->manager);
	got = recvmsg(scene->manager, &message, MSG_CMSG_CLOEXEC);
	assert_true(got >= 0);
	text[got] = '\0';
	passed = CMSG_FIRSTHDR(&message);
	if (passed == NULL)
		return;
	memcpy(&fd, CMSG_DATA(passed), sizeof(fd));
	close(fd);
}

static pid_t manager_hears_main(struct scene *scene)
{
	char main_process[64], barrier[64];

	manager_hear(scene, main_process);
	assert_memory_equal(main_process, "MAINPID=", 8);
	manager_hear(scene, barrier);
	assert_string_equal(barrier, "BARRIER=1");
	return (pid_t)atoi(main_process + 8);
}

static int scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	char why[SLUICE_API_ERROR_MAX];

	signal(SIGPIPE, SIG_IGN);
	snprintf(scene->folder, sizeof(scene->folder), "/tmp/sluice-test-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->path, sizeof(scene->path), "%s/sock", scene->folder);
	snprintf(scene->manager_path, sizeof(scene->manager_path), "%s/notify", scene->folder);
	assert_int_equal(seqpacket_listen(&scene->listener, scene->path, why), 0);
	manager_open(scene);
	assert_int_equal(pipe(scene->report), 0);
	scene->client = -1;
	*state = scene;
	return 0;
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;
	char command[128];

	close(scene->manager);
	if (scene->client >= 0)
		close(scene->client);
	snprintf(command, sizeof(command), "rm -r '%s'", scene->folder);
	assert_int_equal(system(command), 0);
	unsetenv("NOTIFY_SOCKET");
	free(scene);
	return 0;
}

/* -- the new one -- */

static void environment_keep(char text[32], const char *name)
{
	const char *value = getenv(name);

	snprintf(text, 32, "%s", value != NULL ? value : "unset");
}

static void port_seen(void *context, const char *interface)
{
	struct report *report = context;

	snprintf(report->seen + strlen(report->seen), sizeof(report->seen) - strlen(report->seen),
	         "%s ", interface);
}

static void program_passed(void *context, const char *interface, int link)
{
	struct report *report = context;

	snprintf(report->seen + strlen(report->seen), sizeof(report->seen) - strlen(report->seen),
	         "%s:%d ", interface, fcntl(link, F_GETFD) >= 0);
	close(link);
}

/* As main() and dataplane_create() do it; never returns. */
static void new_run(struct scene *scene)
{
	struct seqpacket_listener listener = {.fd = -1};
	struct take_over take_over;
	struct report report = {0};
	int error;

	close(scene->listener.fd);
	close(scene->listener.lock);
	close(scene->report[0]);
	setenv("WATCHDOG_PID", "1", 1);
	error = take_over_begin(&take_over, scene->path, &listener);
	if (error == 0) {
		take_over.succession.ports(&take_over, port_seen, &report);
		error = take_over.succession.begin(&take_over, program_passed, &report);
	}
	if (error == 0) {
		take_over.succession.end(&take_over);
		take_over_done(&take_over);
		snprintf(report.new_path, sizeof(report.new_path), "%s",
		         strrchr(listener.path, '/'));
	}
	report.error = error;
	report.pid = getpid();
	environment_keep(report.watchdog, "WATCHDOG_USEC");
	environment_keep(report.owner, "WATCHDOG_PID");
	if (write(scene->report[1], &report, sizeof(report)) != sizeof(report))
		exit(2);
	exit(error == 0 ? 0 : 1);
}

static void new_start(struct scene *scene)
{
	fflush(NULL);
	scene->command = fork();
	assert_true(scene->command >= 0);
	if (scene->command == 0)
		new_run(scene);
	close(scene->report[1]);
}

static struct report report_of(struct scene *scene)
{
	struct report report;

	readable_await(scene->report[0]);
	assert_int_equal(read(scene->report[0], &report, sizeof(report)), sizeof(report));
	/* and then it has ended */
	readable_await(scene->report[0]);
	assert_int_equal(read(scene->report[0], &report, 1), 0);
	close(scene->report[0]);
	return report;
}

/* What the command returns. */
static int command_end(struct scene *scene)
{
	int status;

	assert_int_equal(waitpid(scene->command, &status, 0), scene->command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* -- the other one -- */

static void client_take(struct scene *scene)
{
	for (scene->client = -1; scene->client < 0;) {
		readable_await(scene->listener.fd);
		scene->client = seqpacket_accept(&scene->listener);
	}
}

static void client_leaves(struct scene *scene)
{
	readable_await(scene->client);
	assert_int_equal(seqpacket_receive(scene->client, &record), 0);
	close(scene->client);
	scene->client = -1;
}

static void asked(struct scene *scene, uint16_t type, uint16_t version)
{
	if (scene->client < 0)
		client_take(scene);
	readable_await(scene->client);
	assert_int_equal(seqpacket_receive(scene->client, &record), sizeof(record.header));
	assert_int_equal(record.header.type, type);
	assert_int_equal(record.header.version, version);
}

static void reply_with(struct scene *scene, const struct sluice_api_header *as, const void *body,
                       int passed)
{
	struct sluice_api_header header = record.header;

	header.version = as->version != 0 ? as->version : header.version;
	header.status = as->status;
	header.flags = as->flags;
	header.length = as->length;
	assert_int_equal(seqpacket_send_fd(scene->client, &header, body, passed), 0);
}

static void reply(struct scene *scene, uint16_t version, int status, const void *body,
                  uint32_t length)
{
	const struct sluice_api_header as = {
	        .version = version, .status = status, .length = length};

	reply_with(scene, &as, body, -1);
}

/* Who asks for the ports is told of two, one of which is the kernel's. */
static void ports_told(struct scene *scene)
{
	static const struct sluice_port_row rows[] = {
	        {.kind = SLUICE_PORT_XDP, .name = "dp0", .args = "eth7"},
	        {.kind = SLUICE_PORT_VDEV, .name = "dp1", .args = "net_null0"},
	};

	asked(scene, SLUICE_PORT_SHOW, SLUICE_API_VERSION);
	reply(scene, 0, 0, rows, sizeof(rows));
	client_leaves(scene);
}

/* The new one has looked who is there, and says that it will be the main process: which. */
static pid_t begun(struct scene *scene)
{
	client_take(scene);
	client_leaves(scene);
	ports_told(scene);
	return manager_hears_main(scene);
}

/* One that hands over whole, as those before this version did. */
static void asked_to_hand_over(struct scene *scene)
{
	asked(scene, SLUICE_HAND_OVER_BEGIN, SLUICE_API_VERSION);
	reply(scene, 0, -ENOSYS, "unknown type 0x000b", 19);
	asked(scene, SLUICE_HAND_OVER, SLUICE_API_VERSION);
}

static void part_pass(struct scene *scene, uint32_t kind, const char *name, int passed)
{
	const struct sluice_api_header as = {.flags = SLUICE_API_MORE,
	                                     .length = sizeof(struct sluice_hand_over_part)};
	struct sluice_hand_over_part part = {.kind = kind};

	snprintf(part.name, sizeof(part.name), "%s", name);
	reply_with(scene, &as, &part, passed);
}

/* The socket and the programs are passed on while this one is there; the command returns when the
 * new one serves, which is told to the service manager before the other one ends. */
static void one_follows_the_other(void **state)
{
	const struct sluice_hand_over answer = {.pid = 7, .watchdog_us = 30000000};
	struct scene *scene = *state;
	struct report report;
	pid_t told;

	new_start(scene);
	told = begun(scene);
	asked(scene, SLUICE_HAND_OVER_BEGIN, SLUICE_API_VERSION);
	part_pass(scene, SLUICE_HAND_OVER_LISTENER, "", scene->listener.fd);
	part_pass(scene, SLUICE_HAND_OVER_LOCK, "", scene->listener.lock);
	part_pass(scene, SLUICE_HAND_OVER_PROGRAM, "eth7", scene->manager);
	reply(scene, 0, 0, NULL, 0);
	asked(scene, SLUICE_HAND_OVER, SLUICE_API_VERSION);
	reply(scene, 0, 0, &answer, sizeof(answer));
	report = report_of(scene);
	assert_int_equal(report.error, 0);
	assert_int_equal(report.pid, told);
	assert_int_not_equal(report.pid, scene->command);
	assert_string_equal(report.watchdog, "30000000");
	assert_string_equal(report.owner, "unset");
	assert_string_equal(report.seen, "eth7 eth7:1 ");
	assert_string_equal(report.new_path, "/sock");
	assert_int_equal(command_end(scene), EXIT_SUCCESS);
	seqpacket_listener_close(&scene->listener);
}

/* One that does not know how to hand over in parts ends, and its socket is made again. */
static void one_that_hands_over_whole_is_followed(void **state)
{
	const struct sluice_hand_over answer = {.pid = 7};
	struct scene *scene = *state;
	struct report report;

	new_start(scene);
	begun(scene);
	asked_to_hand_over(scene);
	reply(scene, 0, 0, &answer, sizeof(answer));
	seqpacket_listener_close(&scene->listener);
	report = report_of(scene);
	assert_int_equal(report.error, 0);
	assert_string_equal(report.seen, "eth7 ");
	assert_string_equal(report.new_path, "/sock");
	assert_int_equal(command_end(scene), EXIT_SUCCESS);
}

/* One of another version is asked in its own. */
static void another_version_is_spoken(void **state)
{
	const struct sluice_hand_over answer = {.pid = 7};
	const uint16_t before = SLUICE_API_VERSION - 1;
	struct scene *scene = *state;
	struct report report;

	new_start(scene);
	begun(scene);
	asked(scene, SLUICE_HAND_OVER_BEGIN, SLUICE_API_VERSION);
	reply(scene, before, -EPROTO, "another version", 15);
	asked(scene, SLUICE_HAND_OVER_BEGIN, before);
	reply(scene, 0, -ENOSYS, "unknown type", 12);
	asked(scene, SLUICE_HAND_OVER, SLUICE_API_VERSION);
	reply(scene, before, -EPROTO, "another version", 15);
	asked(scene, SLUICE_HAND_OVER, before);
	reply(scene, before, 0, &answer, sizeof(answer));
	seqpacket_listener_close(&scene->listener);
	report = report_of(scene);
	assert_int_equal(report.error, 0);
	assert_string_equal(report.watchdog, "unset");
	assert_int_equal(command_end(scene), EXIT_SUCCESS);
}

/* The other one serves on, is the service's main process again, and the command fails. */
static void a_refusal_changes_nothing(void **state)
{
	struct scene *scene = *state;
	pid_t told;

	new_start(scene);
	told = begun(scene);
	asked(scene, SLUICE_HAND_OVER_BEGIN, SLUICE_API_VERSION);
	assert_int_not_equal(told, getpid());
	reply(scene, 0, -EOPNOTSUPP, "no ledger", 9);
	assert_int_equal(manager_hears_main(scene), getpid());
	assert_int_equal(report_of(scene).error, -EOPNOTSUPP);
	assert_int_equal(command_end(scene), EXIT_FAILURE);
	seqpacket_listener_close(&scene->listener);
}

/* A part that is too short for one is none, and what came with it is not kept. */
static void a_short_part_is_none(void **state)
{
	const struct sluice_api_header as = {.flags = SLUICE_API_MORE, .length = 4};
	const struct sluice_hand_over answer = {.pid = 7};
	struct scene *scene = *state;
	int ends[2];
	char byte;

	new_start(scene);
	begun(scene);
	asked(scene, SLUICE_HAND_OVER_BEGIN, SLUICE_API_VERSION);
	assert_int_equal(pipe(ends), 0);
	reply_with(scene, &as, "abcd", ends[1]);
	close(ends[1]);
	readable_await(ends[0]); /* nobody has the other end */
	assert_int_equal(read(ends[0], &byte, sizeof(byte)), 0);
	close(ends[0]);
	part_pass(scene, SLUICE_HAND_OVER_LISTENER, "", scene->listener.fd);
	reply(scene, 0, 0, NULL, 0);
	asked(scene, SLUICE_HAND_OVER, SLUICE_API_VERSION);
	reply(scene, 0, 0, &answer, sizeof(answer));
	assert_int_equal(report_of(scene).error, 0);
	assert_int_equal(command_end(scene), EXIT_SUCCESS);
	seqpacket_listener_close(&scene->listener);
}

/* A reply that says another length than it has is none. */
static void a_reply_that_is_cut_is_no_answer(void **state)
{
	struct scene *scene = *state;
	struct sluice_api_header header;

	new_start(scene);
	begun(scene);
	asked(scene, SLUICE_HAND_OVER_BEGIN, SLUICE_API_VERSION);
	header = record.header;
	header.flags = SLUICE_API_MORE;
	header.length = sizeof(struct sluice_hand_over_part);
	assert_int_equal(send(scene->client, &header, sizeof(header), 0), sizeof(header));
	manager_hears_main(scene);
	assert_int_equal(report_of(scene).error, -EBADMSG);
	assert_int_equal(command_end(scene), EXIT_FAILURE);
	seqpacket_listener_close(&scene->listener);
}

/* One that ends instead of answering hands nothing over. */
static void one_that_ends_is_no_answer(void **state)
{
	struct scene *scene = *state;

	new_start(scene);
	begun(scene);
	asked_to_hand_over(scene);
	close(scene->client);
	scene->client = -1;
	manager_hears_main(scene);
	assert_int_equal(report_of(scene).error, -ECONNRESET);
	assert_int_equal(command_end(scene), EXIT_FAILURE);
	seqpacket_listener_close(&scene->listener);
}

static void nobody_is_there(void **state)
{
	struct scene *scene = *state;
	struct take_over take_over = {.done = -1};

	seqpacket_listener_close(&scene->listener);
	assert_true(take_over_begin(&take_over, scene->path, &scene->listener) < 0);
	take_over_done(&take_over);
	close(scene->report[0]);
	close(scene->report[1]);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SCENE_TEST(one_follows_the_other),
	        SCENE_TEST(one_that_hands_over_whole_is_followed),
	        SCENE_TEST(another_version_is_spoken),
	        SCENE_TEST(a_refusal_changes_nothing),
	        SCENE_TEST(a_short_part_is_none),
	        SCENE_TEST(a_reply_that_is_cut_is_no_answer),
	        SCENE_TEST(one_that_ends_is_no_answer),
	        SCENE_TEST(nobody_is_there),
	};

	return cmocka_run_group_tests_name("take_over", tests, NULL, NULL);
}
