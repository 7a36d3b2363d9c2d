/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A publisher harms itself alone. Random sources, of which all that is authentic is allowed: jumps,
 * rollovers that nobody saw, other SSRCs with and without BYE, padding, loss, reordering, repeats,
 * silence. Whatever they send, each subscriber can read each packet that it is sent, is not led
 * further than 2^14 at once, sees as gaps what was lost on the way in and nothing else, and gets
 * what an honest source sends next.
 *
 * Sources write with our engine, for any index; subscribers read with libsrtp2, each with another
 * profile. SLUICE_TEST_PACKETS says how many packets there are over all profiles (1000000 is what
 * a release is tested with); SLUICE_TEST_SEED another beginning.
 */
#include "media_fixture.h"

#include "media/bytes.h"
#include "media/receive.h"
#include "srtp/engine.h"
#include "srtp/profile.h"
#include "srtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PACKETS     40000
#define EPOCH       2500 /* packets of one temper */
#define BURST       8
#define SUBSCRIBERS SLUICE_SRTP_PROFILES
#define LEG_SSRC    0x2000u
#define HONEST_SSRC 0xb0b0b0b0u
#define PAYLOAD     16   /* life and index, then anything */
#define HELD        16   /* packets that are overtaken */
#define HISTORY     1024 /* power of two */
#define JUMP_MOST   (1 << 14)

struct datagram {
	uint8_t bytes[256];
	int length;
	uint64_t index;
	bool empty;
};

/* What is sent under one SSRC, and what the network makes of it. */
struct source {
	uint32_t ssrc, life;       /* life: of all SSRCs there were, and beginnings under them */
	uint64_t index, delivered; /* the last one sent, the highest delivered */
	struct datagram held[HELD], old;
	/* delivered in their turn, and without payload: nobody shall see them as a gap */
	uint64_t left_out[HISTORY];
};

/* A subscriber's view. */
struct view {
	struct party *party;
	uint64_t highest; /* outgoing; 0: nothing yet */
	uint32_t life;
	uint64_t index;
	/* paused, switched: what comes next joins without a gap, and what was sent before that
	 * ... */
	bool disturbed;
	uint64_t disturbed_at; /* ... up to here it has not seen */
	uint64_t got, honest;
	bool paused, switched;
};

struct world {
	struct media_scene *scene;
	struct party *publisher, *honest;
	struct srtp_worker *cipher;
	struct srtp_session *session, *honest_session;
	struct source source;
	struct view views[SUBSCRIBERS];
	uint64_t honest_index;
	uint64_t random;
	uint32_t lives;
	bool hostile;
};

/* The views' callback knows its party only. */
static struct world *world;

static uint32_t next_random(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 16);
}

/* Once in `of` times. */
static bool chance(struct world *w, uint32_t of)
{
	return next_random(w) % of == 0;
}

/* -- subscribers -- */

static struct view *view_of(const struct party *party)
{
	for (int i = 0; i < SUBSCRIBERS; i++)
		if (world->views[i].party == party)
			return &world->views[i];
	fail_msg("nobody's packet");
	return NULL;
}

/* Lost on the way in between two packets of one life: those left out are no loss. */
static uint64_t missing_between(const struct source *source, uint64_t from, uint64_t to)
{
	uint64_t missing = to - from - 1;

	for (uint64_t i = from + 1; i < to; i++)
		missing -= source->left_out[i % HISTORY] == i;
	return missing;
}

static void gap_check(const struct view *view, uint32_t life, uint64_t index, uint64_t outgoing)
{
	uint64_t gap = outgoing - view->highest - 1;

	assert_true(outgoing - view->highest < JUMP_MOST);
	if (view->disturbed || world->hostile || life != view->life || index < view->index ||
	    index - view->index > 64)
		return;
	if (gap != missing_between(&world->source, view->index, index))
		fail_msg("a gap of %lu at index %lu, after %lu: %lu were lost", gap, index,
		         view->index, missing_between(&world->source, view->index, index));
}

static void view_took(struct party *party, const struct party_packet *packet)
{
	struct view *view = view_of(party);
	const uint8_t *payload = packet->bytes + RTP_HEADER_SIZE;
	uint16_t seq = read_be16(packet->bytes + 2);
	uint64_t outgoing = view->highest + (int16_t)(seq - (uint16_t)view->highest);
	uint32_t life = read_be32(payload);
	uint64_t index = (uint64_t)read_be32(payload + 4) << 32 | read_be32(payload + 8);

	view->got++;
	if (view->highest == 0) {
		outgoing = ((uint64_t)1 << 32) + seq;
	} else if (outgoing <= view->highest) {
		return;
	} else if (life != 0 && life == world->source.life) {
		gap_check(view, life, index, outgoing);
	} else {
		assert_true(outgoing - view->highest < JUMP_MOST);
	}
	view->honest += life == 0;
	view->highest = outgoing;
	view->life = life;
	view->index = index;
	view->disturbed &= life == world->source.life && index <= view->disturbed_at;
}

static void publisher_took(struct party *party, const struct party_packet *packet)
{
	fail_msg("%s only publishes", party->name);
}

/* -- sources -- */

static void datagram_write(struct world *w, struct srtp_session *session, struct datagram *datagram,
                           uint32_t ssrc, uint32_t life, uint64_t index, bool empty)
{
	const struct srtp_profile_info *profile = &srtp_profiles[w->publisher->profile];
	uint8_t *payload = datagram->bytes + RTP_HEADER_SIZE;
	uint16_t length = empty ? 1 + next_random(w) % 100 : PAYLOAD + next_random(w) % 50;
	struct srtp_job job = {
	        .session = session,
	        .src = payload,
	        .dst = payload,
	        .index = index,
	        .ssrc = rte_cpu_to_be_32(ssrc),
	        .header_length = RTP_HEADER_SIZE,
	        .length = length,
	};

	memset(datagram->bytes, 0, sizeof(datagram->bytes));
	datagram->bytes[0] = RTP_VERSION << 6 | (empty ? RTP_PADDING_BIT : 0);
	datagram->bytes[1] = 96;
	write_be16(datagram->bytes + 2, (uint16_t)index);
	write_be32(datagram->bytes + 4, (uint32_t)index * 30);
	write_be32(datagram->bytes + 8, ssrc);
	if (empty) {
		payload[length - 1] = (uint8_t)length;
	} else {
		write_be32(payload, life);
		write_be32(payload + 4, (uint32_t)(index >> 32));
		write_be32(payload + 8, (uint32_t)index);
	}
	assert_int_equal(w->scene->rig.dp->srtp->protect(w->cipher, &job, 1, NULL, 0), 1);
	datagram->length = RTP_HEADER_SIZE + length + profile->tag_length;
	datagram->index = index;
	datagram->empty = empty;
}

static void settle(struct world *w)
{
	rig_walk(&w->scene->rig);
	media_scene_collect(w->scene);
}

static void deliver(struct world *w, struct datagram *datagram)
{
	struct source *source = &w->source;

	if (datagram->length == 0)
		return;
	if (datagram->index > source->delivered) {
		source->delivered = datagram->index;
		if (datagram->empty)
			source->left_out[datagram->index % HISTORY] = datagram->index;
	}
	party_inject(w->scene, w->publisher, datagram->bytes, datagram->length);
	datagram->length = 0;
}

static void bye(struct world *w, uint32_t ssrc)
{
	uint8_t room[PARTY_MTU];
	struct rtcp_writer writer = {.start = room, .room = sizeof(room)};

	rtcp_put_rr(&writer, ssrc);
	rtcp_put_bye(&writer, ssrc);
	party_report(w->scene, w->publisher, &writer);
}

/* Nothing of the last one is on its way any more. */
static void source_begin(struct world *w, uint32_t ssrc)
{
	uint32_t life = ++w->lives;

	memset(&w->source, 0, sizeof(w->source));
	w->source.ssrc = ssrc;
	w->source.life = life;
	/* a rollover in sight, or not */
	w->source.index = chance(w, 2) ? next_random(w) % 65536 : 65536 - next_random(w) % 300;
	w->source.delivered = w->source.index;
}

static void source_change(struct world *w)
{
	if (chance(w, 2))
		bye(w, w->source.ssrc);
	else if (chance(w, 4) && w->hostile)
		; /* too soon: it is not followed */
	else
		media_scene_pass(w->scene, 210);
	source_begin(w, 0x1000 + next_random(w) % 1000000);
}

/* One that an honest publisher makes: lost, overtaken, padding. */
static void packet_send(struct world *w)
{
	struct source *source = &w->source;
	struct datagram next, *held = &source->held[next_random(w) % HELD];

	datagram_write(w, w->session, &next, source->ssrc, source->life, ++source->index,
	               chance(w, 25));
	if (chance(w, 30))
		return;
	if (chance(w, 20)) {
		deliver(w, held);
		*held = next;
	} else {
		if (chance(w, 50))
			source->old = next;
		deliver(w, &next);
	}
	if (chance(w, 40))
		deliver(w, held);
}

/* As far as it likes, and with padding as well. */
static void packet_jump(struct world *w)
{
	static const uint32_t most[] = {70, 70, 3001, 3001, 9000, 33000};
	struct source *source = &w->source;
	struct datagram next;

	source->index += 1 + next_random(w) % most[next_random(w) % RTE_DIM(most)];
	if (chance(w, 100))
		source->index += next_random(w) % (1 << 24);
	datagram_write(w, w->session, &next, source->ssrc, source->life, source->index,
	               chance(w, 2));
	deliver(w, &next);
}

/* A former packet again, a forged one, and one that begins once more under its SSRC. */
static void packet_lie(struct world *w)
{
	struct source *source = &w->source;
	struct datagram next;

	if (source->old.length != 0)
		party_inject(w->scene, w->publisher, source->old.bytes, source->old.length);
	datagram_write(w, w->session, &next, source->ssrc, source->life, source->index + 1, false);
	next.bytes[20] ^= 1;
	write_be16(next.bytes + 2, (uint16_t)next_random(w));
	party_inject(w->scene, w->publisher, next.bytes, next.length);
	datagram_write(w, w->session, &next, source->ssrc, source->life,
	               next_random(w) % (source->index + 1), false);
	if (w->hostile)
		party_inject(w->scene, w->publisher, next.bytes, next.length);
}

/* -- what is done to the legs -- */

static struct sluice_subscription_name leg_name(const struct view *view)
{
	struct sluice_subscription_name name = {.stream = "wild"};

	snprintf(name.endpoint, sizeof(name.endpoint), "%s", view->party->name);
	return name;
}

static void view_disturb(const struct world *w, struct view *view)
{
	view->disturbed = true;
	view->disturbed_at = w->source.delivered;
}

static void leg_pause(struct world *w, struct view *view, bool paused)
{
	const struct sluice_subscription_name name = leg_name(view);
	char why[SLUICE_API_ERROR_MAX];

	settle(w);
	assert_int_equal(media_subscription_pause(w->scene->rig.dp->media, &name, paused, why), 0);
	view->paused = paused;
	view_disturb(w, view);
}

static void leg_switch(struct world *w, struct view *view, bool away)
{
	const struct sluice_subscription_name name = leg_name(view);
	struct sluice_subscription_switch change;
	char why[SLUICE_API_ERROR_MAX];

	memset(&change, 0, sizeof(change));
	memcpy(change.stream, name.stream, sizeof(change.stream));
	memcpy(change.endpoint, name.endpoint, sizeof(change.endpoint));
	snprintf(change.to, sizeof(change.to), "%s", away ? "honest" : "wild");
	settle(w);
	assert_int_equal(media_subscription_switch(w->scene->rig.dp->media, &change, why), 0);
	view->switched = away;
	view_disturb(w, view);
}

static void honest_send(struct world *w, uint32_t count)
{
	struct datagram next;

	for (uint32_t i = 0; i < count; i++) {
		datagram_write(w, w->honest_session, &next, HONEST_SSRC, 0, ++w->honest_index,
		               false);
		party_inject(w->scene, w->honest, next.bytes, next.length);
		settle(w);
	}
}

/* Whatever the wild one did, whoever is switched to another hears that, and the next of the wild
 * one's, under an SSRC of its own, is heard as well. */
static void all_hear(struct world *w)
{
	enum { COUNT = 20 };
	uint64_t before[SUBSCRIBERS];

	for (int i = 0; i < SUBSCRIBERS; i++) {
		leg_pause(w, &w->views[i], false);
		leg_switch(w, &w->views[i], true);
		before[i] = w->views[i].honest;
	}
	honest_send(w, COUNT);
	for (int i = 0; i < SUBSCRIBERS; i++) {
		assert_int_equal(w->views[i].honest - before[i], COUNT);
		leg_switch(w, &w->views[i], false);
		before[i] = w->views[i].got;
	}
	media_scene_pass(w->scene, 210);
	source_begin(w, 0x1000 + next_random(w) % 1000000);
	for (int i = 0; i < COUNT; i++) {
		struct datagram next;

		datagram_write(w, w->session, &next, w->source.ssrc, w->source.life,
		               ++w->source.index, false);
		deliver(w, &next);
		settle(w);
	}
	for (int i = 0; i < SUBSCRIBERS; i++) {
		/* the rollover of one that begins beyond it has to be found first */
		assert_in_range(w->views[i].got - before[i], 1, COUNT);
		assert_int_equal(w->views[i].party->unreadable, 0);
	}
}

static void step(struct world *w)
{
	struct view *view = &w->views[next_random(w) % SUBSCRIBERS];

	if (chance(w, 500))
		packet_lie(w);
	if (chance(w, view->paused ? 40 : 1500))
		leg_pause(w, view, !view->paused);
	if (chance(w, view->switched ? 40 : 1500))
		leg_switch(w, view, !view->switched);
	if (chance(w, 700))
		honest_send(w, 1);
	if (chance(w, w->hostile ? 100 : 1500))
		source_change(w);
	if (w->hostile && chance(w, 150))
		media_scene_pass(w->scene, 1010);
	if (chance(w, w->hostile ? 5 : 2000))
		packet_jump(w);
	else
		packet_send(w);
	if (chance(w, BURST))
		settle(w);
}

static void world_create(struct world *w, uint8_t profile)
{
	struct dataplane *dp;

	w->scene = media_scene_create(2);
	dp = w->scene->rig.dp;
	w->publisher = party_add(w->scene, "publisher", profile);
	w->honest = party_add(w->scene, "honest", profile);
	w->publisher->took = w->honest->took = publisher_took;
	stream_add(w->scene, "wild", w->publisher, 0, 90000);
	stream_add(w->scene, "honest", w->honest, HONEST_SSRC, 90000);
	for (uint8_t i = 0; i < SUBSCRIBERS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "to%u", i);
		w->views[i].party = party_add(w->scene, name, i);
		w->views[i].party->took = view_took;
		subscription_add(w->scene, "wild", w->views[i].party, LEG_SSRC + i, 0);
	}
	w->cipher = dp->srtp->worker_create();
	w->session = dp->srtp->session_create(profile, w->publisher->endpoint.rx_key);
	w->honest_session = dp->srtp->session_create(profile, w->honest->endpoint.rx_key);
	source_begin(w, 0x1000);
	world = w;
}

static void world_destroy(struct world *w)
{
	const struct srtp_engine *engine = w->scene->rig.dp->srtp;

	engine->session_destroy(w->session);
	engine->session_destroy(w->honest_session);
	engine->worker_destroy(w->cipher);
	media_scene_destroy(w->scene);
}

static uint64_t number_of(const char *name, uint64_t standard)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 0) : standard;
}

static void a_publisher_harms_itself_alone(void **state)
{
	uint64_t packets = number_of("SLUICE_TEST_PACKETS", PACKETS) / SLUICE_SRTP_PROFILES;
	uint64_t seed = number_of("SLUICE_TEST_SEED", 1);

	for (uint8_t profile = 0; profile < SLUICE_SRTP_PROFILES; profile++) {
		struct world *w = calloc(1, sizeof(*w));
		uint64_t got = 0;

		w->random = (seed * SLUICE_SRTP_PROFILES + profile) * 0x9e3779b97f4a7c15u + 1;
		world_create(w, profile);
		for (uint64_t i = 0; i < packets; i++) {
			step(w);
			if (i % EPOCH != EPOCH - 1)
				continue;
			all_hear(w);
			w->hostile = !w->hostile;
		}
		for (int i = 0; i < SUBSCRIBERS; i++)
			got += w->views[i].got;
		print_message("%s: %lu packets, %lu read by %u subscribers, %u SSRCs\n",
		              srtp_profiles[profile].name, packets, got, SUBSCRIBERS, w->lives);
		assert_in_range(got, packets, packets * SUBSCRIBERS);
		world_destroy(w);
		free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_publisher_harms_itself_alone),
	};

	return cmocka_run_group_tests(tests, media_eal, NULL);
}
