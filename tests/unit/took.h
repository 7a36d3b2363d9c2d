/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long something took, less the time in which processes of this machine waited for a processor
 * or another machine had it (as clock_start and assert_within of tests/smoke/_init.sh): what is
 * promised is how long a program takes, and not that the machine has nothing else to do.
 */
#ifndef TESTS_TOOK_H
#define TESTS_TOOK_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct took {
	int64_t start, waited;
};

static int64_t took_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* 0 where the kernel does not count it. */
static int64_t took_waited_ms(void)
{
	long long pressure_us = 0, stolen = 0;
	FILE *file = fopen("/proc/pressure/cpu", "r");

	if (file != NULL) {
		if (fscanf(file, "some avg10=%*f avg60=%*f avg300=%*f total=%lld", &pressure_us) !=
		    1)
			pressure_us = 0;
		fclose(file);
	}
	file = fopen("/proc/stat", "r");
	if (file != NULL) {
		if (fscanf(file, "cpu %*d %*d %*d %*d %*d %*d %*d %lld", &stolen) != 1)
			stolen = 0;
		fclose(file);
	}
	return pressure_us / 1000 + stolen * 1000 / sysconf(_SC_CLK_TCK);
}

static struct took took_start(void)
{
	return (struct took){.start = took_now_ms(), .waited = took_waited_ms()};
}

static int64_t took_ms(struct took took)
{
	return took_now_ms() - took.start - (took_waited_ms() - took.waited);
}

#endif
