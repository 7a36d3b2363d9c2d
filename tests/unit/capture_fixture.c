/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct capture_client client = {.pid = 1};
struct read_file file;

struct sluice_capture wanted(uint32_t points)
{
	return (struct sluice_capture){
	        .filter.points = points, .snap = 65535, .buffer_kb = 1024, .note = "a test"};
}

int file_open(void)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

struct capture *begin_at(struct rig *rig, const struct sluice_capture *want, int fd)
{
	struct capture *capture = NULL;
	char why[SLUICE_API_ERROR_MAX] = "";
	int error = capture_start(rig->dp, want, fd, &client, &capture, why);

	if (error != 0)
		fail_msg("%d: %s", error, why);
	for (int ms = 0; !capture_begun(capture); ms++) {
		if (ms == WAIT_MS)
			fail_msg("the capture does not begin");
		pause_ms(1);
	}
	return capture;
}

struct capture *begin(struct rig *rig, const struct sluice_capture *want, int fd)
{
	return begin_at(rig, want, dup(fd));
}

int refused_why(struct rig *rig, const struct sluice_capture *want, int fd,
                char why[SLUICE_API_ERROR_MAX])
{
	struct capture *capture;
	int error;

	why[0] = '\0';
	error = capture_start(rig->dp, want, fd, &client, &capture, why);
	if (error == 0)
		fail_msg("was not refused");
	assert_true(why[0] != '\0');
	return error;
}

int refused(struct rig *rig, const struct sluice_capture *want, int fd)
{
	char why[SLUICE_API_ERROR_MAX];

	return refused_why(rig, want, fd, why);
}

struct sluice_capture_row row_of(const struct capture *capture)
{
	struct sluice_capture_row row;

	capture_row(capture, &row);
	return row;
}

void pause_ms(long ms)
{
	const struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

void await_done(struct rig *rig, const struct capture *capture)
{
	for (int ms = 0; !row_of(capture).done; ms++) {
		if (ms == WAIT_MS)
			fail_msg("the capture does not end");
		pause_ms(1);
	}
	captures_tick(rig->dp);
}

void await_none(struct rig *rig)
{
	struct sluice_capture_row row;

	for (int ms = 0;; ms++) {
		uint32_t cursor = 0;

		captures_tick(rig->dp);
		if (capture_show(rig->dp, &cursor, &row, 1) == 0)
			return;
		if (ms == WAIT_MS)
			fail_msg("capture %u does not go", row.id);
		pause_ms(1);
	}
}

void await_written(const struct capture *capture, uint64_t packets)
{
	for (int ms = 0; row_of(capture).packets < packets; ms++) {
		if (ms == WAIT_MS)
			fail_msg("%lu of %lu packets are written", row_of(capture).packets,
			         packets);
		pause_ms(1);
	}
}

struct sluice_capture_row end(struct rig *rig, struct capture *capture, int fd)
{
	struct sluice_capture_row row;

	capture_stop(capture);
	await_done(rig, capture);
	row = row_of(capture);
	capture_release(capture);
	captures_tick(rig->dp);
	assert_null(rig->dp->captures);
	pcapng_read(&file, fd);
	close(fd);
	return row;
}

bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}
