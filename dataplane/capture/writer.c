/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that writes a capture: rings in, pcapng out. It alone ever waits for the reader. */
#include "capture/pcapng.h"
#include "capture/state.h"
#include "common/clock.h"
#include "common/privilege.h"

#include <rte_cycles.h>
#include <rte_graph.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BUFFER_SIZE (256 * 1024)
/* Room that the next packet may need: its bytes and its block. */
#define PACKET_ROOM (UINT16_MAX + PCAPNG_BLOCK_MAX)
/* A packet's block has no less: its fields, flags and queue. */
#define PACKET_MIN 48
#define IDLE_NS    1000000
#define POLL_MS    50
#define NSEC       1000000000ull
/* A capture that is stopped has so long to get rid of what it holds. */
#define END_MS        500
#define NO_INTERFACE  UINT32_MAX
#define COMMENT_MAX   160
#define RECORDS_BURST 256

static_assert(BUFFER_SIZE > 2 * PACKET_ROOM, "a packet fits behind another one");

struct writer {
	struct capture *capture;
	int fd;
	struct pcapng pcapng;
	uint64_t hz;
	/* a moment on both clocks, renewed all the time: what is written is younger by little */
	uint64_t anchor_tsc, anchor_ns;
	uint64_t begin_ns;
	uint64_t started_ms, stop_ms, file_ms; /* CLOCK_MONOTONIC */
	uint64_t file_bytes;
	/* where packets in the buffer end: what is flushed is written */
	uint32_t n_ends;
	uint32_t ends[BUFFER_SIZE / PACKET_MIN];
	uint32_t n_interfaces;
	uint32_t interfaces[CAPTURE_INTERFACES]; /* numbers in this file */
	uint64_t written[CAPTURE_INTERFACES];
};

static void anchor_set(struct writer *writer)
{
	writer->anchor_tsc = rte_rdtsc();
	writer->anchor_ns = clock_ns(CLOCK_REALTIME);
}

static uint64_t time_of(const struct writer *writer, uint64_t tsc)
{
	int64_t ticks = (int64_t)(tsc - writer->anchor_tsc);

	return writer->anchor_ns + (uint64_t)(int64_t)((double)ticks * NSEC / (double)writer->hz);
}

/* -- out -- */

static bool stopping(const struct writer *writer)
{
	return __atomic_load_n(&writer->capture->stop, __ATOMIC_ACQUIRE) != 0;
}

/* Whether a reader that takes nothing has had enough time. */
static bool patience_over(struct writer *writer, uint64_t since_ms)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (stopping(writer) && writer->stop_ms == 0)
		writer->stop_ms = now;
	return now - since_ms > CAPTURE_STUCK_MS ||
	       (writer->stop_ms != 0 && now - writer->stop_ms > END_MS);
}

/* False: the capture has ended for it. */
static bool output_failed(struct writer *writer, int error)
{
	capture_end(writer->capture, error == EPIPE ? SLUICE_CAPTURE_GONE : SLUICE_CAPTURE_FAILED,
	            -error);
	return false;
}

/* Packets whose last byte lies before `at`, from the `counted`th on; returns how many there are. */
static uint32_t packets_count(struct writer *writer, uint32_t counted, size_t at)
{
	uint32_t from = counted;

	while (counted < writer->n_ends && writer->ends[counted] <= at)
		counted++;
	__atomic_add_fetch(&writer->capture->packets, counted - from, __ATOMIC_RELAXED);
	return counted;
}

static bool buffer_flush(struct writer *writer)
{
	struct pcapng *pcapng = &writer->pcapng;
	uint64_t progress_ms = clock_ms(CLOCK_MONOTONIC);
	uint32_t counted = 0;
	size_t at = 0;

	while (at < pcapng->length) {
		struct pollfd reader = {.fd = writer->fd, .events = POLLOUT};
		ssize_t n = write(writer->fd, pcapng->bytes + at, pcapng->length - at);

		if (n > 0) {
			at += (size_t)n;
			counted = packets_count(writer, counted, at);
			progress_ms = clock_ms(CLOCK_MONOTONIC);
			__atomic_add_fetch(&writer->capture->bytes, (uint64_t)n, __ATOMIC_RELAXED);
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return output_failed(writer, errno);
		} else if (patience_over(writer, progress_ms)) {
			capture_end(writer->capture, SLUICE_CAPTURE_STUCK, -ETIMEDOUT);
			return false;
		} else {
			poll(&reader, 1, POLL_MS);
		}
	}
	writer->file_bytes += pcapng->length;
	pcapng->length = 0;
	writer->n_ends = 0;
	return true;
}

static bool room_make(struct writer *writer, size_t size)
{
	return writer->pcapng.room - writer->pcapng.length >= size || buffer_flush(writer);
}

/* -- files -- */

static void file_begin(struct writer *writer)
{
	for (uint32_t i = 0; i < CAPTURE_INTERFACES; i++)
		writer->interfaces[i] = NO_INTERFACE;
	writer->n_interfaces = 0;
	writer->file_bytes = 0;
	writer->file_ms = clock_ms(CLOCK_MONOTONIC);
	pcapng_section(&writer->pcapng, "sluice-dataplane " SLUICE_VERSION_TEXT,
	               writer->capture->wanted.note);
	__atomic_add_fetch(&writer->capture->files, 1, __ATOMIC_RELAXED);
}

static bool interface_write(struct writer *writer, uint32_t interface)
{
	struct capture *capture = writer->capture;
	bool decrypted = interface >= PORTS_MAX;
	struct capture_interface port;
	char name[sizeof(port.name) + sizeof(" decrypted")];

	if (writer->interfaces[interface] != NO_INTERFACE)
		return true;
	if (!room_make(writer, PCAPNG_BLOCK_MAX))
		return false;
	pthread_mutex_lock(&capture->lock);
	port = capture->interfaces[interface % PORTS_MAX];
	pthread_mutex_unlock(&capture->lock);
	snprintf(name, sizeof(name), "%.*s%s", (int)sizeof(port.name), port.name,
	         decrypted ? " decrypted" : "");
	pcapng_interface(
	        &writer->pcapng,
	        &(struct pcapng_interface){
	                .name = name,
	                .description = decrypted ? "plaintext of what the port received" : NULL,
	                .mac = port.mac.addr_bytes,
	                .snap = capture->wanted.snap,
	        });
	writer->interfaces[interface] = writer->n_interfaces++;
	return true;
}

/* What was lost stands here, of ports too that have nothing else in this file. */
static void statistics_write(struct writer *writer)
{
	anchor_set(writer);
	for (uint32_t i = 0; i < CAPTURE_INTERFACES; i++) {
		uint64_t lost = capture_lost(writer->capture, i);

		if (writer->interfaces[i] == NO_INTERFACE &&
		    (lost == 0 || !interface_write(writer, i)))
			continue;
		if (!room_make(writer, PCAPNG_BLOCK_MAX))
			return;
		pcapng_statistics(&writer->pcapng, &(struct pcapng_statistics){
		                                           .interface = writer->interfaces[i],
		                                           .begin = writer->begin_ns,
		                                           .end = writer->anchor_ns,
		                                           .received = writer->written[i] + lost,
		                                           .lost = lost,
		                                           .written = writer->written[i],
		                                   });
	}
}

static bool file_end(struct writer *writer)
{
	statistics_write(writer);
	return buffer_flush(writer);
}

static bool file_is_full(const struct writer *writer)
{
	const struct sluice_capture *wanted = &writer->capture->wanted;

	return (wanted->file_bytes != 0 &&
	        writer->file_bytes + writer->pcapng.length >= wanted->file_bytes) ||
	       (wanted->file_seconds != 0 && clock_ms(CLOCK_MONOTONIC) - writer->file_ms >=
	                                             wanted->file_seconds * UINT64_C(1000));
}

/* To the next file, once there is one. */
static bool file_rotate(struct writer *writer)
{
	struct capture *capture = writer->capture;
	int next;

	if (!file_is_full(writer))
		return true;
	pthread_mutex_lock(&capture->lock);
	next = capture->next_fd;
	capture->next_fd = -1;
	pthread_mutex_unlock(&capture->lock);
	if (next < 0)
		return true;
	if (!file_end(writer)) {
		close(next);
		return false;
	}
	close(writer->fd);
	writer->fd = next;
	file_begin(writer);
	return true;
}

/* -- packets -- */

/* srtp_encrypt has a loop of its own, and these reasons to itself. */
static const char *node_name(const struct capture_record *record)
{
	const char *name;

	if (record->reason == DROP_SRTP_CIPHER || record->reason == DROP_MEDIA_BACKLOG)
		return "srtp_encrypt";
	name = record->node < rte_node_max_count() ? rte_node_id_to_name(record->node) : NULL;
	return name != NULL ? name : "drop";
}

static void comment_write(char comment[COMMENT_MAX], const struct capture_record *record)
{
	const struct drop_reason_info *reason =
	        &drop_reasons[record->reason < DROP_REASONS ? record->reason : DROP_NONE];

	switch (record->point) {
	case SLUICE_CAPTURE_RECEIVED:
		snprintf(comment, COMMENT_MAX, "received, node port_rx");
		break;
	case SLUICE_CAPTURE_SENT:
		snprintf(comment, COMMENT_MAX, "sent, node port_tx");
		break;
	case SLUICE_CAPTURE_DECRYPTED:
		snprintf(comment, COMMENT_MAX, "decrypted, node media_route");
		break;
	default:
		snprintf(comment, COMMENT_MAX, "dropped, node %s, reason %s: %s", node_name(record),
		         reason->name, reason->help);
	}
}

static bool record_write(struct writer *writer, const struct capture_record *record)
{
	static const enum pcapng_direction directions[] = {
	        [SLUICE_CAPTURE_IN] = PCAPNG_INBOUND,
	        [SLUICE_CAPTURE_OUT] = PCAPNG_OUTBOUND,
	};
	char comment[COMMENT_MAX];

	if (!interface_write(writer, record->interface) || !room_make(writer, PACKET_ROOM))
		return false;
	comment_write(comment, record);
	pcapng_packet(&writer->pcapng, &(struct pcapng_packet){
	                                       .interface = writer->interfaces[record->interface],
	                                       .time = time_of(writer, record->tsc),
	                                       .length = record->length,
	                                       .captured = record->captured,
	                                       .data = record->data,
	                                       .queue = record->queue,
	                                       .direction = directions[record->direction],
	                                       .comment = comment,
	                               });
	writer->written[record->interface]++;
	writer->ends[writer->n_ends++] = (uint32_t)writer->pcapng.length;
	return true;
}

/* The oldest of all rings' records. */
static struct capture_ring *oldest_find(const struct capture *capture,
                                        const struct capture_record **oldest)
{
	struct capture_ring *found = NULL;

	*oldest = NULL;
	for (uint32_t i = 0; i < capture->n_rings; i++) {
		const struct capture_record *record = ring_peek(&capture->rings[i]);

		if (record == NULL || (*oldest != NULL && (*oldest)->tsc <= record->tsc))
			continue;
		*oldest = record;
		found = &capture->rings[i];
	}
	return found;
}

static void limits_check(struct writer *writer)
{
	const struct capture *capture = writer->capture;
	const struct sluice_capture *wanted = &capture->wanted;

	if ((wanted->max_packets != 0 &&
	     capture->packets + writer->n_ends >= wanted->max_packets) ||
	    (wanted->max_bytes != 0 &&
	     capture->bytes + writer->pcapng.length >= wanted->max_bytes) ||
	    (wanted->max_seconds != 0 && clock_ms(CLOCK_MONOTONIC) - writer->started_ms >=
	                                         wanted->max_seconds * UINT64_C(1000)))
		capture_end(writer->capture, SLUICE_CAPTURE_LIMIT, 0);
}

static bool running(const struct writer *writer)
{
	return __atomic_load_n(&writer->capture->state, __ATOMIC_ACQUIRE) == SLUICE_CAPTURE_RUNNING;
}

/* Returns how many were there; the capture may have ended meanwhile. */
static uint32_t rings_drain(struct writer *writer)
{
	const struct capture_record *record;
	uint32_t count = 0;

	anchor_set(writer);
	while (count < RECORDS_BURST && running(writer)) {
		struct capture_ring *ring = oldest_find(writer->capture, &record);

		if (ring == NULL || !record_write(writer, record))
			break;
		ring_advance(ring);
		count++;
		limits_check(writer);
	}
	return count;
}

/* What waits in the rings when it is stopped is written still. */
static void capture_run(struct writer *writer)
{
	const struct timespec idle = {.tv_nsec = IDLE_NS};

	while (running(writer)) {
		bool last = stopping(writer);

		if (rings_drain(writer) > 0) {
			file_rotate(writer);
			continue;
		}
		limits_check(writer);
		if (!buffer_flush(writer) || !file_rotate(writer))
			break;
		if (last)
			capture_end(writer->capture, SLUICE_CAPTURE_STOPPED, 0);
		else
			nanosleep(&idle, NULL);
	}
}

/* A reader that is stuck or gone gets no last block. */
static void capture_finish(struct writer *writer)
{
	uint32_t state = writer->capture->state;

	if (state == SLUICE_CAPTURE_STOPPED || state == SLUICE_CAPTURE_LIMIT)
		file_end(writer);
	close(writer->fd);
	free(writer->pcapng.bytes);
	__atomic_store_n(&writer->capture->done, 1, __ATOMIC_RELEASE);
}

/* What this thread waits for, neither the control thread nor a worker waits for. */
static void memory_touch(struct capture *capture)
{
	const long page = sysconf(_SC_PAGESIZE);
	volatile uint8_t *bytes = capture->memory;

	if (madvise(capture->memory, capture->memory_size, MADV_POPULATE_WRITE) != 0)
		for (size_t i = 0; i < capture->memory_size; i += (size_t)page)
			bytes[i] = 0;
	__atomic_store_n(&capture->ready, 1, __ATOMIC_RELEASE);
}

void *capture_write(void *arg)
{
	struct capture *capture = arg;
	struct writer writer = {
	        .capture = capture,
	        .fd = capture->first_fd,
	        .pcapng = {.bytes = malloc(BUFFER_SIZE), .room = BUFFER_SIZE},
	        .hz = rte_get_tsc_hz(),
	        .started_ms = clock_ms(CLOCK_MONOTONIC),
	};

	prctl(PR_SET_NAME, "capture");
	privilege_keep(0);
	memory_touch(capture);
	anchor_set(&writer);
	writer.begin_ns = writer.anchor_ns;
	if (writer.pcapng.bytes == NULL) {
		capture_end(capture, SLUICE_CAPTURE_FAILED, -ENOMEM);
	} else {
		file_begin(&writer);
		capture_run(&writer);
	}
	capture_finish(&writer);
	return NULL;
}
