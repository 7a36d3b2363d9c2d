/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two engines, one format: packets of any shape, written by both alike, read by both, and read by
 * neither once a bit of them is another.
 */
#include <stdlib.h>
#include <string.h>

#include "srtp/rtp.h"
#include "srtp_rig.h"

#define ROUNDS      400
#define PAYLOAD_MAX 1400
#define GUARD       64
#define ROOM        (GUARD + RTP_HEADER_MAX + PAYLOAD_MAX + SRTP_TAIL_MAX + GUARD)

struct packet {
	unsigned int session;
	uint64_t index;
	uint16_t header_length, length, mki_length;
	uint8_t plain[RTP_HEADER_MAX + PAYLOAD_MAX];
	uint8_t room[ENGINES][ROOM];
};

/* Any header that rtp_parse takes. */
static void packet_draw(struct rig *rig, struct packet *packet)
{
	uint8_t csrcs = draw(rig, 4) == 0 ? draw(rig, 16) : 0;
	bool extended = draw(rig, 2);
	uint16_t ext_words = extended ? draw(rig, draw(rig, 8) == 0 ? 257 : 6) : 0;
	struct rtp_view view;

	packet->session = draw(rig, SESSIONS);
	packet->index = draw(rig, 3) == 0 ? draw(rig, UINT64_C(1) << 48) : draw(rig, 1 << 18);
	packet->header_length = RTP_HEADER_SIZE + csrcs * 4 + (extended ? 4 + ext_words * 4 : 0);
	packet->length = draw(rig, 8) == 0 ? draw(rig, 20) : draw(rig, PAYLOAD_MAX + 1);
	draw_bytes(rig, packet->plain, packet->header_length + packet->length);
	packet->plain[0] = 0x80 | extended << 4 | csrcs;
	packet->plain[2] = packet->index >> 8;
	packet->plain[3] = packet->index;
	memset(packet->plain + 8, 0, 3);
	packet->plain[11] = draw(rig, 5); /* few sources, so that they come again */
	if (extended) {
		packet->plain[RTP_HEADER_SIZE + csrcs * 4 + 2] = ext_words >> 8;
		packet->plain[RTP_HEADER_SIZE + csrcs * 4 + 3] = ext_words;
	}
	assert_int_equal(rtp_parse(packet->plain, packet->header_length + packet->length, &view),
	                 0);
	assert_int_equal(view.header_length, packet->header_length);
	assert_int_equal(view.payload_length, packet->length);
}

static uint8_t *start_of(struct packet *packet, unsigned int engine)
{
	return packet->room[engine] + GUARD;
}

static struct srtp_job job_of(struct packet *packet, unsigned int engine,
                              struct srtp_session *session)
{
	struct srtp_job job = {
	        .session = session,
	        .index = packet->index,
	        .header_length = packet->header_length,
	        .length = packet->length,
	};

	job.dst = start_of(packet, engine) + packet->header_length;
	job.src = job.dst;
	job.tag = job.dst + packet->length;
	memcpy(&job.ssrc, packet->plain + 8, sizeof(job.ssrc));
	return job;
}

static void guards_check(const struct packet *packet, unsigned int engine, uint16_t used)
{
	const uint8_t *room = packet->room[engine];
	unsigned int i;

	for (i = 0; i < GUARD; i++) {
		assert_int_equal(room[i], GUARD_BYTE);
		assert_int_equal(room[GUARD + used + i], GUARD_BYTE);
	}
}

static void burst_protect(struct rig *rig, unsigned int engine, struct packet *packets,
                          unsigned int count)
{
	struct srtp_job jobs[SRTP_BURST];
	uint8_t before[PAYLOAD_MAX];
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct packet *p = &packets[i];
		bool apart = draw(rig, 2);

		memset(p->room[engine], GUARD_BYTE, ROOM);
		memcpy(start_of(p, engine), p->plain, p->header_length + (apart ? 0 : p->length));
		jobs[i] = job_of(p, engine, rig->tx[engine][p->session]);
		if (apart)
			jobs[i].src = p->plain + p->header_length;
	}
	memcpy(before, packets[0].plain + packets[0].header_length, packets[0].length);
	engines[engine]->protect(rig->workers[engine], jobs, count, NULL, 0);
	assert_memory_equal(before, packets[0].plain + packets[0].header_length, packets[0].length);
	for (i = 0; i < count; i++) {
		assert_true(jobs[i].ok);
		guards_check(&packets[i], engine,
		             packets[i].header_length + packets[i].length + SRTP_TAIL_MAX);
	}
}

/* MKI behind AEAD's tag, in front of the other's (RFC 3711, 3.1; RFC 7714, 8). */
static void packet_receive(struct rig *rig, struct packet *packet, unsigned int engine,
                           const uint8_t *sent, struct srtp_job *job)
{
	const struct srtp_profile_info *profile = rig->profiles[packet->session];
	uint16_t bare = packet->header_length + packet->length;
	uint8_t *at = start_of(packet, engine);

	memset(packet->room[engine], GUARD_BYTE, ROOM);
	memcpy(at, sent, bare);
	*job = job_of(packet, engine, rig->rx[engine][packet->session]);
	at += bare;
	if (!profile->aead) {
		draw_bytes(rig, at, packet->mki_length);
		at += packet->mki_length;
	}
	job->tag = at;
	memcpy(at, sent + bare, profile->tag_length);
	if (profile->aead)
		draw_bytes(rig, at + profile->tag_length, packet->mki_length);
}

static void burst_read(struct rig *rig, unsigned int engine, struct packet *packets,
                       uint8_t (*sent)[ROOM], unsigned int count)
{
	struct srtp_job jobs[SRTP_BURST];
	unsigned int i;

	for (i = 0; i < count; i++) {
		packets[i].mki_length = draw(rig, 2) ? draw(rig, MKI_MAX + 1) : 0;
		packet_receive(rig, &packets[i], engine, sent[i], &jobs[i]);
	}
	engines[engine]->unprotect(rig->workers[engine], jobs, count);
	for (i = 0; i < count; i++) {
		const struct packet *p = &packets[i];

		assert_true(jobs[i].ok);
		assert_memory_equal(start_of(&packets[i], engine), p->plain,
		                    p->header_length + p->length);
		guards_check(p, engine,
		             p->header_length + p->length + p->mki_length +
		                     rig->profiles[p->session]->tag_length);
	}
}

/* A bit of the timestamp, the payload or the tag. */
static void bit_turn(struct rig *rig, const struct packet *packet, uint8_t *bytes)
{
	uint16_t behind = packet->length + rig->profiles[packet->session]->tag_length;
	uint16_t at = draw(rig, 4 + behind);

	at = at < 4 ? 4 + at : packet->header_length + at - 4;
	bytes[at] ^= 1 << draw(rig, 8);
}

/* Every second packet is forged: its neighbours in the burst are not harmed. */
static void burst_read_forged(struct rig *rig, unsigned int engine, struct packet *packets,
                              uint8_t (*sent)[ROOM], unsigned int count)
{
	struct srtp_job jobs[SRTP_BURST];
	unsigned int i;

	for (i = 0; i < count; i++) {
		packets[i].mki_length = 0;
		packet_receive(rig, &packets[i], engine, sent[i], &jobs[i]);
		if (i % 2 == 0)
			bit_turn(rig, &packets[i], start_of(&packets[i], engine));
	}
	engines[engine]->unprotect(rig->workers[engine], jobs, count);
	for (i = 0; i < count; i++)
		assert_int_equal(jobs[i].ok, i % 2 != 0);
}

static void packets_of_any_shape(void **state)
{
	static struct packet packets[SRTP_BURST];
	static uint8_t sent[SRTP_BURST][ROOM];
	unsigned int round, count, i, e;
	struct rig rig;

	rig_open(&rig, 0x9e3779b97f4a7c15);
	for (round = 0; round < ROUNDS; round++) {
		count = 1 + draw(&rig, SRTP_BURST);
		for (i = 0; i < count; i++)
			packet_draw(&rig, &packets[i]);
		for (e = 0; e < ENGINES; e++)
			burst_protect(&rig, e, packets, count);
		for (i = 0; i < count; i++) {
			memcpy(sent[i], start_of(&packets[i], IPSEC_MB), ROOM - GUARD);
			assert_memory_equal(sent[i], start_of(&packets[i], LIBSRTP2),
			                    packets[i].header_length + packets[i].length +
			                            rig.profiles[packets[i].session]->tag_length);
		}
		for (e = 0; e < ENGINES; e++) {
			burst_read_forged(&rig, e, packets, sent, count);
			burst_read(&rig, e, packets, sent, count);
		}
	}
	rig_close(&rig);
}

/* As a sender sends and a receiver sees them: three wraps, late packets, some for the second time.
 */
static void packets_in_their_order(void **state)
{
	static struct packet packet;
	uint8_t sent[ROOM];
	uint64_t index = 0xfff0;
	struct srtp_job job;
	struct rig rig;
	unsigned int i, e;

	rig_open(&rig, 88172645463325252);
	for (i = 0; i < 3000; i++) {
		packet_draw(&rig, &packet);
		index += draw(&rig, 150);
		packet.index = index - (draw(&rig, 3) == 0 ? draw(&rig, 1500) : 0);
		packet.plain[2] = packet.index >> 8;
		packet.plain[3] = packet.index;
		burst_protect(&rig, i % ENGINES, &packet, 1);
		memcpy(sent, start_of(&packet, i % ENGINES), ROOM - GUARD);
		packet.mki_length = 0;
		for (e = 0; e < ENGINES; e++) {
			packet_receive(&rig, &packet, e, sent, &job);
			engines[e]->unprotect(rig.workers[e], &job, 1);
			assert_true(job.ok);
			assert_memory_equal(start_of(&packet, e), packet.plain,
			                    packet.header_length + packet.length);
		}
	}
	assert_true(index >> 16 >= 3);
	rig_close(&rig);
}

/* More sources than libsrtp2 is let remember, each at a ROC of its own. */
static void more_sources_than_are_remembered(void **state)
{
	static struct packet packet;
	uint8_t sent[ROOM];
	struct srtp_job job;
	struct rig rig;
	unsigned int i, e;

	rig_open(&rig, 6364136223846793005);
	for (i = 0; i < 1500; i++) {
		packet_draw(&rig, &packet);
		packet.session = i % 2;
		packet.plain[10] = i % 600 >> 8;
		packet.plain[11] = i % 600;
		packet.index = (uint64_t)(i % 600) << 16 | i / 600 << 8;
		packet.plain[2] = packet.index >> 8;
		packet.plain[3] = packet.index;
		packet.mki_length = 0;
		burst_protect(&rig, LIBSRTP2, &packet, 1);
		memcpy(sent, start_of(&packet, LIBSRTP2), ROOM - GUARD);
		for (e = 0; e < ENGINES; e++) {
			packet_receive(&rig, &packet, e, sent, &job);
			engines[e]->unprotect(rig.workers[e], &job, 1);
			assert_true(job.ok);
			assert_memory_equal(start_of(&packet, e), packet.plain,
			                    packet.header_length + packet.length);
		}
	}
	rig_close(&rig);
}

/* A header that lies to libsrtp2 alone, which reads it again: the payload is gone, not sent. */
static void plaintext_does_not_leave(void **state)
{
	static const uint8_t zeros[PAYLOAD_MAX];
	static struct packet packet;
	struct srtp_job job;
	struct rig rig;

	rig_open(&rig, 1442695040888963407);
	packet_draw(&rig, &packet);
	packet.plain[0] = 0x90;
	memset(packet.plain + RTP_HEADER_SIZE, 0xff, 4);
	packet.header_length = RTP_HEADER_SIZE;
	packet.length = 100;
	memcpy(start_of(&packet, LIBSRTP2), packet.plain, RTP_HEADER_SIZE);
	job = job_of(&packet, LIBSRTP2, rig.tx[LIBSRTP2][0]);
	job.src = packet.plain + RTP_HEADER_SIZE;
	engines[LIBSRTP2]->protect(rig.workers[LIBSRTP2], &job, 1, NULL, 0);
	assert_false(job.ok);
	assert_memory_equal(job.dst, zeros, packet.length);
	rig_close(&rig);
}

static void engine_by_name(void **state)
{
	assert_null(srtp_engine_choose("openssl"));
	assert_ptr_equal(srtp_engine_choose("libsrtp2"), &srtp_engine_libsrtp2);
	assert_non_null(srtp_engine_choose(NULL));
	assert_ptr_equal(srtp_engine_choose("auto"), srtp_engine_choose(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(packets_of_any_shape),
	        cmocka_unit_test(packets_in_their_order),
	        cmocka_unit_test(more_sources_than_are_remembered),
	        cmocka_unit_test(plaintext_does_not_leave),
	        cmocka_unit_test(engine_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
