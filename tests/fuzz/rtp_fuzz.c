/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any datagram that classify may take for SRTP or SRTCP: what rtp_parse says of it lies within it,
 * both engines write it alike, read what the other wrote, and take none of it for authentic as it
 * came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "srtp/engine.h"
#include "srtp/rtp.h"

#define SIZE_MAX_SEEN 2048 /* no datagram is longer */
#define ENGINES       2
#define CONTROL_MIN   8
#define ROC_MASK      0xffffff

static const struct srtp_engine *const engines[ENGINES] = {
        &srtp_engine_ipsec_mb,
        &srtp_engine_libsrtp2,
};

static struct srtp_worker *workers[ENGINES];
static struct srtp_session *tx[ENGINES][SLUICE_SRTP_PROFILES], *rx[ENGINES][SLUICE_SRTP_PROFILES];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t key[SLUICE_MEDIA_KEY_MAX] = "one key for them all: what matters is the packet";
	unsigned int e, i;

	for (e = 0; e < ENGINES; e++) {
		workers[e] = engines[e]->worker_create();
		CHECK(workers[e] != NULL);
		for (i = 0; i < SLUICE_SRTP_PROFILES; i++) {
			tx[e][i] = engines[e]->session_create(i, key);
			rx[e][i] = engines[e]->session_create(i, key);
			CHECK(tx[e][i] != NULL && rx[e][i] != NULL);
		}
	}
	return 0;
}

static void view_check(const struct rtp_view *view, const uint8_t *packet, size_t size)
{
	int padding;

	CHECK(view->header_length >= RTP_HEADER_SIZE && view->header_length <= RTP_HEADER_MAX);
	CHECK((size_t)view->header_length + view->payload_length == size);
	CHECK(view->header_length % 4 == 0 && view->ext_length % 4 == 0);
	if (view->ext_offset != 0)
		CHECK(view->ext_offset + view->ext_length == view->header_length);
	else
		CHECK(view->ext_length == 0);
	CHECK((view->seq >> 8) == packet[2] && (view->ssrc & 0xff) == packet[11]);
	padding = rtp_padding(packet + view->header_length, view->payload_length);
	CHECK(padding == -EBADMSG || (padding > 0 && padding <= view->payload_length));
}

static struct srtp_job job_make(struct srtp_session *session, uint8_t *packet,
                                const struct rtp_view *view)
{
	struct srtp_job job = {
	        .session = session,
	        .dst = packet + view->header_length,
	        .src = packet + view->header_length,
	        .tag = packet + view->header_length + view->payload_length,
	        /* any rollover, before and behind those of the inputs before */
	        .index = (uint64_t)(view->timestamp & ROC_MASK) << 16 | view->seq,
	        .ssrc = htonl(view->ssrc),
	        .header_length = view->header_length,
	        .length = view->payload_length,
	};

	return job;
}

/* Out of place as well: then nothing is written over the plaintext. */
static void packet_seal(unsigned int e, const uint8_t *data, size_t size,
                        const struct rtp_view *view, unsigned int profile, uint8_t *packet)
{
	bool apart = (view->ssrc & 1) != 0;
	struct srtp_job job = job_make(tx[e][profile], packet, view);

	memcpy(packet, data, apart ? view->header_length : size);
	if (apart)
		job.src = data + view->header_length;
	CHECK(engines[e]->protect(workers[e], &job, 1, &job, 1) == 1);
	CHECK(job.ok);
}

/* As if it were plaintext. */
static void packet_write(const uint8_t *data, size_t size, const struct rtp_view *view,
                         unsigned int profile)
{
	uint16_t sealed = size + srtp_profiles[profile].tag_length;
	uint8_t *packets[ENGINES];
	struct srtp_job job;
	unsigned int e;

	for (e = 0; e < ENGINES; e++) {
		packets[e] = malloc(size + SRTP_TAIL_MAX);
		packet_seal(e, data, size, view, profile, packets[e]);
	}
	CHECK(memcmp(packets[0], packets[1], sealed) == 0);
	for (e = 0; e < ENGINES; e++) {
		job = job_make(rx[e][profile], packets[e], view);
		engines[e]->unprotect(workers[e], &job, 1);
		CHECK(job.ok && memcmp(packets[e], data, size) == 0);
		free(packets[e]);
	}
}

/* As if it had been received: its end is a tag that nobody made. */
static void packet_read(const uint8_t *data, size_t size, const struct rtp_view *view,
                        unsigned int profile)
{
	uint8_t tag_length = srtp_profiles[profile].tag_length;
	struct rtp_view inner = *view;
	struct srtp_job job;
	uint8_t *packet;
	unsigned int e;

	/* Four bytes of tag may be found by trying. */
	if (view->payload_length < tag_length || profile == SLUICE_SRTP_CM32)
		return;
	inner.payload_length -= tag_length;
	for (e = 0; e < ENGINES; e++) {
		packet = malloc(size);
		memcpy(packet, data, size);
		job = job_make(rx[e][profile], packet, &inner);
		engines[e]->unprotect(workers[e], &job, 1);
		CHECK(!job.ok);
		free(packet);
	}
}

static void control_read(const uint8_t *data, size_t size, unsigned int profile)
{
	uint32_t index;
	uint8_t *packet;
	unsigned int e;

	for (e = 0; e < ENGINES; e++) {
		packet = malloc(size);
		memcpy(packet, data, size);
		CHECK(engines[e]->unprotect_rtcp(workers[e], rx[e][profile], packet, size,
		                                 data[0] & 7, &index) == -EBADMSG);
		free(packet);
	}
}

/* As a compound of ours: both read what either wrote. */
static void control_write(const uint8_t *data, size_t size, unsigned int profile)
{
	uint8_t *packet = malloc(size + SRTP_TAIL_MAX), *copy = malloc(size + SRTP_TAIL_MAX);
	uint32_t sent = (uint32_t)size << 16 | data[size - 1], index;

	for (unsigned int writer = 0; writer < ENGINES; writer++) {
		int length;

		memcpy(packet, data, size);
		length = engines[writer]->protect_rtcp(workers[writer], tx[writer][profile], packet,
		                                       (uint16_t)size, sent);
		CHECK(length > (int)size && length <= (int)size + SRTP_TAIL_MAX);
		for (unsigned int e = 0; e < ENGINES; e++) {
			memcpy(copy, packet, (size_t)length);
			CHECK(engines[e]->unprotect_rtcp(workers[e], rx[e][profile], copy,
			                                 (uint16_t)length, 0, &index) == (int)size);
			CHECK(memcmp(copy, data, size) == 0);
			CHECK(writer != 0 || index == sent);
		}
	}
	free(packet);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtp_view view;
	unsigned int profile;

	if (size == 0 || size > SIZE_MAX_SEEN)
		return 0;
	profile = data[size - 1] % SLUICE_SRTP_PROFILES;
	control_read(data, size, profile);
	if (size >= CONTROL_MIN && size % 4 == 0)
		control_write(data, size, profile);
	if (rtp_parse(data, size, &view) < 0)
		return 0;
	view_check(&view, data, size);
	packet_read(data, size, &view, profile);
	packet_write(data, size, &view, profile);
	return 0;
}
