/* SPDX-License-Identifier: BSD-3-Clause */
/* The service manager hears of us while we make progress, and only then. */
#include "common/watchdog.h"

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOKS 5

struct subject {
	struct event_base *base;
	struct watchdog *watchdog;
	int manager;
	unsigned int looks;
	bool alive;
};

static bool is_alive(void *arg)
{
	struct subject *subject = arg;

	if (++subject->looks == LOOKS)
		event_base_loopbreak(subject->base);
	return subject->alive;
}

/* A manager that listens at an abstract address. */
static void subject_start(struct subject *subject, const char *interval, long pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64], digits[32];
	int length = snprintf(name, sizeof(name), "@sluice-watchdog-%d", getpid());

	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	subject->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(subject->manager, (struct sockaddr *)&address,
	                      offsetof(struct sockaddr_un, sun_path) + (size_t)length),
	                 0);
	snprintf(digits, sizeof(digits), "%ld", pid);
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", interval, 1);
	setenv("WATCHDOG_PID", digits, 1);
	subject->base = event_base_new();
	assert_int_equal(watchdog_create(&subject->watchdog, subject->base, is_alive, subject), 0);
}

static void subject_end(struct subject *subject)
{
	watchdog_destroy(subject->watchdog);
	event_base_free(subject->base);
	close(subject->manager);
}

static unsigned int messages(const struct subject *subject)
{
	unsigned int count = 0;
	char text[64];
	ssize_t length;

	for (; (length = recv(subject->manager, text, sizeof(text), 0)) > 0; count++) {
		assert_int_equal(length, strlen("WATCHDOG=1"));
		assert_memory_equal(text, "WATCHDOG=1", (size_t)length);
	}
	return count;
}

static void progress_is_told(void **state)
{
	struct subject subject = {.alive = true};

	subject_start(&subject, "4000", getpid());
	event_base_dispatch(subject.base);
	assert_int_equal(messages(&subject), LOOKS);
	subject_end(&subject);
}

static void a_hung_part_is_silence(void **state)
{
	struct subject subject = {.alive = false};

	subject_start(&subject, "4000", getpid());
	event_base_dispatch(subject.base);
	assert_int_equal(subject.looks, LOOKS);
	assert_int_equal(messages(&subject), 0);
	subject_end(&subject);
}

static void nobody_looks(void **state)
{
	struct subject subject = {0};

	subject_start(&subject, "0", getpid());
	assert_null(subject.watchdog);
	subject_end(&subject);
	subject_start(&subject, "4000", getpid() + 1L); /* at our parent, say */
	assert_null(subject.watchdog);
	subject_end(&subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(progress_is_told),
	        cmocka_unit_test(a_hung_part_is_silence),
	        cmocka_unit_test(nobody_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
