/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures begin and end in the control thread, which never waits for a reader. */
#include "capture/capture.h"

#include "capture/program.h"
#include "capture/state.h"
#include "common/log.h"
#include "common/refuse.h"

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAP_MIN      64
#define BUFFER_MIN_KB 64
#define BUFFER_MAX_KB 65536
#define TICK_US       20000
#define LOG_MAX       512
/* At the dataplane's own end a reader that is stuck is not waited for. */
#define DESTROY_TICKS 60

struct capture_control {
	struct event *timer;
	uint32_t last_id;
	uint32_t count;
	struct capture *list[CAPTURES_MAX];
};

/* -- what is asked for -- */

static int wanted_check(const struct dataplane *dp, const struct sluice_capture *wanted, char *why)
{
	const struct sluice_capture_filter *filter = &wanted->filter;

	if (wanted->snap < SNAP_MIN || wanted->snap > UINT16_MAX)
		return refuse(why, -EINVAL, "snap %u: expected %u to %u bytes", wanted->snap,
		              SNAP_MIN, UINT16_MAX);
	if (wanted->buffer_kb < BUFFER_MIN_KB || wanted->buffer_kb > BUFFER_MAX_KB)
		return refuse(why, -EINVAL, "buffer %u: expected %u to %u KiB", wanted->buffer_kb,
		              BUFFER_MIN_KB, BUFFER_MAX_KB);
	if (filter->program_length != 0 && !program_valid(filter->program, filter->program_length))
		return refuse(why, -EINVAL,
		              "the BPF program is not valid: at most %u instructions, no jumps "
		              "backwards",
		              SLUICE_CAPTURE_PROGRAM_MAX);
	if ((filter->points & 1u << SLUICE_CAPTURE_DECRYPTED) && !dp->options.allow_decrypted)
		return refuse(why, -EPERM,
		              "decrypted media is not shown: sluice-dataplane runs without "
		              "--allow-decrypted");
	return 0;
}

/* A writer that blocks could not be stopped: what may block for long must not. */
static int descriptor_check(int fd, char *why)
{
	struct stat status;
	int flags = fcntl(fd, F_GETFL);

	if (fd < 0 || flags < 0 || fstat(fd, &status) != 0)
		return refuse(why, -EBADF, "no descriptor came with the request");
	if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH) != 0)
		return refuse(why, -EBADF, "the descriptor is not open for writing");
	if (S_ISREG(status.st_mode))
		return 0;
	if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode))
		return refuse(why, -EBADF, "the descriptor is no file, pipe or socket");
	if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return refuse(why, -errno, "the descriptor: %s", strerror(errno));
	return 0;
}

/* -- memory -- */

static uint32_t power_of_two_below(uint32_t value)
{
	return 1u << (31 - __builtin_clz(value));
}

/* Of one ring; its slots are followed by room for one packet. */
static size_t ring_size(const struct capture *capture, uint32_t *slot, uint32_t *slots)
{
	*slot = RTE_ALIGN_CEIL((uint32_t)sizeof(struct capture_record) + capture->wanted.snap,
	                       RTE_CACHE_LINE_SIZE);
	*slots = power_of_two_below(RTE_MAX(capture->wanted.buffer_kb * 1024 / *slot, 1u));
	return (size_t)*slots * *slot + RTE_ALIGN_CEIL(capture->packet_max, RTE_CACHE_LINE_SIZE);
}

static size_t memory_taken(const struct capture_control *control)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < control->count; i++)
		sum += control->list[i]->memory_size;
	return sum;
}

/* Pages come when they are touched: the writer sees to that, this thread has other things to do. */
static int memory_create(struct capture *capture, char *why)
{
	size_t taken = memory_taken(capture->dp->capture_control);
	size_t most = (size_t)capture->dp->options.capture_mb << 20;

	if (taken > most || capture->memory_size > most - taken)
		return refuse(why, -ENOSPC,
		              "buffers of %zu KiB: captures may have %u MiB together, and have %zu",
		              capture->memory_size >> 10, capture->dp->options.capture_mb,
		              taken >> 20);
	capture->memory = mmap(NULL, capture->memory_size, PROT_READ | PROT_WRITE,
	                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (capture->memory == MAP_FAILED)
		return refuse(why, -ENOMEM, "no memory for buffers of %zu KiB",
		              capture->memory_size >> 10);
	madvise(capture->memory, capture->memory_size, MADV_HUGEPAGE);
	return 0;
}

static int rings_create(struct capture *capture, char *why)
{
	uint32_t slot, slots;
	size_t size;
	int error;

	capture->packet_max = capture->dp->options.mbuf_size + VIEW_HEADERS_MAX;
	capture->wanted.snap = RTE_MIN(capture->wanted.snap, capture->packet_max);
	size = ring_size(capture, &slot, &slots);
	capture->n_rings = capture->dp->n_workers + 1u;
	capture->memory_size = capture->n_rings * size;
	capture->rings =
	        aligned_alloc(RTE_CACHE_LINE_SIZE, capture->n_rings * sizeof(struct capture_ring));
	if (capture->rings == NULL)
		return refuse(why, -ENOMEM, "no memory for a capture");
	error = memory_create(capture, why);
	if (error != 0)
		return error;
	for (uint32_t i = 0; i < capture->n_rings; i++)
		capture->rings[i] = (struct capture_ring){
		        .slots = (uint8_t *)capture->memory + i * size,
		        .scratch = (uint8_t *)capture->memory + i * size + (size_t)slots * slot,
		        .mask = slots - 1,
		        .slot_size = slot,
		        .random = 0x9e3779b9u * (i + 1) + capture->id,
		};
	return 0;
}

static void capture_free(struct capture *capture)
{
	if (capture->next_fd >= 0)
		close(capture->next_fd);
	if (capture->memory != NULL && capture->memory != MAP_FAILED)
		munmap(capture->memory, capture->memory_size);
	pthread_mutex_destroy(&capture->lock);
	free(capture->rings);
	free(capture);
}

static void interfaces_copy(struct capture *capture)
{
	const struct ports *ports = capture->dp->ports;

	for (uint16_t i = 0; i < ports->count; i++) {
		if (!ports->table[i].used)
			continue;
		memcpy(capture->interfaces[i].name, ports->table[i].name,
		       sizeof(capture->interfaces[i].name));
		capture->interfaces[i].mac = ports->table[i].mac;
	}
}

static struct capture *capture_new(const struct dataplane *dp, const struct sluice_capture *wanted,
                                   const struct capture_client *client)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (capture == NULL)
		return NULL;
	capture->dp = dp;
	capture->wanted = *wanted;
	capture->client = *client;
	capture->next_fd = -1;
	pthread_mutex_init(&capture->lock, NULL);
	interfaces_copy(capture);
	return capture;
}

/* -- what workers see -- */

static struct capture_set *set_make(const struct capture_control *control)
{
	struct capture_set *set = calloc(1, sizeof(*set));

	for (uint32_t i = 0; set != NULL && i < control->count; i++) {
		if (!control->list[i]->in_set)
			continue;
		set->list[set->count].capture = control->list[i];
		set->list[set->count].rings = control->list[i]->rings;
		set->list[set->count++].points = control->list[i]->filter.points;
		set->points |= control->list[i]->filter.points;
	}
	if (set != NULL && set->count > 0)
		return set;
	free(set);
	return NULL;
}

static struct dataplane *dataplane_of(const struct capture *capture)
{
	return (struct dataplane *)(uintptr_t)capture->dp;
}

/* Afterwards no worker copies for a capture that is not in the set. -ENOMEM: as it was. */
static int set_publish(struct dataplane *dp)
{
	struct capture_set *before = dp->captures, *set = set_make(dp->capture_control);
	bool wanted = false;

	for (uint32_t i = 0; i < dp->capture_control->count; i++)
		wanted |= dp->capture_control->list[i]->in_set;
	if (set == NULL && wanted)
		return -ENOMEM;
	__atomic_store_n(&dp->captures, set, __ATOMIC_RELEASE);
	dataplane_quiesce(dp);
	free(before);
	return 0;
}

/* -- life -- */

static void points_text(uint32_t points, char *text, size_t room)
{
	static const char *const names[] = {"received", "sent", "dropped", "DECRYPTED"};
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < SLUICE_CAPTURE_POINTS; i++)
		if (points & 1u << i)
			used += (size_t)snprintf(text + used, room - used, " %s", names[i]);
}

/* Who sees plaintext is told whatever the log's levels are. */
static void capture_log(const struct capture *capture, const char *text)
{
	if (capture->filter.points & 1u << SLUICE_CAPTURE_DECRYPTED)
		log_always(SLUICE_LOG_CAPTURE, SLUICE_LOG_WARNING, "%s", text);
	else
		log_info(SLUICE_LOG_CAPTURE, "%s", text);
}

static void start_log(const struct capture *capture)
{
	const struct sluice_capture_filter *filter = &capture->wanted.filter;
	char points[64], text[LOG_MAX];

	points_text(filter->points, points, sizeof(points));
	snprintf(text, sizeof(text), "capture %u: process %u of user %u looks at packets%s%s%s%s%s",
	         capture->id, capture->client.pid, capture->client.uid, points,
	         filter->endpoint[0] != '\0' ? ", endpoint " : "", filter->endpoint,
	         filter->stream[0] != '\0' ? ", stream " : "", filter->stream);
	capture_log(capture, text);
}

static void end_log(const struct capture *capture)
{
	static const char *const words[] = {
	        [SLUICE_CAPTURE_RUNNING] = "ended",
	        [SLUICE_CAPTURE_STOPPED] = "was stopped",
	        [SLUICE_CAPTURE_LIMIT] = "has what was wanted",
	        [SLUICE_CAPTURE_GONE] = "ended: its reader is gone",
	        [SLUICE_CAPTURE_STUCK] = "ended: its reader is stuck",
	        [SLUICE_CAPTURE_FAILED] = "ended: writing failed: ",
	};
	struct sluice_capture_row row;
	char text[LOG_MAX];

	capture_row(capture, &row);
	snprintf(text, sizeof(text), "capture %u %s%s: %lu packets, %lu lost", row.id,
	         words[row.state], row.state == SLUICE_CAPTURE_FAILED ? strerror(-row.error) : "",
	         row.packets, row.lost);
	capture_log(capture, text);
}

static int thread_start(struct capture *capture, int fd, char *why)
{
	int error;

	capture->first_fd = fd;
	error = pthread_create(&capture->thread, NULL, capture_write, capture);
	return error == 0 ? 0 : refuse(why, -error, "no thread: %s", strerror(error));
}

int capture_start(struct dataplane *dp, const struct sluice_capture *wanted, int fd,
                  const struct capture_client *client, struct capture **started, char *why)
{
	const struct timeval period = {.tv_usec = TICK_US};
	struct capture_control *control = dp->capture_control;
	struct capture *capture;
	int error = wanted_check(dp, wanted, why);
	struct filter filter;

	if (error == 0)
		error = filter_make(&filter, dp, &wanted->filter, why);
	if (error == 0)
		error = descriptor_check(fd, why);
	if (error == 0 && control->count == CAPTURES_MAX)
		error = refuse(why, -ENOSPC, "%u captures run, and no more at once", CAPTURES_MAX);
	if (error == 0 && control->timer != NULL && event_add(control->timer, &period) != 0)
		error = refuse(why, -ENOMEM, "no memory for a capture");
	if (error != 0)
		return error;
	capture = capture_new(dp, wanted, client);
	if (capture == NULL)
		return refuse(why, -ENOMEM, "no memory for a capture");
	capture->filter = filter;
	capture->id = ++control->last_id;
	error = rings_create(capture, why);
	if (error == 0)
		error = thread_start(capture, fd, why);
	if (error != 0) {
		capture_free(capture);
		return error;
	}
	start_log(capture);
	control->list[control->count++] = capture;
	*started = capture;
	return 0;
}

bool capture_begun(struct capture *capture)
{
	if (capture->in_set || capture->stop ||
	    __atomic_load_n(&capture->state, __ATOMIC_ACQUIRE) != SLUICE_CAPTURE_RUNNING)
		return true;
	if (!__atomic_load_n(&capture->ready, __ATOMIC_ACQUIRE))
		return false;
	capture->in_set = true;
	if (set_publish(dataplane_of(capture)) != 0)
		capture->in_set = false; /* the next look tries again */
	return capture->in_set;
}

int capture_file_next(struct capture *capture, int fd, char *why)
{
	int error = descriptor_check(fd, why);

	if (error != 0)
		return error;
	pthread_mutex_lock(&capture->lock);
	if (capture->next_fd >= 0)
		error = -EBUSY;
	else
		capture->next_fd = fd;
	pthread_mutex_unlock(&capture->lock);
	return error == 0 ? 0 : refuse(why, error, "the next file is there already");
}

static void set_leave(struct capture *capture)
{
	if (!capture->in_set)
		return;
	capture->in_set = false;
	if (set_publish(dataplane_of(capture)) != 0)
		capture->in_set = true; /* the next tick tries again; its state ends the copying */
}

void capture_stop(struct capture *capture)
{
	set_leave(capture);
	__atomic_store_n(&capture->stop, 1, __ATOMIC_RELEASE);
}

void capture_release(struct capture *capture)
{
	capture_stop(capture);
	capture->released = true;
}

/* True: it has ended, and can be forgotten. */
static bool capture_tend(struct capture *capture)
{
	if (__atomic_load_n(&capture->state, __ATOMIC_ACQUIRE) != SLUICE_CAPTURE_RUNNING)
		set_leave(capture);
	else
		capture_begun(capture);
	/* ports come while it runs */
	pthread_mutex_lock(&capture->lock);
	interfaces_copy(capture);
	pthread_mutex_unlock(&capture->lock);
	if (!__atomic_load_n(&capture->done, __ATOMIC_ACQUIRE))
		return false;
	if (!capture->joined) {
		pthread_join(capture->thread, NULL);
		capture->joined = true;
		end_log(capture);
	}
	return capture->released && !capture->in_set;
}

void captures_tick(struct dataplane *dp)
{
	struct capture_control *control = dp->capture_control;

	for (uint32_t i = 0; i < control->count;) {
		if (!capture_tend(control->list[i])) {
			i++;
			continue;
		}
		capture_free(control->list[i]);
		control->list[i] = control->list[--control->count];
	}
}

void capture_row(const struct capture *capture, struct sluice_capture_row *row)
{
	*row = (struct sluice_capture_row){
	        .id = capture->id,
	        .points = capture->filter.points,
	        .pid = capture->client.pid,
	        .uid = capture->client.uid,
	        .done = __atomic_load_n(&capture->done, __ATOMIC_ACQUIRE),
	        .state = __atomic_load_n(&capture->state, __ATOMIC_ACQUIRE),
	        .error = __atomic_load_n(&capture->error, __ATOMIC_RELAXED),
	        .files = __atomic_load_n(&capture->files, __ATOMIC_RELAXED),
	        .packets = __atomic_load_n(&capture->packets, __ATOMIC_RELAXED),
	        .bytes = __atomic_load_n(&capture->bytes, __ATOMIC_RELAXED),
	};
	for (uint32_t i = 0; i < CAPTURE_INTERFACES; i++)
		row->lost += capture_lost(capture, i);
}

uint32_t capture_show(struct dataplane *dp, uint32_t *cursor, struct sluice_capture_row *rows,
                      uint32_t max)
{
	const struct capture_control *control = dp->capture_control;
	uint32_t count = 0;

	while (count < max && *cursor < control->count)
		capture_row(control->list[(*cursor)++], &rows[count++]);
	return count;
}

/* As long as there are any. */
static void tick(evutil_socket_t fd, short what, void *arg)
{
	const struct capture_control *control = ((struct dataplane *)arg)->capture_control;

	captures_tick(arg);
	if (control->count == 0)
		event_del(control->timer);
}

static int create(struct dataplane *dp)
{
	struct capture_control *control = calloc(1, sizeof(*control));

	dp->capture_control = control;
	if (control == NULL)
		return -ENOMEM;
	if (dp->events == NULL)
		return 0;
	control->timer = event_new(dp->events, -1, EV_PERSIST, tick, dp);
	return control->timer != NULL ? 0 : -ENOMEM;
}

static void end(struct dataplane *dp)
{
	struct capture_control *control = dp->capture_control;
	const struct timespec pause = {.tv_nsec = TICK_US * 1000};

	if (control == NULL)
		return;
	if (control->timer != NULL)
		event_free(control->timer);
	for (uint32_t i = 0; i < control->count; i++)
		capture_release(control->list[i]);
	captures_tick(dp);
	for (int i = 0; control->count > 0 && i < DESTROY_TICKS; i++) {
		nanosleep(&pause, NULL);
		captures_tick(dp);
	}
	/* a thread that a disk holds keeps its memory until the process ends */
	free(control);
	dp->capture_control = NULL;
}

const struct part captures_part = {
        .name = "captures",
        .create = create,
        .end = end,
};
