/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/take.h"

#include "dataplane.h"
#include "ledger/image.h"
#include "ledger/ledger.h"
#include "media/config.h"
#include "media/record.h"

#include <rte_cycles.h>

#include <errno.h>
#include <string.h>

struct take {
	struct media *media;
	const struct ledger_image *old;
	struct ledger_taken *taken;
	bool lost; /* something that says what was sent under a key */
	char why[SLUICE_API_ERROR_MAX];
};

static bool record_read(struct take *take, enum sluice_ledger_kind kind, uint32_t index,
                        void *record, size_t size)
{
	return ledger_image_take(take->old, take->taken, kind, index, record, size);
}

/* The same of a record without which not all is known that was sent. */
static bool sent_read(struct take *take, enum sluice_ledger_kind kind, uint32_t index, void *record,
                      size_t size)
{
	uint32_t damaged = take->taken->torn + take->taken->broken;
	bool whole = record_read(take, kind, index, record, size);

	take->lost |= take->taken->torn + take->taken->broken != damaged;
	return whole;
}

static void taken_count(struct take *take, int error)
{
	if (error == 0)
		take->taken->records++;
	else if (error == -ENOSPC || error == -ENOMEM)
		take->taken->no_room++;
	else if (error == -ENOENT)
		take->taken->foreign++;
	else
		take->taken->broken++;
}

/* Whether the first of two records of one object is the newer one. */
static bool is_newer(uint32_t number, uint32_t than)
{
	return (int32_t)(number - than) > 0;
}

/*
 * The newest of the object's two records: 1. 0: neither is whole, or one is broken, and nobody
 * knows whether it was the newer one. record, other: of `size` bytes.
 */
static bool state_read(struct take *take, enum sluice_ledger_kind kind, uint32_t index,
                       uint32_t life, void *record, void *other, size_t size, size_t number_at,
                       size_t life_at)
{
	enum ledger_record first = LEDGER_BROKEN, second = LEDGER_BROKEN;
	uint32_t numbers[2], lives[2];

	if (2 * index + 1 < ledger_image_count(take->old, kind)) {
		first = ledger_image_record(take->old, kind, 2 * index, record, size);
		second = ledger_image_record(take->old, kind, 2 * index + 1, other, size);
	}
	take->taken->torn += (first == LEDGER_TORN) + (second == LEDGER_TORN);
	take->taken->broken += (first == LEDGER_BROKEN) + (second == LEDGER_BROKEN);
	if (first == LEDGER_BROKEN || second == LEDGER_BROKEN)
		return false;
	memcpy(&numbers[0], (uint8_t *)record + number_at, sizeof(numbers[0]));
	memcpy(&numbers[1], (uint8_t *)other + number_at, sizeof(numbers[1]));
	memcpy(&lives[0], (uint8_t *)record + life_at, sizeof(lives[0]));
	memcpy(&lives[1], (uint8_t *)other + life_at, sizeof(lives[1]));
	if (second == LEDGER_WHOLE && lives[1] == life &&
	    (first != LEDGER_WHOLE || lives[0] != life || is_newer(numbers[1], numbers[0]))) {
		memcpy(record, other, size);
		return true;
	}
	return first == LEDGER_WHOLE && lives[0] == life;
}

#define STATE_READ(take, kind, index, of, record, other)                                           \
	state_read(take, kind, index, of, record, other, sizeof(*(record)),                        \
	           offsetof(typeof(*(record)), number), offsetof(typeof(*(record)), life))

static uint32_t flags_of(uint8_t origin)
{
	return origin == SLUICE_ORIGIN_CONFIGURATION ? SLUICE_API_CONFIGURATION : 0;
}

static struct sluice_addr addr_of(const uint8_t ip[16], uint16_t port)
{
	struct sluice_addr addr = {.port = port};

	memcpy(addr.ip, ip, sizeof(addr.ip));
	return addr;
}

/* -- endpoints -- */

static void endpoint_go_on(struct take *take, struct endpoint *endpoint,
                           const struct sluice_ledger_endpoint_state *state)
{
	if (endpoint->learn && state->remote_port != 0) {
		memcpy(endpoint->remote.ip.bytes, state->remote, sizeof(state->remote));
		endpoint->remote.port = state->remote_port;
		endpoint->unproven = state->unproven != 0;
	}
	if (endpoint->outside && state->remote_port != 0) {
		memcpy(endpoint->remote.ip.bytes, state->remote, sizeof(state->remote));
		endpoint->remote.port = state->remote_port;
		memcpy(endpoint->local.ip.bytes, state->local, sizeof(state->local));
		endpoint->local.port = state->local_port;
	}
	endpoint->transport_number = state->transport_number;
	endpoint->rtcp_ssrc = state->rtcp_ssrc;
	if (state->rtcp_reserved > endpoint->rtcp_reserved)
		endpoint->rtcp_reserved = state->rtcp_reserved;
	endpoint->rtcp_index = endpoint->rtcp_reserved - 1;
	record_endpoint_state(take->media, endpoint);
}

static void endpoint_take(struct take *take, uint32_t index)
{
	struct sluice_ledger_endpoint_state state, other;
	struct sluice_ledger_endpoint old;
	struct endpoint *endpoint = NULL;
	struct sluice_endpoint add;
	int error;

	if (!record_read(take, SLUICE_LEDGER_ENDPOINT, index, &old, sizeof(old)))
		return;
	add = (struct sluice_endpoint){
	        .remote = addr_of(old.remote, old.remote_port),
	        .local = addr_of(old.local, old.local_port),
	        .profile = old.profile,
	        .learn = old.learn != 0,
	        .rx_key_length = old.rx_key_length,
	        .tx_key_length = old.tx_key_length,
	        .mki_length = old.mki_length,
	        .outside = old.outside != 0,
	        .feedback_given = old.feedback_given != 0,
	        .feedback = old.feedback,
	        .estimate_off = old.estimate_off != 0,
	        .rtcp = addr_of(old.rtcp, old.rtcp_port),
	};
	memcpy(add.extensions, old.extensions, sizeof(add.extensions));
	memcpy(add.name, old.name, sizeof(add.name));
	memcpy(add.rx_key, old.rx_key, sizeof(add.rx_key));
	memcpy(add.tx_key, old.tx_key, sizeof(add.tx_key));
	memcpy(add.mki, old.mki, sizeof(add.mki));
	error = media_endpoint_add(take->media, &add, flags_of(old.origin), take->why);
	if (error == 0)
		endpoint = &take->media->endpoints[endpoint_named(take->media, add.name)];
	if (error == 0 && old.key_unknown)
		endpoint_key_doubt(take->media, endpoint);
	if (error == 0 &&
	    STATE_READ(take, SLUICE_LEDGER_ENDPOINT_STATE, index, old.life, &state, &other))
		endpoint_go_on(take, endpoint, &state);
	taken_count(take, error);
	explicit_bzero(&old, sizeof(old));
	explicit_bzero(&add, sizeof(add));
}

/* -- streams -- */

/* Nothing before `next` is new, and the rollover counter is known. */
static void source_go_on(struct endpoint_source *source, uint32_t ssrc, uint64_t next,
                         uint8_t payload_type)
{
	if (source == NULL || ssrc == 0)
		return;
	source->window.first = next;
	if (!source->learned)
		return;
	source->ssrc = ssrc;
	source->payload_type = payload_type;
	source->taken_tsc = rte_rdtsc(); /* another one follows as it would have */
}

static void stream_take(struct take *take, uint32_t index)
{
	struct sluice_ledger_stream_state state, other;
	struct sluice_ledger_stream old;
	struct sluice_stream add;
	struct stream *stream;
	int error;

	if (!record_read(take, SLUICE_LEDGER_STREAM, index, &old, sizeof(old)))
		return;
	add = (struct sluice_stream){
	        .ssrc = old.ssrc,
	        .clock_hz = old.clock_hz,
	        .rtx_ssrc = old.rtx_ssrc,
	        .rtx_pt = old.rtx_pt,
	        .rtx_apt = old.rtx_apt,
	        .rtx_apt_given = old.rtx_apt_given != 0,
	        .roc = old.roc,
	        .kind = old.kind,
	        .codec = old.codec,
	        .n_payloads = old.n_payloads,
	};
	memcpy(add.mid, old.mid, sizeof(add.mid));
	memcpy(add.rid, old.rid, sizeof(add.rid));
	memcpy(add.payloads, old.payloads, sizeof(add.payloads));
	memcpy(add.name, old.name, sizeof(add.name));
	memcpy(add.endpoint, old.endpoint, sizeof(add.endpoint));
	error = media_stream_add(take->media, &add, flags_of(old.origin), take->why);
	taken_count(take, error);
	if (error < 0 ||
	    !STATE_READ(take, SLUICE_LEDGER_STREAM_STATE, index, old.life, &state, &other))
		return;
	stream = &take->media->streams[stream_named(take->media, add.name)];
	source_go_on(stream->source, state.ssrc, state.highest, state.payload_type);
	source_go_on(stream->rtx_source, state.rtx_ssrc, state.rtx_highest, 0);
	record_stream_state(take->media, stream);
}

/* -- subscriptions -- */

/* What came after it was made: it gets another stream, it is paused. */
static void subscription_change(struct take *take, const struct sluice_subscription *add,
                                uint32_t word)
{
	uint32_t index = word & ~SLUICE_LEDGER_PAUSED;
	struct sluice_ledger_stream source;
	struct sluice_subscription_switch change;
	struct sluice_subscription_name name;

	memcpy(name.stream, add->stream, sizeof(name.stream));
	memcpy(name.endpoint, add->endpoint, sizeof(name.endpoint));
	if (word & SLUICE_LEDGER_PAUSED)
		media_subscription_pause(take->media, &name, true, take->why);
	if (index == 0 || index >= ledger_image_count(take->old, SLUICE_LEDGER_STREAM)) {
		take->taken->broken++;
		return;
	}
	if (ledger_image_record(take->old, SLUICE_LEDGER_STREAM, index, &source, sizeof(source)) !=
	    LEDGER_WHOLE) {
		take->taken->foreign++;
		return;
	}
	memcpy(change.stream, add->stream, sizeof(change.stream));
	memcpy(change.endpoint, add->endpoint, sizeof(change.endpoint));
	memcpy(change.to, source.name, sizeof(change.to));
	if (media_subscription_switch(take->media, &change, take->why) < 0)
		take->taken->foreign++;
}

static void subscription_take(struct take *take, uint32_t index)
{
	struct sluice_ledger_subscription_state state, other;
	struct sluice_ledger_subscription old;
	struct subscription_past past;
	struct sluice_subscription add;
	int error;

	if (!sent_read(take, SLUICE_LEDGER_SUBSCRIPTION, index, &old, sizeof(old)))
		return;
	add = (struct sluice_subscription){
	        .ssrc = old.ssrc,
	        .rtx_ssrc = old.rtx_ssrc,
	        .pt = old.pt,
	        .rtx_pt = old.rtx_pt,
	        .ext_count = old.ext_count,
	        .pt_given = old.pt_given != 0,
	};
	memcpy(add.stream, old.stream, sizeof(add.stream));
	memcpy(add.endpoint, old.endpoint, sizeof(add.endpoint));
	memcpy(add.ext_from, old.ext_from, sizeof(add.ext_from));
	memcpy(add.ext_to, old.ext_to, sizeof(add.ext_to));
	add.n_pts = old.n_pts;
	memcpy(add.extensions, old.extensions, sizeof(add.extensions));
	memcpy(add.mid, old.mid, sizeof(add.mid));
	memcpy(add.pt_from, old.pt_from, sizeof(add.pt_from));
	memcpy(add.pt_to, old.pt_to, sizeof(add.pt_to));
	memcpy(add.pt_rtx, old.pt_rtx, sizeof(add.pt_rtx));
	past.known = STATE_READ(take, SLUICE_LEDGER_SUBSCRIPTION_STATE, index, old.life, &state,
	                        &other) &&
	             state.ssrc != 0 && (old.ssrc == 0 || state.ssrc == old.ssrc);
	if (past.known) {
		past.reserved = state.reserved;
		past.rtx_reserved = state.rtx_reserved;
		past.ssrc = state.ssrc;
		past.timestamp_offset = state.timestamp_offset;
		past.picture_offset = state.picture_offset;
		past.tl0_offset = state.tl0_offset;
		past.needs_key = state.needs_key != 0;
	}
	error = media_subscription_take(take->media, &add, flags_of(old.origin), &past, take->why);
	taken_count(take, error);
	if (error == 0)
		subscription_change(take, &add, old.head.expires);
}

/* -- what was used -- */

static void used_take(struct take *take, uint32_t slot)
{
	struct spent_slot *to = &take->media->config->spent->sent[slot];
	struct sluice_ledger_used old;

	if (!sent_read(take, SLUICE_LEDGER_USED, slot, &old, sizeof(old)))
		return;
	if ((old.hash & 1) == 0) {
		take->taken->broken++;
		return;
	}
	*to = (struct spent_slot){.hash = old.hash, .index = old.last};
	record_used(take->media, slot);
	take->taken->records++;
}

/* What was sent under their keys is not all here. */
static void keys_doubt(struct media *media)
{
	for (uint32_t i = 1; i <= media->max_endpoints; i++)
		if (media->endpoints[i].live)
			endpoint_key_doubt(media, &media->endpoints[i]);
}

void media_take(struct media *media)
{
	struct ledger *ledger = media->dp->ledger;
	const struct ledger_image *old = ledger->old;
	struct take take = {.media = media, .old = old, .taken = &ledger->taken};
	uint32_t used = RTE_MIN(ledger_image_count(old, SLUICE_LEDGER_USED), (uint32_t)SPENT_SLOTS);

	/* under another key the hashes mean nothing */
	for (uint32_t i = 0; ledger->keys_taken && i < used; i++)
		used_take(&take, i);
	for (uint32_t i = 1; i < ledger_image_count(old, SLUICE_LEDGER_ENDPOINT); i++)
		endpoint_take(&take, i);
	for (uint32_t i = 1; i < ledger_image_count(old, SLUICE_LEDGER_STREAM); i++)
		stream_take(&take, i);
	for (uint32_t i = 1; i < ledger_image_count(old, SLUICE_LEDGER_SUBSCRIPTION); i++)
		subscription_take(&take, i);
	if (!ledger->keys_taken || take.lost)
		keys_doubt(media);
}
