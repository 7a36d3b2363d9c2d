/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A link between two interfaces, of a rate, a delay, a queue, loss and jitter each way, in user
 * space: a kernel may lack netem. `tools/lab link` puts it between the client and sluice.
 */
#include "settings.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND   1000000000ull
#define PRIORITY 50 /* of SCHED_FIFO */

static volatile sig_atomic_t reload, stop;

static void on_signal(int number)
{
	if (number == SIGHUP)
		reload = 1;
	else
		stop = 1;
}

struct link {
	const char *settings;
	struct way ways[LINK_WAYS];
	struct wire *wires; /* LINK_WAYS */
};

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t late_at(const struct wire *wire, uint32_t percent)
{
	return wire->n_late > 0 ? wire->late_us[(uint64_t)(wire->n_late - 1) * percent / 100] : 0;
}

/* A line of JSON: what this way did since the last one. */
static void report(const char *name, struct way *way, struct wire *wire, uint64_t now)
{
	const struct way_count *count = &way->count;
	uint64_t queued = count->in - count->lost - count->full;

	qsort(wire->late_us, wire->n_late, sizeof(wire->late_us[0]), ascending);
	printf("{\"time\": %.3f, \"way\": \"%s\", \"rate\": %.0f, \"delay\": %.1f, "
	       "\"in\": %lu, \"in_kbps\": %.0f, \"out\": %lu, \"out_kbps\": %.0f, "
	       "\"lost\": %lu, \"full\": %lu, \"overflowed\": %lu, \"refused\": %lu, "
	       "\"queue_ms\": %.1f, \"queue_most_ms\": %.1f, "
	       "\"late_us\": {\"p50\": %u, \"p99\": %u, \"most\": %u}}\n",
	       (double)now / 1e9, name, way->settings.rate_kbps, way->settings.delay_ms, count->in,
	       (double)count->in_bytes * 8 / 1e3, wire->out, (double)wire->out_bytes * 8 / 1e3,
	       count->lost, count->full, wire->overflowed, wire->refused,
	       queued > 0 ? count->waited_ms / (double)queued : 0, count->waited_most_ms,
	       late_at(wire, 50), late_at(wire, 99), late_at(wire, 100));
	way->count = (struct way_count){0};
	wire->out = wire->out_bytes = wire->overflowed = wire->refused = 0;
	wire->n_late = 0;
}

static void settings_take(struct link *link)
{
	struct way_settings settings[LINK_WAYS];
	char why[512];

	for (int i = 0; i < LINK_WAYS; i++)
		settings[i] = link->ways[i].settings;
	if (settings_read(link->settings, settings, why, sizeof(why)) < 0)
		fprintf(stderr, "sluice-link: %s\n", why);
	for (int i = 0; i < LINK_WAYS; i++)
		link->ways[i].settings = settings[i];
}

/* Until a frame comes, or is due, or a line is. */
static void link_sleep(const struct link *link, uint64_t until, const sigset_t *signals)
{
	struct pollfd sources[LINK_WAYS];
	uint64_t now = wire_now(), left = until > now ? until - now : 0;
	struct timespec wait = {(time_t)(left / SECOND), (long)(left % SECOND)};

	for (int i = 0; i < LINK_WAYS; i++)
		sources[i] = (struct pollfd){.fd = link->wires[i].from, .events = POLLIN};
	ppoll(sources, LINK_WAYS, &wait, signals);
}

static void link_run(struct link *link, const sigset_t *signals)
{
	uint64_t line = wire_now() + SECOND;

	while (!stop) {
		uint64_t now, until = line;

		if (reload) {
			reload = 0;
			settings_take(link);
		}
		for (int i = 0; i < LINK_WAYS; i++) {
			uint64_t next;

			wire_take(&link->wires[i], &link->ways[i]);
			next = wire_give(&link->wires[i]);
			until = next < until ? next : until;
		}
		now = wire_now();
		if (now >= line) {
			for (int i = 0; i < LINK_WAYS; i++)
				report(link_way_names[i], &link->ways[i], &link->wires[i], now);
			line = now + SECOND;
			continue;
		}
		link_sleep(link, until, signals);
	}
}

/* Signals come while it sleeps, and at no other time. */
static void signals_set(sigset_t *sleeping)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&held, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &held, sleeping);
}

static int opened(const char *interface)
{
	int fd = wire_open(interface);

	if (fd < 0)
		fprintf(stderr, "sluice-link: %s: %s\n", interface, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	static struct wire wires[LINK_WAYS];
	struct link link = {.wires = wires};
	sigset_t sleeping;
	int client, host;

	if (argc != 4) {
		fputs("usage: sluice-link CLIENT-INTERFACE HOST-INTERFACE SETTINGS-FILE\n"
		      "SIGHUP reads the file again; a line of JSON a second and way says what it "
		      "did\n",
		      stderr);
		return 2;
	}
	client = opened(argv[1]);
	host = opened(argv[2]);
	if (client < 0 || host < 0)
		return 1;
	if (wire_init(&wires[LINK_UP], client, host) < 0 ||
	    wire_init(&wires[LINK_DOWN], host, client) < 0) {
		fputs("sluice-link: no memory\n", stderr);
		return 1;
	}
	link.settings = argv[3];
	for (int i = 0; i < LINK_WAYS; i++)
		way_init(&link.ways[i], 0x9e3779b97f4a7c15ull + (uint64_t)i);
	settings_take(&link);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Without it frames are later, and the lines say so. */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = PRIORITY});
	signals_set(&sleeping);
	link_run(&link, &sleeping);
	return 0;
}
