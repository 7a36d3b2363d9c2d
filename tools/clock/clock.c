/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The laboratory's clock: preloaded, it puts wall-clock time forward by the seconds that the file
 * SLUICE_LAB_CLOCK holds, and leaves monotonic time alone. The file may change at any time.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE 32 /* a number in text and a newline, the rest spaces */

static const char *clock_file;

static __attribute__((constructor)) void clock_begin(void)
{
	const char *path = getenv("SLUICE_LAB_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		clock_file = map;
}

/* Never a C library call: an allocator may ask for the time before anything works. */
static long clock_ahead(void)
{
	long seconds = 0;
	bool behind;
	int i;

	if (clock_file == NULL)
		return 0;
	behind = clock_file[0] == '-';
	for (i = clock_file[0] == '-' || clock_file[0] == '+';
	     i < FILE_SIZE && clock_file[i] >= '0' && clock_file[i] <= '9'; i++)
		seconds = seconds * 10 + clock_file[i] - '0';
	return behind ? -seconds : seconds;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int status = (int)syscall(SYS_clock_gettime, id, now);

	if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += clock_ahead();
	return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (at != NULL)
		*at = now.tv_sec;
	return now.tv_sec;
}
