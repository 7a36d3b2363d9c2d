/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A viewer with transport-wide feedback behind a link of a rate, through the whole graph: what it
 * is sent is numbered and remembered, what it tells makes an estimate, and of two layers it gets
 * the one that fits. Time is the scene's.
 */
#include "media_fixture.h"

#include "media/arrival.h"
#include "media/bytes.h"
#include "media/config.h"
#include "media/rtcp.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <sluice/session.h>

#define LEG_SSRC 0x2000u
#define RTX_SSRC 0x3000u
#define STEP_MS  10
#define TOLD_MS  50
#define QUEUE_MS 300
#define WAITING  2048

enum { ID_MID = 4, ID_TRANSPORT = 7, ID_RID = 10 };
enum { LOW = 10, HIGH = 20 }; /* SSRCs */

static const uint8_t publishers[SLUICE_EXTENSIONS_MAX] = {
        [SLUICE_EXTENSION_MID] = ID_MID,
        [SLUICE_EXTENSION_RID] = ID_RID,
};

struct coming {
	uint16_t number;
	uint64_t us; /* when it comes */
};

struct call {
	struct media_scene *scene;
	struct party *publisher, *viewer;
	uint64_t us, free;
	uint32_t kbps; /* of the viewer's link; 0: no end */
	uint32_t seq[2], steps;
	bool deaf;      /* the viewer tells nothing */
	bool temporals; /* the low layer has three temporal ones */
	uint32_t more;  /* packets of the high layer's key frames, besides the first one */
	uint64_t queue; /* us, the longest of the link's since it was set to 0 */
	uint16_t last;  /* that the viewer was sent, of its media */
	uint16_t left;  /* the same of what left for it */
	uint32_t gaps, holes;
	struct arrival *arrival;
	uint32_t head, tail;
	struct coming coming[WAITING];
	uint32_t got[2], padding; /* packets of low and high; since they were set to 0 */
	uint32_t key_frames;      /* that the publisher was asked for */
};

static struct media *media_of(const struct call *call)
{
	return call->scene->rig.dp->media;
}

static void layer_add(const struct call *call, const char *name, const char *mid, const char *rid)
{
	struct sluice_stream stream = {
	        .kind = SLUICE_TRACK_VIDEO,
	        .n_payloads = 1,
	        .payloads = {{.pt = 96, .codec = SLUICE_CODEC_VP8}},
	        .endpoint = "publisher",
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(stream.name, sizeof(stream.name), "%s", name);
	snprintf(stream.mid, sizeof(stream.mid), "%s", mid);
	snprintf(stream.rid, sizeof(stream.rid), "%s", rid);
	if (media_stream_add(media_of(call), &stream, 0, why) != 0)
		fail_msg("%s", why);
}

static void party_agree(const struct call *call, struct party *party, uint8_t feedback,
                        const uint8_t *extensions)
{
	char why[SLUICE_API_ERROR_MAX] = "";

	party->endpoint.feedback_given = 1;
	party->endpoint.feedback = feedback;
	if (extensions != NULL)
		memcpy(party->endpoint.extensions, extensions, SLUICE_EXTENSIONS_MAX);
	if (media_endpoint_add(media_of(call), &party->endpoint, SLUICE_API_EXIST_OK, why) != 0)
		fail_msg("%s", why);
}

static void viewer_add(const struct call *call)
{
	struct sluice_subscription add = {
	        .stream = "low",
	        .endpoint = "viewer",
	        .ssrc = LEG_SSRC,
	        .rtx_ssrc = RTX_SSRC,
	        .rtx_pt = 101,
	        .n_pts = 1,
	        .pt_from = {96},
	        .pt_to = {100},
	        .pt_rtx = {101},
	        .extensions = {[SLUICE_EXTENSION_TRANSPORT_NUMBER] = ID_TRANSPORT},
	};
	char why[SLUICE_API_ERROR_MAX] = "";

	if (media_subscription_add(media_of(call), &add, 0, why) != 0)
		fail_msg("%s", why);
}

static struct call *call_new(uint8_t feedback)
{
	struct call *call = calloc(1, sizeof(*call));

	call->scene = media_scene_create(2);
	call->publisher = party_add(call->scene, "publisher", SLUICE_SRTP_GCM128);
	call->viewer = party_add(call->scene, "viewer", SLUICE_SRTP_CM80);
	call->arrival = calloc(1, sizeof(*call->arrival));
	party_agree(call, call->publisher, SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI, publishers);
	party_agree(call, call->viewer, feedback, NULL);
	layer_add(call, "low", "v", "l");
	layer_add(call, "high", "v", "h");
	viewer_add(call);
	return call;
}

static void call_end(struct call *call)
{
	assert_int_equal(call->viewer->unreadable, 0);
	media_scene_destroy(call->scene);
	free(call->arrival);
	free(call);
}

/* Behind the picture id and TL0PICIDX; of four frames the second and the third hang on the first
 * one alone. */
static void temporal_write(const struct call *call, uint8_t *at, bool key)
{
	static const uint8_t bytes[] = {0x00, 0xa0, 0x60, 0x80};
	const uint8_t descriptor[] = {0x90, 0xe0, call->seq[0] & 0x7f, (uint8_t)(call->seq[0] / 4)};

	memcpy(at, descriptor, sizeof(descriptor));
	at[4] = key ? 0 : bytes[call->seq[0] % 4];
	at[5] = key ? 0 : 1;
}

static void packet_send(struct call *call, uint32_t ssrc, bool key, bool goes_on)
{
	uint32_t *seq = &call->seq[ssrc == HIGH];
	uint8_t packet[PARTY_MTU] = {0x90, 96}, *at = packet + RTP_HEADER_SIZE;
	int length;

	write_be16(packet + 2, (uint16_t)++ * seq);
	write_be32(packet + 4, call->steps * 900);
	write_be32(packet + 8, ssrc);
	write_be32(at, 0xbede0001);
	at[4] = ID_MID << 4;
	at[5] = 'v';
	at[6] = ID_RID << 4;
	at[7] = ssrc == HIGH ? 'h' : 'l';
	at += 8;
	at[0] = 0x10; /* a frame begins */
	at[1] = key ? 0 : 1;
	if (goes_on)
		at[0] = 0;
	if (ssrc == LOW && call->temporals)
		temporal_write(call, at, key);
	length = (int)(at - packet) + PARTY_PAYLOAD;
	length = party_protect(call->publisher, packet, length);
	party_send(call->scene, call->publisher, packet, length);
}

static void frame_send(struct call *call, uint32_t ssrc, bool key)
{
	packet_send(call, ssrc, key, false);
	for (uint32_t i = 0; ssrc == HIGH && key && i < call->more; i++)
		packet_send(call, ssrc, key, true);
}

/* Its only extension. */
static uint16_t number_of(const uint8_t *packet)
{
	assert_int_equal(read_be32(packet + RTP_HEADER_SIZE), 0xbede0001);
	assert_int_equal(packet[RTP_HEADER_SIZE + 4], ID_TRANSPORT << 4 | 1);
	return read_be16(packet + RTP_HEADER_SIZE + 5);
}

/* What has left goes over the viewer's link. */
static void link_take(struct call *call)
{
	const struct party_packet *packet;

	while ((packet = party_next(call->viewer, false)) != NULL) {
		struct coming *coming = &call->coming[call->tail % WAITING];
		uint32_t bytes = packet->length + 10u + 28;

		if (read_be32(packet->bytes + 8) == LEG_SSRC) {
			uint16_t number = read_be16(packet->bytes + 2);

			call->holes += number != (uint16_t)(call->left + 1);
			call->left = number;
		}
		if (call->free < call->us)
			call->free = call->us;
		call->queue = RTE_MAX(call->queue, call->free - call->us);
		if (call->free - call->us > QUEUE_MS * 1000)
			continue;
		if (call->kbps != 0)
			call->free += bytes * 8000ull / call->kbps;
		*coming = (struct coming){number_of(packet->bytes), call->free};
		assert_true(++call->tail - call->head < WAITING);
		if (read_be32(packet->bytes + 8) == RTX_SSRC) {
			assert_int_equal(packet->bytes[0], 0xb0);
			assert_int_equal(packet->bytes[packet->length - 1], 255);
			call->padding++;
		} else {
			uint16_t number = read_be16(packet->bytes + 2);

			call->gaps += number != (uint16_t)(call->last + 1);
			call->last = number;
			call->got[packet->length > 180 + PARTY_PAYLOAD]++;
		}
	}
}

static void tell(struct call *call)
{
	uint8_t fci[1000], bytes[1200];
	struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
	uint16_t length;

	for (; call->head != call->tail; call->head++) {
		const struct coming *coming = &call->coming[call->head % WAITING];
		int32_t missing;

		if (coming->us > call->us)
			break;
		arrival_note(call->arrival, coming->number, (uint32_t)(coming->us / 250), true,
		             &missing);
	}
	length = call->arrival->pending ? arrival_message(call->arrival, fci, sizeof(fci)) : 0;
	if (length == 0 || call->deaf)
		return;
	rtcp_put_rr(&writer, 1);
	rtcp_put_transport(&writer, 1, LEG_SSRC, fci, length);
	party_report(call->scene, call->viewer, &writer);
}

/* Low: some 120 kbit/s, high: 600; a key frame each second. */
static void pass(struct call *call, uint32_t ms)
{
	for (uint32_t i = 0; i < ms / STEP_MS; i++, call->steps++) {
		bool key = call->steps % 100 < 2;

		if (call->steps % 2 == 0)
			frame_send(call, LOW, key);
		for (uint32_t j = 0; j < 3; j++)
			frame_send(call, HIGH, key && j == 0);
		media_scene_pass(call->scene, STEP_MS);
		call->us += STEP_MS * 1000;
		link_take(call);
		if (call->steps % (TOLD_MS / STEP_MS) == 0)
			tell(call);
		viewer_advice_take(media_of(call));
		call->key_frames += party_count(call->publisher, RTCP_PSFB, RTCP_PSFB_PLI, NULL);
		party_forget(call->publisher);
	}
}

static const char *layer_of(const struct call *call)
{
	const struct media *media = media_of(call);
	uint32_t index = subscription_named(media, "low", "viewer");

	assert_int_not_equal(index, 0);
	return media->streams[media->subscriptions[index].stream_now].name;
}

static struct viewer *viewer_of_call(const struct call *call)
{
	return viewer_of(media_of(call), media_endpoint_index(media_of(call), "viewer"));
}

static uint64_t counter(const struct call *call, uint32_t index)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < call->scene->rig.dp->n_workers; i++)
		sum += call->scene->rig.dp->workers[i]->media->counters[index];
	return sum;
}

static uint32_t until_layer(struct call *call, const char *name, uint32_t most)
{
	uint32_t ms = 0;

	for (; ms < most && strcmp(layer_of(call), name) != 0; ms += 100)
		pass(call, 100);
	return ms;
}

static void wish(const struct call *call, const char *to)
{
	struct sluice_subscription_name name = {.stream = "low", .endpoint = "viewer"};
	char why[SLUICE_API_ERROR_MAX] = "";

	assert_int_equal(media_subscription_layer(media_of(call), &name, to, why), 0);
}

static void the_layer_follows_the_viewers_link(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);
	struct sluice_session_row row = {0};
	uint32_t endpoint = media_endpoint_index(media_of(call), "viewer");

	pass(call, 1000);
	assert_string_equal(layer_of(call), "low");
	assert_in_range(until_layer(call, "high", 10000), 0, 9000);
	assert_int_not_equal(call->padding, 0);
	assert_in_range(viewer_of_call(call)->kbps, 700, 10000);
	pass(call, 1500);
	viewer_show(media_of(call), endpoint, &row);
	assert_string_equal(row.layer, "h");
	assert_int_equal(row.layer_reason, SLUICE_LAYER_BEST);
	assert_int_not_equal(row.estimate_kbps, 0);
	call->kbps = 250;
	assert_in_range(until_layer(call, "low", 10000), 0, 3000);
	pass(call, 8000);
	assert_string_equal(layer_of(call), "low");
	assert_in_range(viewer_of_call(call)->kbps, 120, 300);
	viewer_show(media_of(call), endpoint, &row);
	assert_string_equal(row.layer, "l");
	assert_int_equal(row.layer_reason, SLUICE_LAYER_ESTIMATE);
	call->kbps = 4000;
	assert_in_range(until_layer(call, "high", 20000), 0, 12000);
	assert_int_equal(counter(call, MEDIA_LAYER_DOWN), 1);
	assert_int_equal(counter(call, MEDIA_LAYER_UP), 2);
	assert_int_equal(counter(call, MEDIA_VIEWER_UNMATCHED), 0);
	assert_int_equal(counter(call, MEDIA_RTCP_MALFORMED), 0);
	/* one a second at most, of both layers together */
	assert_in_range(call->key_frames, 2, call->us / 1000000 + 1);
	call_end(call);
}

static struct subscription *subscription_of(const struct call *call)
{
	struct media *media = media_of(call);

	return &media->subscriptions[subscription_named(media, "low", "viewer")];
}

/* What it leaves for want of rate does not come back while the other layer's key frame is awaited:
 * its numbers would have a gap. */
static void what_was_left_in_a_hurry_stays_left(void **state)
{
	static const uint32_t rates[] = {250, 150}; /* the second one in a hurry */

	for (uint32_t i = 0; i < 2; i++) {
		struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);
		uint32_t hurried = 0, skipped = 0;

		pass(call, 1000);
		until_layer(call, "high", 10000);
		pass(call, 1500);
		call->holes = 0;
		call->kbps = rates[i];
		for (uint32_t ms = 0; ms < 3000 && strcmp(layer_of(call), "low") != 0;
		     ms += STEP_MS) {
			uint16_t left = call->left;

			if (subscription_of(call)->hurried)
				hurried += STEP_MS;
			pass(call, STEP_MS);
			skipped += call->left == left;
		}
		assert_string_equal(layer_of(call), "low");
		if (i == 1) {
			/* over several looks */
			assert_in_range(hurried, 4 * TOLD_MS, 2000);
			assert_in_range(skipped, hurried / STEP_MS - 2, hurried / STEP_MS);
		}
		pass(call, 2000);
		assert_false(subscription_of(call)->hurried);
		assert_int_equal(call->holes, 0);
		call_end(call);
	}
}

/* A key frame of a tenth of a second of the link, now and then. */
static struct call *call_with_key_frames(void)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);

	call->kbps = 1500;
	call->more = 90;
	pass(call, 1000);
	call->queue = 0;
	assert_in_range(until_layer(call, "high", 10000), 0, 9000);
	return call;
}

/* It leaves as fast as the link carries it, all of it, in its order, and what comes behind it, too.
 */
static void a_key_frame_waits_its_turn(void **state)
{
	struct call *call = call_with_key_frames();
	uint64_t paced = counter(call, MEDIA_PACED);
	uint16_t first;

	call->holes = call->gaps = 0;
	call->queue = 0;
	first = call->last;
	pass(call, 4000);
	assert_string_equal(layer_of(call), "high");
	/* eight key frames, two each second, and what came meanwhile */
	assert_in_range(counter(call, MEDIA_PACED) - paced, 8 * 91, 1200 + 8 * 90);
	assert_in_range((uint16_t)(call->last - first), 1200 + 8 * 90 - 200, 1200 + 8 * 90 + 200);
	assert_in_range(call->queue, 0, 50000);
	assert_int_equal(call->holes, 0);
	assert_int_equal(call->gaps, 0);
	call_end(call);
}

/* What waits goes with its subscription, with its endpoint, and at once where there is no estimate
 * any more. */
static void what_waits_does_not_stay(void **state)
{
	struct sluice_subscription_name name = {.stream = "low", .endpoint = "viewer"};
	char why[SLUICE_API_ERROR_MAX] = "";

	for (int i = 0; i < 4; i++) {
		struct call *call = call_with_key_frames();
		const struct viewer *viewer = viewer_of_call(call);

		for (uint32_t ms = 0; ms < 2000 && viewer->pace->pace.bytes == 0; ms += STEP_MS)
			pass(call, STEP_MS);
		assert_int_not_equal(viewer->pace->pace.bytes, 0);
		call->holes = 0;
		if (i == 0)
			viewer_set_off(media_of(call),
			               media_endpoint_index(media_of(call), "viewer"), true);
		else if (i == 1)
			call->deaf = true;
		else
			assert_int_equal(media_subscription_delete(media_of(call), &name, why), 0);
		if (i == 3)
			assert_int_equal(media_endpoint_delete(media_of(call), "viewer", why), 0);
		if (i < 3) {
			pass(call, i == 0 ? 50 : 1000);
			assert_int_equal(call->holes, 0);
		}
		if (i == 0 || i == 2)
			assert_int_equal(viewer->pace->pace.bytes, 0);
		call_end(call);
	}
}

static struct endpoint *endpoint_of(const struct call *call)
{
	return &media_of(call)->endpoints[media_endpoint_index(media_of(call), "viewer")];
}

static void until_probed(struct call *call)
{
	call->padding = 0;
	for (uint32_t ms = 0; ms < 20000 && call->padding == 0; ms += STEP_MS)
		pass(call, STEP_MS);
	assert_int_not_equal(call->padding, 0);
	assert_true(viewer_of_call(call)->probing);
	call->padding = 0;
}

/* It has moved or fallen silent meanwhile: none of the padding goes there. */
static void a_probe_ends_with_the_proof(void **state)
{
	for (int i = 0; i < 3; i++) {
		struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);
		uint16_t port;

		until_probed(call);
		port = endpoint_of(call)->remote.port;
		call->deaf = true;
		endpoint_of(call)->unproven = i == 0;
		endpoint_of(call)->silent = i == 1;
		endpoint_of(call)->remote.port = i == 2 ? 0 : port;
		pass(call, 100);
		assert_int_equal(call->padding, 0);
		assert_false(viewer_of_call(call)->probing);
		endpoint_of(call)->unproven = endpoint_of(call)->silent = false;
		endpoint_of(call)->remote.port = port;
		call->deaf = false;
		until_probed(call);
		call_end(call);
	}
}

static uint8_t cut_of(const struct call *call)
{
	return subscription_of(call)->cut_wanted;
}

/* The lowest layer does not fit: half of its frames do. */
static void fewer_frames_where_the_lowest_does_not_fit(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);
	uint32_t endpoint = media_endpoint_index(media_of(call), "viewer");
	uint32_t waited = 0;

	call->temporals = true;
	pass(call, 2000);
	assert_int_equal(cut_of(call), 0);
	call->kbps = 95;
	for (; waited < 20000 && (cut_of(call) == 0 || strcmp(layer_of(call), "low") != 0);
	     waited += 100)
		pass(call, 100);
	assert_in_range(waited, 0, 15000);
	assert_in_range(cut_of(call), 2, 3);
	pass(call, 1000);
	call->gaps = 0;
	pass(call, 5000);
	assert_int_equal(call->gaps, 0);
	assert_int_not_equal(counter(call, MEDIA_TEMPORAL_CUT), 0);
	viewer_set_off(media_of(call), endpoint, true);
	pass(call, 500);
	assert_int_equal(cut_of(call), 0);
	viewer_set_off(media_of(call), endpoint, false);
	call->kbps = 4000;
	assert_in_range(until_layer(call, "high", 20000), 0, 15000);
	assert_int_equal(cut_of(call), 0);
	call_end(call);
}

/* Of one that tells nothing any more nothing is left out, nor of one that is paused. */
static void nothing_is_left_out_of_no_estimate(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);

	pass(call, 1000);
	subscription_of(call)->cut_wanted = 2;
	subscription_of(call)->hurried = true;
	call->deaf = true;
	pass(call, VIEWER_QUIET_MS - 500);
	assert_int_equal(cut_of(call), 2);
	pass(call, 3000);
	assert_int_equal(cut_of(call), 0);
	assert_false(subscription_of(call)->hurried);
	call->deaf = false;
	pass(call, 500);
	subscription_of(call)->cut_wanted = 2;
	subscription_of(call)->hurried = true;
	subscription_of(call)->paused = true;
	pass(call, 2 * TOLD_MS);
	assert_int_equal(cut_of(call), 0);
	assert_false(subscription_of(call)->hurried);
	call_end(call);
}

static void a_wish_bounds_it(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);
	struct sluice_session_row row = {0};

	pass(call, 500);
	wish(call, "l");
	pass(call, 6000);
	assert_string_equal(layer_of(call), "low");
	viewer_show(media_of(call), media_endpoint_index(media_of(call), "viewer"), &row);
	assert_int_equal(row.layer_reason, SLUICE_LAYER_WISH);
	wish(call, "");
	assert_in_range(until_layer(call, "high", 10000), 0, 9000);
	wish(call, "l");
	assert_in_range(until_layer(call, "low", 10000), 0, 3000);
	call_end(call);
}

/* The viewer gets a track that nothing comes of: of two layers, or of none. */
static void silent_track_watch(const struct call *call, uint32_t number, bool layers)
{
	struct sluice_subscription add = {.endpoint = "viewer", .ssrc = LEG_SSRC + number};
	char high[SLUICE_MEDIA_NAME_MAX], mid[SLUICE_TRACK_MID_MAX];
	char why[SLUICE_API_ERROR_MAX] = "";

	snprintf(add.stream, sizeof(add.stream), "low-%u", number);
	snprintf(high, sizeof(high), "high-%u", number);
	snprintf(mid, sizeof(mid), "%u", number);
	layer_add(call, add.stream, mid, layers ? "l" : "");
	if (layers)
		layer_add(call, high, mid, "h");
	if (media_subscription_add(media_of(call), &add, 0, why) != 0)
		fail_msg("%s", why);
}

static const char *silent_track_wish(const struct call *call, uint32_t number)
{
	struct sluice_subscription_name name = {.endpoint = "viewer"};
	const struct media *media = media_of(call);
	char why[SLUICE_API_ERROR_MAX] = "";
	uint32_t index;

	snprintf(name.stream, sizeof(name.stream), "low-%u", number);
	index = subscription_named(media, name.stream, "viewer");
	assert_int_equal(media_subscription_layer(media_of(call), &name, "h", why), 0);
	return media->streams[media->subscriptions[index].stream].rid;
}

/* Of more subscriptions than the estimate decides of the others are as without one. */
static void those_beyond_are_named(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);

	for (uint32_t i = 1; i < VIEWER_LEGS + 4; i++)
		silent_track_watch(call, i, i == 1 || i >= VIEWER_LEGS - 1);
	pass(call, 2000);
	assert_string_equal(silent_track_wish(call, 1), "l");
	assert_string_equal(silent_track_wish(call, VIEWER_LEGS - 1), "l");
	for (uint32_t i = VIEWER_LEGS; i < VIEWER_LEGS + 4; i++)
		assert_string_equal(silent_track_wish(call, i), "h");
	call_end(call);
}

/* Switched off it is told what it tells, and nothing follows; and so where it tells nothing. */
static void off_is_off(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);

	media_endpoint_estimate(media_of(call), media_endpoint_index(media_of(call), "viewer"),
	                        false);
	pass(call, 6000);
	assert_string_equal(layer_of(call), "low");
	assert_int_equal(call->padding, 0);
	assert_int_equal(viewer_of_call(call)->kbps, 0);
	wish(call, "h");
	assert_in_range(until_layer(call, "high", 10000), 0, 2000);
	media_endpoint_estimate(media_of(call), media_endpoint_index(media_of(call), "viewer"),
	                        true);
	call->deaf = true;
	pass(call, 3000);
	assert_string_equal(layer_of(call), "high");
	call_end(call);
}

static void report_loss(struct call *call, uint8_t fraction, uint32_t remb)
{
	uint8_t bytes[256];
	struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
	const struct rtcp_block block = {.ssrc = LEG_SSRC, .fraction_lost = fraction};

	rtcp_put_rr(&writer, 1);
	rtcp_put_block(&writer, &block);
	if (remb != 0)
		rtcp_put_remb(&writer, 1, remb * 1000ull);
	party_report(call->scene, call->viewer, &writer);
}

/* Receiver reports, and REMB. */
static void without_feedback_reports_decide(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_PLI | SLUICE_FEEDBACK_REMB);

	call->deaf = true;
	for (int i = 0; i < 30 && strcmp(layer_of(call), "high") != 0; i++) {
		pass(call, 1000);
		report_loss(call, 0, 0);
	}
	assert_string_equal(layer_of(call), "high");
	for (int i = 0; i < 8 && strcmp(layer_of(call), "low") != 0; i++) {
		report_loss(call, 120, 0);
		pass(call, 1000);
	}
	assert_string_equal(layer_of(call), "low");
	report_loss(call, 0, 60);
	pass(call, 1000);
	report_loss(call, 0, 60);
	assert_in_range(viewer_of_call(call)->kbps, 50, 70);
	/* after silence it is forgotten, unless it comes anew with what ends it */
	pass(call, VIEWER_QUIET_MS + 1000);
	report_loss(call, 0, 0);
	pass(call, 1000);
	report_loss(call, 0, 0);
	assert_in_range(viewer_of_call(call)->kbps, 150, 1000);
	pass(call, VIEWER_QUIET_MS + 1000);
	report_loss(call, 0, 60);
	assert_int_equal(viewer_of_call(call)->remb_kbps, 60);
	assert_int_equal(call->padding, 0);
	call_end(call);
}

/* Numbers that were never sent, a second word of the same, too many at once: counted, and no
 * more. */
static void lies_move_nothing(void **state)
{
	struct call *call = call_new(SLUICE_FEEDBACK_TRANSPORT | SLUICE_FEEDBACK_PLI);
	uint8_t fci[] = {0x40, 0, 0, 7, 0, 0, 1, 0, 0x20, 7, 4, 4, 4, 4, 4, 4, 4, 0};
	uint8_t many[] = {0,    0,    0xff, 0xff, 0,    0,    1,    0,    0x1f, 0xff,
	                  0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff, 0x1f, 0xff,
	                  0x1f, 0xff, 0x1f, 0xff, 0x00, 0x07, 0,    0};
	uint8_t bytes[256];
	struct rtcp_writer writer = {.start = bytes, .room = sizeof(bytes)};
	const char *layer;
	uint32_t kbps;

	pass(call, 2000);
	kbps = viewer_of_call(call)->kbps;
	layer = layer_of(call);
	rtcp_put_rr(&writer, 1);
	rtcp_put_transport(&writer, 1, LEG_SSRC, fci, 17);
	party_report(call->scene, call->viewer, &writer);
	assert_int_equal(counter(call, MEDIA_VIEWER_UNMATCHED), 7);
	writer = (struct rtcp_writer){.start = bytes, .room = sizeof(bytes)};
	rtcp_put_rr(&writer, 1);
	rtcp_put_transport(&writer, 1, LEG_SSRC, many, sizeof(many));
	party_report(call->scene, call->viewer, &writer);
	assert_int_equal(counter(call, MEDIA_VIEWER_UNMATCHED), 7);
	assert_int_equal(counter(call, MEDIA_RTCP_MALFORMED), 0);
	many[8] = 0x60; /* a symbol that is none */
	writer = (struct rtcp_writer){.start = bytes, .room = sizeof(bytes)};
	rtcp_put_rr(&writer, 1);
	rtcp_put_transport(&writer, 1, LEG_SSRC, many, sizeof(many));
	party_report(call->scene, call->viewer, &writer);
	assert_int_equal(counter(call, MEDIA_RTCP_MALFORMED), 1);
	assert_int_equal(viewer_of_call(call)->kbps, kbps);
	pass(call, STEP_MS);
	assert_string_equal(layer_of(call), layer);
	call_end(call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_layer_follows_the_viewers_link),
	        cmocka_unit_test(fewer_frames_where_the_lowest_does_not_fit),
	        cmocka_unit_test(what_was_left_in_a_hurry_stays_left),
	        cmocka_unit_test(a_probe_ends_with_the_proof),
	        cmocka_unit_test(a_key_frame_waits_its_turn),
	        cmocka_unit_test(what_waits_does_not_stay),
	        cmocka_unit_test(nothing_is_left_out_of_no_estimate),
	        cmocka_unit_test(a_wish_bounds_it),
	        cmocka_unit_test(those_beyond_are_named),
	        cmocka_unit_test(off_is_off),
	        cmocka_unit_test(without_feedback_reports_decide),
	        cmocka_unit_test(lies_move_nothing),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
