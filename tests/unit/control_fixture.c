/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_fixture.h"
#include "port_find.h"

#include "command/command.h"
#include "command/printer.h"
#include "common/seqpacket.h"

#include <sluice/session.h>
#include <sluice/stats.h>
#include <sluice/turn.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CONNECTIONS 16
#define CONTROLS    2 /* at once */

int controlplane_main(int argc, char **argv);

/* gate_maps_fake.c takes it over in the child. */
struct control_maps *control_maps_shared;

static struct seqpacket_record record;
static struct control *controls[CONTROLS];

uint64_t control_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void path_of(const struct control *control, const char *name, char path[108])
{
	snprintf(path, 108, "%s/%s", control->folder, name);
}

/* -- the dataplane -- */

static const struct control_answer *answer_find(const struct control *control, uint16_t type)
{
	for (uint32_t i = control->n_answers; i-- > 0;)
		if (control->answers[i].type == type)
			return &control->answers[i];
	return NULL;
}

struct control_answer *dataplane_answers(struct control *control, uint16_t type, int32_t status,
                                         const void *body, uint32_t length)
{
	struct control_answer *answer = (struct control_answer *)answer_find(control, type);

	if (answer == NULL) {
		assert_true(control->n_answers < CONTROL_ANSWERS_MAX);
		answer = &control->answers[control->n_answers++];
	}
	assert_true(length <= sizeof(answer->body));
	*answer = (struct control_answer){.type = type, .status = status, .length = length};
	if (length > 0)
		memcpy(answer->body, body, length);
	return answer;
}

void dataplane_refuses(struct control *control, uint16_t type, int32_t status, const char *why)
{
	dataplane_answers(control, type, status, why, strlen(why));
}

uint32_t dataplane_was_asked(const struct control *control, uint16_t type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < control->n_asked; i++)
		count += control->asked[i].type == type;
	return count;
}

const void *dataplane_asked(const struct control *control, uint16_t type)
{
	for (uint32_t i = control->n_asked; i-- > 0;)
		if (control->asked[i].type == type)
			return control->asked[i].body;
	return NULL;
}

void dataplane_forget(struct control *control)
{
	control->n_asked = 0;
}

static void asked_keep(struct control *control)
{
	struct control_asked *asked;

	/* The newest half stays. */
	if (control->n_asked == CONTROL_ASKED_MAX) {
		control->n_asked = CONTROL_ASKED_MAX / 2;
		memmove(control->asked, control->asked + CONTROL_ASKED_MAX / 2,
		        sizeof(control->asked) / 2);
	}
	asked = &control->asked[control->n_asked++];
	*asked = (struct control_asked){
	        .type = record.header.type,
	        .flags = record.header.flags,
	        .length = record.header.length,
	};
	memcpy(asked->body, record.body,
	       record.header.length < sizeof(asked->body) ? record.header.length
	                                                  : sizeof(asked->body));
}

static void pump_writable(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLOUT};

	assert_int_equal(poll(&polled, 1, CONTROL_PATIENCE_MS), 1);
}

static void connection_serve(struct control *control, int *fd)
{
	static const struct control_answer nothing;
	const struct control_answer *answer;
	struct sluice_api_header header;
	int size = seqpacket_receive(*fd, &record);

	if (size == -EAGAIN)
		return;
	if (size < (int)sizeof(header)) {
		if (control->wanted_fd == *fd)
			control->wanted_fd = -1;
		if (control->events_fd == *fd)
			control->events_fd = -1;
		close(*fd);
		*fd = -1;
		return;
	}
	assert_int_equal(record.header.version, SLUICE_API_VERSION);
	assert_int_equal(record.header.length, size - sizeof(header));
	asked_keep(control);
	if (control->mute)
		return;
	if (record.header.type == SLUICE_TURN_WANTED_TAKE) {
		control->wanted_fd = *fd;
		control->wanted = record.header;
		return;
	}
	if (record.header.type == SLUICE_SESSION_EVENTS) {
		control->events_fd = *fd;
		control->events = record.header;
		return;
	}
	answer = answer_find(control, record.header.type);
	if (answer == NULL)
		answer = &nothing;
	header = record.header;
	header.status = answer->status;
	header.length = answer->length;
	for (uint32_t left = answer->times > 0 ? answer->times : 1; left > 0; left--) {
		header.flags = answer->flags | (left > 1 ? SLUICE_API_MORE : 0);
		if (seqpacket_send(*fd, &header, answer->body) == -EAGAIN) {
			pump_writable(*fd);
			left++;
		}
	}
}

void dataplane_away(struct control *control)
{
	char path[108];

	close(control->listener);
	control->listener = -1;
	for (int i = 0; i < CONNECTIONS; i++)
		if (control->connections[i] >= 0)
			close(control->connections[i]);
	memset(control->connections, -1, sizeof(control->connections));
	control->wanted_fd = control->events_fd = -1;
	path_of(control, "dataplane.sock", path);
	unlink(path);
}

void dataplane_back(struct control *control)
{
	struct seqpacket_listener listener;
	char path[108], why[SLUICE_API_ERROR_MAX] = "";

	path_of(control, "dataplane.sock", path);
	if (seqpacket_listen(&listener, path, why) < 0)
		fail_msg("%s", why);
	close(listener.lock);
	control->listener = listener.fd;
}

void dataplane_wants(struct control *control, const char *name, uint32_t length)
{
	struct sluice_turn_wanted wanted = {.length = length};
	struct sluice_api_header header;

	memcpy(wanted.name, name, length);
	control_await(control, control->wanted_fd >= 0);
	header = control->wanted;
	header.flags = SLUICE_API_MORE;
	header.length = sizeof(wanted);
	assert_int_equal(seqpacket_send(control->wanted_fd, &header, &wanted), 0);
}

void dataplane_tells(struct control *control, const struct sluice_session_event *event)
{
	struct sluice_api_header header;

	control_await(control, control->events_fd >= 0);
	header = control->events;
	header.length = sizeof(*event);
	assert_int_equal(seqpacket_send(control->events_fd, &header, event), 0);
	control->events_fd = -1;
}

static void connection_accept(struct control *control)
{
	int fd = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (int i = 0; i < CONNECTIONS && fd >= 0; i++) {
		if (control->connections[i] < 0) {
			control->connections[i] = fd;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static void dataplane_default(struct control *control)
{
	struct sluice_version version = {
	        .api = SLUICE_API_VERSION,
	        .pid = 1,
	        .program = "sluice-dataplane",
	        .version = "test",
	};
	struct sluice_turn_row turn = {.realm = "sluice", .allocations_max = 1000};
	struct sluice_worker_row worker = {.idle_cycles = 1000, .tsc_hz = 1000};
	struct sluice_media_row media = {.endpoints_max = 16};
	struct sluice_ledger_status ledger = {.found = SLUICE_LEDGER_FOUND_NONE};

	dataplane_answers(control, SLUICE_VERSION, 0, &version, sizeof(version));
	dataplane_answers(control, SLUICE_TURN_SHOW, 0, &turn, sizeof(turn));
	dataplane_answers(control, SLUICE_WORKER_SHOW, 0, &worker, sizeof(worker));
	dataplane_answers(control, SLUICE_MEDIA_SHOW, 0, &media, sizeof(media));
	dataplane_answers(control, SLUICE_LEDGER_STATUS, 0, &ledger, sizeof(ledger));
}

/* -- waiting -- */

static void log_show(const struct control *control)
{
	char path[108], line[512];
	FILE *file;

	path_of(control, "log", path);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		print_error("control plane: %s", line);
	if (file != NULL)
		fclose(file);
}

static void stream_take(struct control_stream *stream)
{
	uint32_t rows;

	if (seqpacket_receive(stream->fd, &record) <= 0 || record.header.status != 0) {
		close(stream->fd);
		stream->fd = -1;
		return;
	}
	rows = record.header.length / stream->row_size;
	stream->rows += rows;
	if (rows > 0)
		memcpy(stream->last, record.body + (rows - 1) * stream->row_size, stream->row_size);
}

#define POLLED (2 + CONNECTIONS) /* of one control plane */

static void polled_fill(const struct control *control, struct pollfd polled[POLLED])
{
	polled[0] = (struct pollfd){.fd = control->listener, .events = POLLIN};
	polled[1] = (struct pollfd){.fd = control->stream.fd, .events = POLLIN};
	for (int i = 0; i < CONNECTIONS; i++)
		polled[2 + i] = (struct pollfd){.fd = control->connections[i], .events = POLLIN};
}

static void polled_serve(struct control *control, const struct pollfd polled[POLLED])
{
	for (int i = 0; i < CONNECTIONS; i++)
		if (polled[2 + i].revents != 0 && control->connections[i] == polled[2 + i].fd)
			connection_serve(control, &control->connections[i]);
	if (polled[0].revents != 0)
		connection_accept(control);
	if (polled[1].revents != 0)
		stream_take(&control->stream);
}

/* Serves all control planes that there are until fd, if there is one, can be read, for as long as
 * `ms`; true: it can. */
static bool pump(int fd, int ms)
{
	struct pollfd polled[1 + CONTROLS * POLLED] = {{.fd = fd, .events = POLLIN}};

	for (int i = 0; i < CONTROLS * POLLED; i++)
		polled[1 + i].fd = -1;
	for (int i = 0; i < CONTROLS; i++)
		if (controls[i] != NULL)
			polled_fill(controls[i], &polled[1 + i * POLLED]);
	if (poll(polled, 1 + CONTROLS * POLLED, ms) <= 0)
		return false;
	for (int i = 0; i < CONTROLS; i++)
		if (controls[i] != NULL)
			polled_serve(controls[i], &polled[1 + i * POLLED]);
	return polled[0].revents != 0;
}

void control_wait(struct control *control, uint64_t end, const char *what)
{
	int status;

	pump(-1, 20);
	if (control->pid > 0 && waitpid(control->pid, &status, WNOHANG) == control->pid) {
		control->pid = -1;
		log_show(control);
		fail_msg("the control plane has ended with 0x%x before %s", status, what);
	}
	if (control_now_ms() > end) {
		log_show(control);
		fail_msg("not within %d ms: %s", CONTROL_PATIENCE_MS, what);
	}
}

void control_rest(struct control *control, uint32_t ms)
{
	for (uint64_t end = control_now_ms() + ms; control_now_ms() < end;)
		pump(-1, 20);
}

/* Reads of fd until it has something to say. */
static void readable_await(struct control *control, int fd, const char *what)
{
	uint64_t end = control_now_ms() + CONTROL_PATIENCE_MS;

	while (!pump(fd, 20))
		control_wait(control, end, what);
}

/* -- the control plane -- */

static void child_run(const struct control *control)
{
	char config[108], control_socket[108], dataplane_socket[108], log[108];
	char *argv[] = {"sluice-controlplane",
	                "--config",
	                config,
	                "--socket",
	                control_socket,
	                "--dataplane",
	                dataplane_socket,
	                "--state-dir",
	                (char *)control->folder,
	                "--allow-core",
	                NULL};
	int fd;

	path_of(control, "conf", config);
	path_of(control, "control.sock", control_socket);
	path_of(control, "dataplane.sock", dataplane_socket);
	path_of(control, "log", log);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("JOURNAL_STREAM");
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	for (int n = 0; n < CONTROLS; n++) {
		if (controls[n] == NULL)
			continue;
		close(controls[n]->listener);
		for (int i = 0; i < CONNECTIONS; i++)
			close(controls[n]->connections[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	exit(controlplane_main(sizeof(argv) / sizeof(argv[0]) - 1, argv));
}

static bool control_answers(const struct control *control)
{
	char path[108];
	int fd;

	path_of(control, "control.sock", path);
	fd = seqpacket_connect(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void child_start(struct control *control)
{
	control_maps_shared = control->maps;
	fflush(NULL);
	control->pid = fork();
	assert_true(control->pid >= 0);
	if (control->pid == 0)
		child_run(control);
	control_await(control, control_answers(control));
}

static void conf_write(const struct control *control, const char *lines)
{
	char path[108];
	FILE *file;

	path_of(control, "conf", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
	        "http listen 127.0.0.1:%u\nhttp token add all scope admin\n"
	        "http token add reads scope read\nhttp token add streams scope publish stream "
	        "s\n%s",
	        control->port, lines);
	fclose(file);
}

struct control *control_start(const char *lines)
{
	struct control *control = calloc(1, sizeof(*control));
	bool kept = false;

	assert_non_null(control);
	signal(SIGPIPE, SIG_IGN);
	snprintf(control->folder, sizeof(control->folder), "/tmp/sluice-test-XXXXXX");
	assert_non_null(mkdtemp(control->folder));
	control->maps = mmap(NULL, sizeof(*control->maps), PROT_READ | PROT_WRITE,
	                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(control->maps != MAP_FAILED);
	control->port = port_find();
	control->stream.fd = -1;
	memset(control->connections, -1, sizeof(control->connections));
	control->wanted_fd = control->events_fd = -1;
	for (int i = 0; i < CONTROLS && !kept; i++)
		if (controls[i] == NULL) {
			controls[i] = control;
			kept = true;
		}
	assert_true(kept);
	conf_write(control, lines);
	dataplane_default(control);
	dataplane_back(control);
	child_start(control);
	control_await(control, dataplane_was_asked(control, SLUICE_CONFIG_COMMIT) > 0);
	return control;
}

static void child_end(struct control *control, int number)
{
	uint64_t end = control_now_ms() + CONTROL_PATIENCE_MS;
	int status = 0;

	if (control->stream.fd >= 0)
		close(control->stream.fd);
	control->stream.fd = -1;
	kill(control->pid, number);
	while (waitpid(control->pid, &status, WNOHANG) == 0) {
		pump(-1, 20);
		if (control_now_ms() > end)
			kill(control->pid, SIGKILL);
	}
	control->pid = -1;
	if (number != SIGKILL && status != 0) {
		log_show(control);
		fail_msg("the control plane ended with 0x%x", status);
	}
}

void control_restart(struct control *control, int number)
{
	child_end(control, number);
	dataplane_forget(control);
	child_start(control);
	control_await(control, dataplane_was_asked(control, SLUICE_CONFIG_COMMIT) > 0);
}

void control_stop(struct control *control)
{
	char command[128];

	child_end(control, SIGTERM);
	dataplane_away(control);
	for (int i = 0; i < CONTROLS; i++)
		if (controls[i] == control)
			controls[i] = NULL;
	munmap(control->maps, sizeof(*control->maps));
	snprintf(command, sizeof(command), "rm -r '%s'", control->folder);
	assert_int_equal(system(command), 0);
	free(control);
}

int control_setup(void **state)
{
	*state = control_start("turn realm sluice\n");
	return 0;
}

int control_teardown(void **state)
{
	control_stop(*state);
	return 0;
}

bool control_logged(struct control *control, const char *text)
{
	char path[108], line[2048];
	bool found = false;
	FILE *file;

	path_of(control, "log", path);
	file = fopen(path, "r");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	if (file != NULL)
		fclose(file);
	return found;
}

/* -- clients of its socket -- */

static int request_send(struct control *control, const char *line, struct command_request *request)
{
	struct sluice_api_header header = {.version = SLUICE_API_VERSION, .id = 7};
	struct command_error error;
	char path[108];
	int fd;

	if (command_parse(line, request, &error) != 0)
		fail_msg("%s: expected %s", line, error.text);
	header.type = request->command->type;
	header.flags = command_asks(request->command)->exist_ok ? SLUICE_API_EXIST_OK : 0;
	header.length = request->length;
	path_of(control, "control.sock", path);
	fd = seqpacket_connect(path);
	assert_true(fd >= 0);
	assert_int_equal(seqpacket_send(fd, &header, request->body.bytes), 0);
	return fd;
}

static void rows_print(struct printer *printer, const struct reply *reply)
{
	if (reply != NULL)
		printer_rows(printer, record.body, record.header.length / reply->row_size);
	else if (record.header.length > 0)
		printer_warning(printer, record.body, record.header.length);
}

int control_do(struct control *control, const char *line)
{
	struct command_request request;
	struct printer printer;
	FILE *out = fmemopen(control->said, sizeof(control->said) - 1, "w");
	int fd = request_send(control, line, &request);

	memset(control->said, 0, sizeof(control->said));
	printer_begin(&printer, out, true, command_asks(request.command)->reply);
	do {
		readable_await(control, fd, line);
		assert_true(seqpacket_receive(fd, &record) > 0);
		assert_int_equal(record.header.id, 7);
		control->status = record.header.status;
		if (control->status == 0)
			rows_print(&printer, command_asks(request.command)->reply);
	} while (record.header.flags & SLUICE_API_MORE);
	close(fd);
	printer_end(&printer, control->status == 0);
	fclose(out);
	if (control->status != 0)
		snprintf(control->said, sizeof(control->said), "%.*s", (int)record.header.length,
		         (const char *)record.body);
	return control->status;
}

void control_listen(struct control *control, const char *line)
{
	struct command_request request;

	control->stream = (struct control_stream){.fd = request_send(control, line, &request)};
	control->stream.row_size = command_asks(request.command)->reply->row_size;
}

/* -- clients of HTTP -- */

static int http_connect(const struct control *control)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
	                           .sin_port = htons(control->port),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (void *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Header and chunks off: what is left is the answer. */
static void body_keep(char *said)
{
	char *at = strstr(said, "\r\n\r\n"), *to = said;
	bool chunked = strstr(said, "chunked") != NULL && strstr(said, "chunked") < at;
	unsigned long size;

	assert_non_null(at);
	at += 4;
	if (!chunked) {
		memmove(said, at, strlen(at) + 1);
		return;
	}
	while ((size = strtoul(at, &at, 16)) > 0) {
		memmove(to, at + 2, size);
		to += size;
		at += 2 + size + 2;
	}
	*to = '\0';
}

int control_http_open(struct control *control, const char *method, const char *token,
                      const char *headers)
{
	int fd = http_connect(control);

	dprintf(fd, "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n%s\r\n", method,
	        token, headers);
	return fd;
}

int control_http(struct control *control, const char *method, const char *token, const char *body)
{
	return control_http_with(control, method, token, "", body);
}

int control_http_with(struct control *control, const char *method, const char *token,
                      const char *headers, const char *body)
{
	int fd = http_connect(control);
	size_t length = 0;
	ssize_t got;

	dprintf(fd, "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n", method);
	if (token != NULL)
		dprintf(fd, "Authorization: Bearer %s\r\n", token);
	dprintf(fd, "%sContent-Length: %zu\r\n\r\n%s", headers, body != NULL ? strlen(body) : 0,
	        body != NULL ? body : "");
	do {
		readable_await(control, fd, method);
		got = read(fd, control->said + length, sizeof(control->said) - 1 - length);
		length += got > 0 ? got : 0;
	} while (got > 0);
	close(fd);
	control->said[length] = '\0';
	control->status = length > 12 ? atoi(control->said + 9) : -1;
	if (control->status > 0) {
		snprintf(control->headers, sizeof(control->headers), "%.*s",
		         (int)(strstr(control->said, "\r\n\r\n") + 2 - control->said),
		         control->said);
		body_keep(control->said);
	}
	return control->status;
}
