/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server that dies between any two of its stores. A child serves, one instruction at a time; each
 * state of the ledger's file that there ever was is loaded by a server of its own.
 */
#include "turn_fixture.h"

#include "ledger/image.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER       "198.51.100.7"
#define IMAGES_MAX 4096

static char folder[] = "/tmp/turn-steps-XXXXXX";
static char path[64];

/* What the child does, one after the other; in between it stops. */
enum step {
	STEP_ALLOCATE,
	STEP_PERMIT,
	STEP_BIND,
	STEP_REFRESH,
	STEP_BIND_AGAIN,
	STEP_CLOSE,
	STEP_OVER, /* its lingering ends */
	STEPS,
};

struct image {
	enum step step;
	uint8_t *bytes;
};

static struct image images[IMAGES_MAX];
static uint32_t n_images;
static size_t whole, compared; /* bytes of the file, and those that the steps change */

static void step_run(struct fixture *fixture, struct client *client, enum step step)
{
	int result = 0;

	switch (step) {
	case STEP_ALLOCATE:
		result = allocate(client);
		break;
	case STEP_PERMIT:
		result = permit(client, "198.51.100.8");
		break;
	case STEP_BIND:
	case STEP_BIND_AGAIN:
		result = bind_channel(client, 0x4000, PEER, 5000);
		break;
	case STEP_REFRESH:
		result = refresh(client, 1200);
		break;
	case STEP_CLOSE:
		result = refresh(client, 0);
		break;
	default:
		fixture->workers[0].now += ALLOCATION_LINGER_S + 1;
		for (int i = 0; i < 20; i++)
			turn_housekeep(&fixture->workers[0]);
		break;
	}
	if (result != 0)
		_exit(1);
}

/* One client is there all the time, with a permission and a channel. */
static void child_run(void)
{
	struct fixture *fixture = fixture_create(4, 8, 8, 1);
	struct client *settled = client_create(fixture, "203.0.113.1", 4000, "alice", "secret1");
	struct client *client = client_create(fixture, "203.0.113.2", 4000, "bob", "secret2");

	if (allocate(settled) != 0 || bind_channel(settled, 0x4000, PEER, 5000) != 0)
		_exit(1);
	for (int step = 0; step < STEPS; step++) {
		raise(SIGSTOP);
		step_run(fixture, client, step);
	}
	raise(SIGSTOP);
	_exit(0);
}

static void image_add(enum step step, const uint8_t *file)
{
	uint8_t *bytes = malloc(whole);

	assert_true(n_images < IMAGES_MAX);
	assert_non_null(bytes);
	memcpy(bytes, file, whole);
	images[n_images++] = (struct image){.step = step, .bytes = bytes};
}

static const uint8_t *file_map(void)
{
	const struct sluice_ledger_header *header;
	int fd = open(path, O_RDONLY);
	struct stat status;
	const uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	whole = compared = (size_t)status.st_size;
	bytes = mmap(NULL, whole, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(bytes != MAP_FAILED);
	close(fd);
	header = (const struct sluice_ledger_header *)bytes;
	for (uint32_t i = 0; i < header->n_sections; i++)
		if (header->sections[i].kind == SLUICE_LEDGER_RESERVATION)
			compared = header->sections[i].offset;
	return bytes;
}

/* Until the child stops by itself: 1; 0: after one instruction; -1: it is gone. */
static int instruction(pid_t child)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status))
		return -1;
	return WSTOPSIG(status) == SIGSTOP;
}

static void child_follow(pid_t child)
{
	const uint8_t *file = NULL;
	enum step step = 0;
	int status, stopped;

	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no debugger is allowed here */
	assert_true(WIFSTOPPED(status));
	file = file_map();
	image_add(STEP_ALLOCATE, file);
	while (step < STEPS) {
		stopped = instruction(child);
		assert_true(stopped >= 0);
		if (memcmp(file, images[n_images - 1].bytes, compared) != 0)
			image_add(step, file);
		step += stopped;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	munmap((void *)(uintptr_t)file, whole);
}

/* -- loading -- */

static void image_write(const struct image *image)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->bytes, whole), whole);
	close(fd);
}

/* A client of the next server, with whatever the server has for it. */
static struct allocation *found(struct fixture *fixture, const char *ip)
{
	struct client *client = client_create(fixture, ip, 4000, "", "");
	struct allocation *allocation = allocation_of(client);

	client_free(client);
	return allocation;
}

static void settled_check(struct fixture *fixture)
{
	struct allocation *allocation = found(fixture, "203.0.113.1");
	struct channel *channel;

	assert_non_null(allocation);
	channel = channel_find(fixture->dp.turn, allocation, 0x4000);
	assert_non_null(channel);
	assert_non_null(permission_find(fixture->dp.turn, allocation, &channel->peer));
}

/* May the client of the steps be there, and must it? */
static void client_check(struct fixture *fixture, enum step step)
{
	struct allocation *allocation = found(fixture, "203.0.113.2");
	struct transport_addr peer = transport("198.51.100.8", 0);

	if (step > STEP_ALLOCATE && step < STEP_CLOSE)
		assert_non_null(allocation);
	if (step == STEP_OVER)
		assert_null(allocation);
	if (step > STEP_PERMIT && step < STEP_CLOSE)
		assert_non_null(permission_find(fixture->dp.turn, allocation, &peer.ip));
	if (step > STEP_BIND && step < STEP_CLOSE)
		assert_non_null(channel_find(fixture->dp.turn, allocation, 0x4000));
}

static void image_check(const struct image *image)
{
	struct fixture *fixture;
	struct client *client;
	int result;

	image_write(image);
	fixture = fixture_create_bare(4, 8, 8, 1);
	assert_int_equal(fixture->dp.ledger->taken.broken, 0);
	assert_true(fixture->dp.ledger->taken.torn <= 1);
	fixture_configure(fixture);
	turn_config_sweep(fixture->dp.turn);
	settled_check(fixture);
	client_check(fixture, image->step);
	client = client_create(fixture, "203.0.113.2", 4000, "bob", "secret2");
	result = allocate(client);
	assert_true(result == 0 || result == 437);
	assert_int_equal(refresh(client, 600), 0);
	assert_int_equal(bind_channel(client, 0x4000, PEER, 5000), 0);
	client_free(client);
	fixture_destroy(fixture);
}

static void test_every_store(void **state)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(77);
		child_run();
	}
	child_follow(child);
	print_message("%u states of the file\n", n_images);
	assert_true(n_images > 40);
	for (uint32_t i = 0; i < n_images; i++) {
		image_check(&images[i]);
		free(images[i].bytes);
	}
}

static int setup(void **state)
{
	fixture_eal();
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ledger", folder);
	fixture_ledger = path;
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_store),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
