/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-dataplane: starts the parts in order, and ends them in reverse. */
#include "api/api.h"
#include "common/notify.h"
#include "common/privilege.h"
#include "common/watchdog.h"
#include "config.h"
#include "dataplane.h"
#include "eal.h"
#include "common/log.h"
#include "ledger/ledger.h"
#include "net/pci.h"
#include "stream/stream.h"
#include "take_over.h"

#include <event2/event.h>
#include <rte_launch.h>

#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What adding a port at run time takes: AF_XDP sockets and their pinned memory, loading and
 * attaching the gate, TAP twins; and TURN's listening sockets at ports below 1024. */
#define CONTROL_PRIVILEGES                                                                         \
	(PRIVILEGE(CAP_NET_ADMIN) | PRIVILEGE(CAP_NET_RAW) | PRIVILEGE(CAP_BPF) |                  \
	 PRIVILEGE(CAP_PERFMON) | PRIVILEGE(CAP_IPC_LOCK) | PRIVILEGE(CAP_NET_BIND_SERVICE))
/* And devices without an IOMMU before them, which are given physical addresses. */
#define NOIOMMU_PRIVILEGES (PRIVILEGE(CAP_SYS_RAWIO) | PRIVILEGE(CAP_SYS_ADMIN))

static const struct timeval second = {.tv_sec = 1};

static void tick(evutil_socket_t fd, short what, void *arg)
{
	dataplane_tick(arg);
}

static void stop(evutil_socket_t number, short what, void *events)
{
	log_info(SLUICE_LOG_PROCESS, "stopping on signal %d", (int)number);
	event_base_loopbreak(events);
}

/* A worker touches packets and its own memory: it needs no privilege at all. */
static int worker_thread(void *worker)
{
	int ret = privilege_keep(0);

	if (ret != 0)
		log_warning(SLUICE_LOG_PROCESS, "a worker keeps its privileges: %s",
		            strerror(-ret));
	return worker_main(worker);
}

static int workers_launch(struct dataplane *dp)
{
	for (uint16_t i = 0; i < dp->n_workers; i++) {
		struct worker *worker = dp->workers[i];
		int ret = rte_eal_remote_launch(worker_thread, worker, worker->lcore);

		if (ret != 0) {
			log_error(SLUICE_LOG_PROCESS, "worker %u does not start on lcore %u: %s", i,
			          worker->lcore, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

/* Of the control thread, which asks, of the workers and of the stream threads. */
struct progress {
	const struct dataplane *dp;
	uint64_t walks[WORKERS_MAX]; /* as they were at the last look */
	uint64_t rounds[STREAM_THREADS_MAX];
};

/* now: how often it has looked round; *before: the same at the last look. */
static bool has_moved(const char *what, uint32_t number, uint64_t now, uint64_t *before)
{
	bool moved = now != *before;

	if (!moved)
		log_error(SLUICE_LOG_PROCESS, "%s %u makes no progress", what, number);
	*before = now;
	return moved;
}

/* A worker that rests goes round now and then as well. While another process takes our place the
 * service manager hears nothing: that is over between two looks, or ends. */
static bool progress_made(void *arg)
{
	struct progress *progress = arg;
	const struct dataplane *dp = progress->dp;
	uint64_t rounds;
	bool made = true;

	if (dp->hand_over != HAND_OVER_NONE)
		return false;
	for (uint16_t i = 0; i < dp->n_workers; i++)
		made &= has_moved("worker", i,
		                  __atomic_load_n(&dp->workers[i]->walks, __ATOMIC_RELAXED),
		                  &progress->walks[i]);
	for (uint32_t i = 0; i < STREAM_THREADS_MAX; i++)
		if (stream_rounds(dp, i, &rounds))
			made &= has_moved("stream thread", i, rounds, &progress->rounds[i]);
	return made;
}

/* As a killed process ends: names of sockets and maps are the other one's. Sockets go first: what
 * comes to TURN's listeners is the other one's, and memory takes its time. */
static void hand_over_end(void)
{
	log_info(SLUICE_LOG_PROCESS, "handed over: another process goes on");
	close_range(STDERR_FILENO + 1, ~0u, 0);
	_exit(EXIT_SUCCESS);
}

/* Serves until a signal comes. */
static int serve(struct dataplane *dp, const struct seqpacket_listener *listener)
{
	const struct succession *succession = dp->options.succession;
	struct api_server *server = api_server_create(dp, listener);
	struct event *events[] = {
	        event_new(dp->events, -1, EV_PERSIST, tick, dp),
	        evsignal_new(dp->events, SIGTERM, stop, dp->events),
	        evsignal_new(dp->events, SIGINT, stop, dp->events),
	};
	struct progress progress = {.dp = dp};
	struct watchdog *watchdog = NULL;
	int ret = server == NULL ? -1 : 0;

	if (ret == 0)
		ret = watchdog_create(&watchdog, dp->events, progress_made, &progress);
	for (size_t i = 0; i < RTE_DIM(events) && ret == 0; i++)
		ret = events[i] == NULL ? -1 : event_add(events[i], i == 0 ? &second : NULL);
	if (ret != 0)
		log_error(SLUICE_LOG_PROCESS, "no memory to serve");
	else
		ret = workers_launch(dp);
	dp->listener = listener;
	if (ret == 0) {
		tick(-1, 0, dp);
		log_info(SLUICE_LOG_PROCESS, "ready: %u worker%s, %s", dp->n_workers,
		         dp->n_workers == 1 ? "" : "s", listener->path);
		notify_send("READY=1");
		if (succession != NULL)
			take_over_done(succession->arg);
		event_base_dispatch(dp->events);
		if (dp->hand_over != HAND_OVER_NONE) /* or a signal came meanwhile */
			hand_over_end();
		notify_send("STOPPING=1");
	}
	watchdog_destroy(watchdog);
	dataplane_stop(dp);
	for (size_t i = 0; i < RTE_DIM(events); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	api_server_destroy(server);
	return ret;
}

static int run(const struct config *config, const struct seqpacket_listener *listener)
{
	struct event_base *events = NULL;
	struct dataplane *dp = NULL;
	int ret = eal_start(config);

	if (ret != 0)
		return ret;
	events = event_base_new();
	if (events != NULL)
		dp = dataplane_create(&config->options, events);
	ret = dp != NULL ? serve(dp, listener) : -1;
	dataplane_destroy(dp);
	if (events != NULL)
		event_base_free(events);
	eal_end();
	return ret;
}

/* AF_XDP pins its packets' memory. What may not be raised shows when a port is added. */
static void locked_memory_raise(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* Before any thread is there, so that each inherits it. */
static void privileges_drop(const struct config *config)
{
	int ret;

	locked_memory_raise();
	ret = privilege_keep(CONTROL_PRIVILEGES | (pci_noiommu_allowed() ? NOIOMMU_PRIVILEGES : 0));
	if (ret != 0)
		log_warning(SLUICE_LOG_PROCESS, "privileges stay: %s", strerror(-ret));
	ret = config->allow_core ? 0 : privilege_memory_hide();
	if (ret != 0)
		log_warning(SLUICE_LOG_PROCESS, "core files may be written: %s", strerror(-ret));
}

static int socket_take(struct config *config, struct seqpacket_listener *listener,
                       struct take_over *take_over)
{
	const char *path = config->options.socket_path;
	char why[SLUICE_API_ERROR_MAX];

	if (config->take_over) {
		config->options.succession = &take_over->succession;
		return take_over_begin(take_over, path, listener);
	}
	if (seqpacket_listen(listener, path, why) != 0) {
		log_error(SLUICE_LOG_PROCESS, "%s", why);
		return -1;
	}
	/* nobody goes on with it once we have */
	if (config->options.ledger == NULL)
		ledger_remove(config->ledger);
	return 0;
}

int main(int argc, char **argv)
{
	struct seqpacket_listener listener = {.fd = -1, .lock = -1};
	struct take_over take_over;
	struct config config;
	int ret;

	switch (config_parse(&config, argc, argv)) {
	case CONFIG_DONE:
		return EXIT_SUCCESS;
	case CONFIG_WRONG:
		return EXIT_FAILURE;
	case CONFIG_RUN:
		break;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* a closed terminal must not end media */
	/* first of all: a second instance must not touch the ports of the one that runs */
	if (socket_take(&config, &listener, &take_over) != 0)
		return EXIT_FAILURE;
	privileges_drop(&config);
	ret = run(&config, &listener);
	seqpacket_listener_close(&listener);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
