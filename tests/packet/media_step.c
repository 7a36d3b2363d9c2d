/* SPDX-License-Identifier: BSD-3-Clause */
#include "media_case.h"

#include "media_fixture.h"

#include "media/bytes.h"
#include "media/config.h"
#include "media/media.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SSRC_OF(stream) (0x0a0a0a0au + (stream))
#define COPY_SSRC(who)  (0x2000u + (who))
#define RTX_SSRC        0x3000u
#define RTX_PT          97
#define OTHER_SENDER    77 /* of feedback */

static const char *const stream_names[STREAMS] = {"video", "other"};
static const char *const party_names[SUBSCRIBERS] = {"one", "two", "three", "late"};

/* What a subscriber has had. */
struct had {
	bool any;
	bool spliced;  /* the next one follows whatever came before it */
	int32_t last;  /* number of the last one */
	uint16_t seq;  /* that it had here */
	uint16_t base; /* seq less number, as numbers are now */
};

struct run {
	const struct media_case *row;
	uint32_t step;
	struct media_scene *scene;
	struct party *publisher, *subscribers[SUBSCRIBERS];
	struct had had[SUBSCRIBERS];
};

static uint8_t room[PARTY_MTU];

/* A row that is wrong is found by its case and its step. */
#define expect(run, condition, ...)                                                                \
	do {                                                                                       \
		char text_[160];                                                                   \
		if (!(condition)) {                                                                \
			snprintf(text_, sizeof(text_), __VA_ARGS__);                               \
			fail_msg("%s, step %u: %s", (run)->row->name, (run)->step, text_);         \
		}                                                                                  \
	} while (0)

static struct rtcp_writer writer_new(void)
{
	return (struct rtcp_writer){.start = room, .room = sizeof(room)};
}

static uint16_t seq_of(int32_t number)
{
	return (uint16_t)(FIRST_SEQ + number);
}

static bool has_rtx(uint8_t who)
{
	return who == THREE;
}

/* -- RTP -- */

static void publish(struct run *run, const struct media_step *step)
{
	for (int32_t number = step->from; number <= step->to; number++) {
		party_publish(run->scene, run->publisher, SSRC_OF(step->stream), seq_of(number),
		              seq_of(number) * 3000u);
		media_scene_pass(run->scene, 10);
	}
}

static void expect_one(struct run *run, const struct media_step *step, int32_t number)
{
	const struct party_packet *packet = party_next(run->subscribers[step->who], false);
	struct had *had = &run->had[step->who];
	uint16_t seq;

	expect(run, packet != NULL, "%s did not get %d", party_names[step->who], number);
	seq = read_be16(packet->bytes + 2);
	expect(run, read_be32(packet->bytes + 8) == COPY_SSRC(step->who), "SSRC %x",
	       read_be32(packet->bytes + 8));
	expect(run, read_be16(packet->bytes + RTP_HEADER_SIZE) == seq_of(number),
	       "%d instead of %d",
	       (int16_t)(read_be16(packet->bytes + RTP_HEADER_SIZE) - FIRST_SEQ), number);
	if (had->any)
		expect(run, seq == (uint16_t)(had->seq + (had->spliced ? 1 : number - had->last)),
		       "sequence number %u after %u", seq, had->seq);
	expect(run, packet->length == RTP_HEADER_SIZE + PARTY_PAYLOAD, "%u bytes", packet->length);
	*had = (struct had){
	        .any = true, .last = number, .seq = seq, .base = (uint16_t)(seq - number)};
}

static void expect_packets(struct run *run, const struct media_step *step)
{
	for (int32_t number = step->from; number <= step->to; number++)
		expect_one(run, step, number);
}

static void expect_nothing(struct run *run, const struct media_step *step)
{
	expect(run, party_next(run->subscribers[step->who], false) == NULL, "%s got a packet",
	       party_names[step->who]);
}

static void lose(struct run *run, const struct media_step *step)
{
	struct party *party = run->subscribers[step->who];

	party->lose_ssrc = COPY_SSRC(step->who);
	party->lose_seq = (uint16_t)(run->had[step->who].base + step->from);
}

/* RFC 4588, 4: under an SSRC, a payload type and a number of its own, with the number that it had
 * in front. */
static void expect_again(struct run *run, const struct media_step *step)
{
	const struct party_packet *packet = party_next(run->subscribers[step->who], false);
	uint16_t seq = (uint16_t)(run->had[step->who].base + step->from);
	const uint8_t *payload;

	expect(run, packet != NULL, "%s did not get %d again", party_names[step->who], step->from);
	payload = packet->bytes + RTP_HEADER_SIZE;
	if (has_rtx(step->who)) {
		expect(run, read_be32(packet->bytes + 8) == RTX_SSRC, "SSRC %x",
		       read_be32(packet->bytes + 8));
		expect(run, (packet->bytes[1] & 0x7f) == RTX_PT, "payload type %u",
		       packet->bytes[1] & 0x7f);
		expect(run, read_be16(payload) == seq, "it had %u, not %u", seq,
		       read_be16(payload));
		payload += 2;
	} else {
		expect(run, read_be32(packet->bytes + 8) == COPY_SSRC(step->who), "SSRC %x",
		       read_be32(packet->bytes + 8));
		expect(run, read_be16(packet->bytes + 2) == seq, "sequence number %u, not %u",
		       read_be16(packet->bytes + 2), seq);
	}
	expect(run, read_be16(payload) == seq_of(step->from), "another packet's payload");
	expect(run, packet->length == payload - packet->bytes + PARTY_PAYLOAD, "%u bytes",
	       packet->length);
	expect(run, read_be32(packet->bytes + 4) == seq_of(step->from) * 3000u, "timestamp %u",
	       read_be32(packet->bytes + 4));
}

/* -- feedback -- */

static void nack(struct run *run, const struct media_step *step)
{
	struct rtcp_writer writer = writer_new();
	uint64_t wanted[64];
	uint32_t count = 0;

	for (int32_t number = step->from; number <= step->to; number++)
		wanted[count++] = (uint64_t)run->had[step->who].base + (uint32_t)number;
	rtcp_put_rr(&writer, OTHER_SENDER);
	rtcp_put_nack(&writer, OTHER_SENDER, COPY_SSRC(step->who), wanted, count);
	party_report(run->scene, run->subscribers[step->who], &writer);
}

static void expect_asked(struct run *run, const struct media_step *step)
{
	struct rtcp_feedback feedback;
	struct rtcp_packet packet;
	uint16_t pid, blp;
	uint32_t count;

	media_scene_pass(run->scene, 20);
	count = party_count(run->publisher, RTCP_RTPFB, RTCP_RTPFB_NACK, &packet);
	expect(run, count == (step->from != 0), "the publisher was asked %u times", count);
	if (count == 0)
		return;
	assert_int_equal(rtcp_feedback_read(&packet, &feedback), 0);
	assert_int_equal(feedback.media, SSRC_OF(VIDEO));
	rtcp_nack_read(&feedback, 0, &pid, &blp);
	expect(run, pid == seq_of(step->from) && blp == 0, "it was asked for %d, %x",
	       (int16_t)(pid - FIRST_SEQ), blp);
}

static void pli(struct run *run, const struct media_step *step)
{
	struct rtcp_writer writer = writer_new();

	rtcp_put_rr(&writer, OTHER_SENDER);
	rtcp_put_pli(&writer, OTHER_SENDER, COPY_SSRC(step->who));
	party_report(run->scene, run->subscribers[step->who], &writer);
}

static void fir(struct run *run, const struct media_step *step)
{
	struct rtcp_writer writer = writer_new();
	uint8_t *body = rtcp_put(&writer, RTCP_PSFB, RTCP_PSFB_FIR, 16);

	memset(body, 0, 16);
	body[3] = OTHER_SENDER;
	write_be32(body + 8, COPY_SSRC(step->who));
	body[12] = (uint8_t)step->from;
	party_report(run->scene, run->subscribers[step->who], &writer);
}

static void expect_plis(struct run *run, const struct media_step *step)
{
	uint32_t count;

	media_scene_pass(run->scene, 10);
	count = party_count(run->publisher, RTCP_PSFB, RTCP_PSFB_PLI, NULL);
	expect(run, count == (uint32_t)step->from, "%u PLI", count);
}

/* -- subscriptions -- */

static struct media *media_of(const struct run *run)
{
	return run->scene->rig.dp->media;
}

static struct sluice_subscription_name name_of(const struct media_step *step)
{
	struct sluice_subscription_name name = {0};

	snprintf(name.stream, sizeof(name.stream), "%s", stream_names[VIDEO]);
	snprintf(name.endpoint, sizeof(name.endpoint), "%s", party_names[step->who]);
	return name;
}

static void pause_set(struct run *run, const struct media_step *step)
{
	const struct sluice_subscription_name name = name_of(step);
	char why[SLUICE_API_ERROR_MAX] = "";

	expect(run,
	       media_subscription_pause(media_of(run), &name, step->kind == MEDIA_PAUSE, why) == 0,
	       "%s", why);
	run->had[step->who].spliced = true;
}

static void switch_to(struct run *run, const struct media_step *step)
{
	struct sluice_subscription_switch change = {0};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(change.stream, sizeof(change.stream), "%s", stream_names[VIDEO]);
	snprintf(change.endpoint, sizeof(change.endpoint), "%s", party_names[step->who]);
	snprintf(change.to, sizeof(change.to), "%s", stream_names[step->stream]);
	expect(run, media_subscription_switch(media_of(run), &change, why) == 0, "%s", why);
	run->had[step->who].spliced = true;
}

static void join(struct run *run, const struct media_step *step)
{
	subscription_add(run->scene, stream_names[step->stream], run->subscribers[step->who],
	                 COPY_SSRC(step->who), has_rtx(step->who) ? RTX_SSRC : 0);
}

static void leave(struct run *run, const struct media_step *step)
{
	const struct sluice_subscription_name name = name_of(step);
	char why[SLUICE_API_ERROR_MAX] = "";

	expect(run, media_subscription_delete(media_of(run), &name, why) == 0, "%s", why);
}

static void stream_goes(struct run *run, const struct media_step *step)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	expect(run, media_stream_delete(media_of(run), stream_names[step->stream], why) == 0, "%s",
	       why);
	for (uint32_t who = 0; who < SUBSCRIBERS; who++)
		run->had[who].spliced = true;
}

static void stream_comes(struct run *run, const struct media_step *step)
{
	stream_add(run->scene, stream_names[step->stream], run->publisher, SSRC_OF(step->stream),
	           90000);
}

/* -- reports -- */

static void bye(struct run *run, const struct media_step *step)
{
	struct rtcp_writer writer = writer_new();

	rtcp_put_bye(&writer, SSRC_OF(step->stream));
	party_report(run->scene, run->publisher, &writer);
}

static void expect_byes(struct run *run, const struct media_step *step)
{
	struct rtcp_packet packet;
	uint32_t count;

	media_scene_pass(run->scene, 10);
	count = party_count(run->subscribers[step->who], RTCP_BYE, 1, &packet);
	expect(run, count == (uint32_t)step->from, "%u BYE", count);
	if (count != 0)
		expect(run, rtcp_bye_ssrc(&packet, 0) == COPY_SSRC(step->who), "BYE of %x",
		       rtcp_bye_ssrc(&packet, 0));
}

static const struct rtcp_sender sender = {.ntp = 0xe000000000000000, .rtp = 123456};

static void report(struct run *run, const struct media_step *step)
{
	struct rtcp_writer writer = writer_new();

	rtcp_put_sr(&writer, SSRC_OF(step->stream), &sender);
	party_report(run->scene, run->publisher, &writer);
}

/* Both clocks of the report went on by the same time. */
static void expect_reported(struct run *run, const struct media_step *step)
{
	struct rtcp_packet packet;
	struct rtcp_report got;
	uint64_t passed;

	media_scene_pass(run->scene, 2000);
	expect(run, party_count(run->subscribers[step->who], RTCP_SR, 0, &packet) != 0, "no SR");
	assert_int_equal(rtcp_report_read(&packet, &got), 0);
	expect(run, got.ssrc == COPY_SSRC(step->who), "SR of %x", got.ssrc);
	expect(run, got.sender.packets == (uint32_t)step->from, "%u packets", got.sender.packets);
	expect(run, got.sender.octets == (uint32_t)step->from * PARTY_PAYLOAD, "%u octets",
	       got.sender.octets);
	passed = (got.sender.ntp - sender.ntp) * 90000 >> 32;
	assert_in_range(passed, 1, 3 * 90000);
	assert_in_range(got.sender.rtp - sender.rtp, passed, passed + 2);
}

static void expect_lost(struct run *run, const struct media_step *step)
{
	struct rtcp_packet packet;
	struct rtcp_report got;
	struct rtcp_block block;

	media_scene_pass(run->scene, 1600);
	expect(run, party_count(run->publisher, RTCP_RR, 1, &packet) != 0, "no RR");
	assert_int_equal(rtcp_report_read(&packet, &got), 0);
	rtcp_block_read(&got, 0, &block);
	expect(run, block.ssrc == SSRC_OF(step->stream), "RR about %x", block.ssrc);
	expect(run, block.lost == step->from, "%d lost", block.lost);
}

/* -- what was counted -- */

static void expect_counted(struct run *run, const struct media_step *step)
{
	for (uint32_t i = 0; i < media_counters_count; i++) {
		uint64_t count;

		if (strcmp(media_counter_infos[i].name, step->name) != 0)
			continue;
		count = media_counter_sum(run->scene->rig.dp, i);
		expect(run, count == (uint64_t)step->from, "%s is %lu", step->name, count);
		return;
	}
	expect(run, false, "no counter %s", step->name);
}

static void expect_dropped(struct run *run, const struct media_step *step)
{
	const struct dataplane *dp = run->scene->rig.dp;
	uint64_t sum = 0;

	for (uint16_t i = 0; i < dp->n_workers; i++)
		sum += dp->workers[i]->drops[step->to];
	expect(run, sum == (uint64_t)step->from, "%lu were dropped", sum);
}

static void pass(struct run *run, const struct media_step *step)
{
	media_scene_pass(run->scene, (uint32_t)step->from);
}

/* -- a case -- */

static void (*const steps[])(struct run *run, const struct media_step *step) = {
        [MEDIA_PUBLISH] = publish,
        [MEDIA_EXPECT] = expect_packets,
        [MEDIA_NOTHING] = expect_nothing,
        [MEDIA_LOSE] = lose,
        [MEDIA_NACK] = nack,
        [MEDIA_AGAIN] = expect_again,
        [MEDIA_ASKED] = expect_asked,
        [MEDIA_PLI] = pli,
        [MEDIA_PLIS] = expect_plis,
        [MEDIA_FIR] = fir,
        [MEDIA_PASS] = pass,
        [MEDIA_PAUSE] = pause_set,
        [MEDIA_RESUME] = pause_set,
        [MEDIA_SWITCH] = switch_to,
        [MEDIA_JOIN] = join,
        [MEDIA_LEAVE] = leave,
        [MEDIA_GOES] = stream_goes,
        [MEDIA_COMES] = stream_comes,
        [MEDIA_BYE] = bye,
        [MEDIA_BYES] = expect_byes,
        [MEDIA_REPORT] = report,
        [MEDIA_REPORTED] = expect_reported,
        [MEDIA_LOST] = expect_lost,
        [MEDIA_COUNTED] = expect_counted,
        [MEDIA_DROPPED] = expect_dropped,
};

static void scene_make(struct run *run)
{
	static const uint8_t profiles[SUBSCRIBERS] = {SLUICE_SRTP_GCM128, SLUICE_SRTP_CM80,
	                                              SLUICE_SRTP_CM32, SLUICE_SRTP_GCM256};

	run->scene = media_scene_create(2);
	run->publisher = party_add(run->scene, "publisher", SLUICE_SRTP_CM80);
	for (uint32_t i = 0; i < STREAMS; i++)
		stream_add(run->scene, stream_names[i], run->publisher, SSRC_OF(i), 90000);
	for (uint8_t who = 0; who < SUBSCRIBERS; who++) {
		run->subscribers[who] = party_add(run->scene, party_names[who], profiles[who]);
		if (who != LATE)
			join(run, &(struct media_step){.who = who});
	}
	/* What the joining asked for. */
	media_scene_pass(run->scene, 1000);
	party_forget(run->publisher);
}

static struct run run;

void media_case_run(const struct media_case *row)
{
	run = (struct run){.row = row};
	scene_make(&run);
	for (const struct media_step *step = row->steps; step->kind != MEDIA_END; step++) {
		run.step++;
		steps[step->kind](&run, step);
	}
	for (uint32_t who = 0; who < SUBSCRIBERS; who++)
		expect(&run, run.subscribers[who]->unreadable == 0, "%s could not read %u packets",
		       party_names[who], run.subscribers[who]->unreadable);
}

void media_case_end(void)
{
	media_scene_destroy(run.scene);
}
