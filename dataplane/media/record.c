/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/record.h"

#include "dataplane.h"
#include "ledger/ledger.h"
#include "media/config.h"

#include <string.h>

static_assert(SLUICE_MEDIA_NAME_MAX == 64 && SLUICE_MEDIA_KEY_MAX == 48 &&
                      SLUICE_MEDIA_MKI_MAX == 8 && SLUICE_MEDIA_EXT_MAP_MAX == 16,
              "as the ledger has them");
static_assert(SLUICE_EXTENSIONS_MAX == 16 && SLUICE_TRACK_MID_MAX == 17 &&
                      SLUICE_TRACK_RID_MAX == 17 && SLUICE_TRACK_PAYLOADS_MAX == 16 &&
                      SLUICE_MEDIA_PT_MAP_MAX == 16,
              "as the ledger has them");

uint32_t media_record_shapes(const struct options *options, struct ledger_shape *shapes)
{
	uint32_t endpoints = options->max_endpoints + 1; /* index 0 is no object */
	uint32_t streams = options->max_streams + 1;
	uint32_t subscriptions = options->max_subscriptions + 1;

	if (options->max_endpoints == 0)
		return 0;
	shapes[0] = LEDGER_SHAPE(SLUICE_LEDGER_ENDPOINT, sluice_ledger_endpoint, endpoints);
	shapes[1] = LEDGER_SHAPE(SLUICE_LEDGER_ENDPOINT_STATE, sluice_ledger_endpoint_state,
	                         2 * endpoints);
	shapes[2] = LEDGER_SHAPE(SLUICE_LEDGER_STREAM, sluice_ledger_stream, streams);
	shapes[3] =
	        LEDGER_SHAPE(SLUICE_LEDGER_STREAM_STATE, sluice_ledger_stream_state, 2 * streams);
	shapes[4] =
	        LEDGER_SHAPE(SLUICE_LEDGER_SUBSCRIPTION, sluice_ledger_subscription, subscriptions);
	shapes[5] = LEDGER_SHAPE(SLUICE_LEDGER_SUBSCRIPTION_STATE, sluice_ledger_subscription_state,
	                         2 * subscriptions);
	shapes[6] = LEDGER_SHAPE(SLUICE_LEDGER_USED, sluice_ledger_used, SPENT_SLOTS);
	return MEDIA_RECORD_SHAPES;
}

/* -- endpoints -- */

void record_endpoint_state(struct media *media, struct endpoint *endpoint)
{
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_ENDPOINT_STATE, 2 * index + 1);
	struct sluice_ledger_endpoint_state record;

	if (table == NULL)
		return;
	record = (struct sluice_ledger_endpoint_state){
	        .remote_port = endpoint->remote.port,
	        .unproven = endpoint->unproven,
	        .life = endpoint->life,
	        .number = ++endpoint->record_number,
	        .rtcp_reserved = endpoint->rtcp_reserved,
	        .rtcp_ssrc = endpoint->rtcp_ssrc,
	        .local_port = endpoint->local.port,
	        .transport_number = endpoint->transport_number,
	};
	memcpy(record.remote, endpoint->remote.ip.bytes, sizeof(record.remote));
	memcpy(record.local, endpoint->local.ip.bytes, sizeof(record.local));
	ledger_write(table, 2 * index + (record.number & 1), &record, sizeof(record));
}

void record_endpoint(struct media *media, const struct endpoint *endpoint,
                     const struct sluice_endpoint *add)
{
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_ENDPOINT, index);
	struct sluice_ledger_endpoint record;

	if (table == NULL)
		return;
	record = (struct sluice_ledger_endpoint){
	        .remote_port = add->remote.port,
	        .local_port = add->local.port,
	        .profile = add->profile,
	        .learn = add->learn,
	        .rx_key_length = add->rx_key_length,
	        .tx_key_length = add->tx_key_length,
	        .mki_length = add->mki_length,
	        .origin = endpoint->origin,
	        .key_unknown = endpoint->key_unknown,
	        .life = endpoint->life,
	        .outside = add->outside,
	        .feedback_given = add->feedback_given,
	        .feedback = add->feedback,
	        .estimate_off = add->estimate_off,
	        .rtcp_port = add->rtcp.port,
	};
	memcpy(record.extensions, add->extensions, sizeof(record.extensions));
	memcpy(record.rtcp, add->rtcp.ip, sizeof(record.rtcp));
	memcpy(record.name, add->name, sizeof(record.name));
	memcpy(record.remote, add->remote.ip, sizeof(record.remote));
	memcpy(record.local, add->local.ip, sizeof(record.local));
	memcpy(record.rx_key, add->rx_key, sizeof(record.rx_key));
	memcpy(record.tx_key, add->tx_key, sizeof(record.tx_key));
	memcpy(record.mki, add->mki, sizeof(record.mki));
	ledger_write(table, index, &record, sizeof(record));
	explicit_bzero(&record, sizeof(record));
}

/* The master keys that it holds are nowhere else. False: there is none. */
static bool endpoint_record_read(const struct media *media, uint32_t index,
                                 struct sluice_ledger_endpoint *record)
{
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_ENDPOINT, index);

	if (table == NULL || !ledger_has(table, index))
		return false;
	memcpy(record, ledger_words(table, index), sizeof(*record));
	return true;
}

static void endpoint_record_write(const struct media *media, uint32_t index,
                                  struct sluice_ledger_endpoint *record)
{
	ledger_write(ledger_at(media->dp->ledger, SLUICE_LEDGER_ENDPOINT, index), index, record,
	             sizeof(*record));
	explicit_bzero(record, sizeof(*record));
}

void record_endpoint_doubt(struct media *media, const struct endpoint *endpoint)
{
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	struct sluice_ledger_endpoint record;

	if (!endpoint_record_read(media, index, &record))
		return;
	record.key_unknown = endpoint->key_unknown;
	endpoint_record_write(media, index, &record);
}

void record_endpoint_change(struct media *media, const struct endpoint *endpoint,
                            const struct sluice_endpoint *config,
                            const struct sluice_endpoint *given)
{
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	struct sluice_ledger_endpoint record;

	if (!endpoint_record_read(media, index, &record))
		return;
	record.remote_port = config->remote.port;
	record.profile = config->profile;
	record.learn = config->learn;
	record.mki_length = config->mki_length;
	record.estimate_off = config->estimate_off;
	record.origin = endpoint->origin;
	record.rtcp_port = config->rtcp.port;
	memcpy(record.remote, config->remote.ip, sizeof(record.remote));
	memcpy(record.rtcp, config->rtcp.ip, sizeof(record.rtcp));
	memcpy(record.mki, config->mki, sizeof(record.mki));
	if (given->rx_key_length != 0) {
		record.rx_key_length = given->rx_key_length;
		memcpy(record.rx_key, given->rx_key, sizeof(record.rx_key));
	}
	if (given->tx_key_length != 0) {
		record.tx_key_length = given->tx_key_length;
		memcpy(record.tx_key, given->tx_key, sizeof(record.tx_key));
	}
	endpoint_record_write(media, index, &record);
}

void record_endpoint_end(struct media *media, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_ENDPOINT, index);

	if (table != NULL)
		ledger_wipe(table, index);
}

/* -- streams -- */

static uint64_t source_next(const struct endpoint_source *source)
{
	if (source == NULL)
		return 0;
	return source->window.started ? source->window.highest + 1 : source->window.first;
}

void record_stream_state(struct media *media, struct stream *stream)
{
	uint32_t index = (uint32_t)(stream - media->streams);
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_STREAM_STATE, 2 * index + 1);
	const struct endpoint_source *rtx = stream->rtx_source;
	struct sluice_ledger_stream_state record;

	if (table == NULL)
		return;
	record = (struct sluice_ledger_stream_state){
	        .highest = source_next(stream->source),
	        .rtx_highest = source_next(rtx),
	        .ssrc = stream->source->ssrc,
	        .rtx_ssrc = rtx != NULL ? rtx->ssrc : 0,
	        .life = stream->life,
	        .number = ++stream->record_number,
	        .payload_type = stream->source->payload_type,
	};
	ledger_write(table, 2 * index + (record.number & 1), &record, sizeof(record));
}

void record_stream(struct media *media, const struct stream *stream)
{
	uint32_t index = (uint32_t)(stream - media->streams);
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_STREAM, index);
	const struct sluice_stream *config = &stream->config;
	struct sluice_ledger_stream record;

	if (table == NULL)
		return;
	record = (struct sluice_ledger_stream){
	        .ssrc = config->ssrc,
	        .clock_hz = config->clock_hz,
	        .rtx_ssrc = config->rtx_ssrc,
	        .rtx_pt = config->rtx_pt,
	        .rtx_apt = config->rtx_apt,
	        .rtx_apt_given = config->rtx_apt_given,
	        .roc = config->roc,
	        .origin = stream->origin,
	        .life = stream->life,
	        .kind = config->kind,
	        .codec = config->codec,
	        .n_payloads = config->n_payloads,
	};
	memcpy(record.mid, config->mid, sizeof(record.mid));
	memcpy(record.rid, config->rid, sizeof(record.rid));
	static_assert(sizeof(record.payloads) == sizeof(config->payloads), "the same bytes");
	memcpy(record.payloads, config->payloads, sizeof(record.payloads));
	memcpy(record.name, config->name, sizeof(record.name));
	memcpy(record.endpoint, config->endpoint, sizeof(record.endpoint));
	ledger_write(table, index, &record, sizeof(record));
}

void record_stream_end(struct media *media, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_STREAM, index);

	if (table != NULL)
		ledger_clear(table, index);
}

/* -- subscriptions -- */

void record_subscription_state(struct subscription *subscription)
{
	struct sluice_ledger_subscription_state record;

	if (subscription->record_table == NULL)
		return;
	record = (struct sluice_ledger_subscription_state){
	        .reserved = subscription->reserved,
	        .rtx_reserved = subscription->rtx_reserved,
	        .ssrc = subscription->ssrc,
	        .timestamp_offset = subscription->timestamp_offset,
	        .picture_offset = subscription->picture_offset,
	        .tl0_offset = subscription->tl0_offset,
	        .life = subscription->life,
	        .number = ++subscription->record_number,
	        .needs_key = subscription->needs_key,
	};
	ledger_write(subscription->record_table,
	             2 * subscription->record_index + (record.number & 1), &record, sizeof(record));
}

/* What was chosen, whatever has its place just now. */
static uint32_t subscription_word(const struct media *media,
                                  const struct subscription *subscription)
{
	const struct stream *wanted = &media->streams[subscription->wanted];
	bool lives = wanted->live && wanted->life == subscription->wanted_life;

	return (lives ? subscription->wanted : subscription->stream) |
	       (subscription->paused ? SLUICE_LEDGER_PAUSED : 0);
}

void record_subscription_changed(struct media *media, const struct subscription *subscription)
{
	uint32_t index = (uint32_t)(subscription - media->subscriptions);
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_SUBSCRIPTION, index);

	if (table != NULL && ledger_has(table, index))
		ledger_renew(table, index, subscription_word(media, subscription));
}

void record_subscription_begin(struct media *media, struct subscription *subscription)
{
	uint32_t index = (uint32_t)(subscription - media->subscriptions);

	subscription->record_table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_SUBSCRIPTION_STATE, 2 * index + 1);
	subscription->record_index = index;
	record_subscription_state(subscription);
	record_subscription(media, subscription);
}

void record_subscription(struct media *media, const struct subscription *subscription)
{
	uint32_t index = (uint32_t)(subscription - media->subscriptions);
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_SUBSCRIPTION, index);
	const struct sluice_subscription *config = &subscription->config;
	struct sluice_ledger_subscription record;

	if (table == NULL)
		return;
	record = (struct sluice_ledger_subscription){
	        .head.expires = subscription_word(media, subscription),
	        .ssrc = config->ssrc,
	        .rtx_ssrc = config->rtx_ssrc,
	        .pt = config->pt,
	        .rtx_pt = config->rtx_pt,
	        .ext_count = config->ext_count,
	        .pt_given = config->pt_given,
	        .life = subscription->life,
	        .origin = subscription->origin,
	};
	memcpy(record.stream, config->stream, sizeof(record.stream));
	memcpy(record.endpoint, config->endpoint, sizeof(record.endpoint));
	memcpy(record.ext_from, config->ext_from, sizeof(record.ext_from));
	memcpy(record.ext_to, config->ext_to, sizeof(record.ext_to));
	record.n_pts = config->n_pts;
	memcpy(record.extensions, config->extensions, sizeof(record.extensions));
	memcpy(record.mid, config->mid, sizeof(record.mid));
	memcpy(record.pt_from, config->pt_from, sizeof(record.pt_from));
	memcpy(record.pt_to, config->pt_to, sizeof(record.pt_to));
	memcpy(record.pt_rtx, config->pt_rtx, sizeof(record.pt_rtx));
	ledger_write(table, index, &record, sizeof(record));
}

void record_subscription_end(struct media *media, uint32_t index)
{
	const struct ledger_table *table =
	        ledger_at(media->dp->ledger, SLUICE_LEDGER_SUBSCRIPTION, index);

	if (table != NULL)
		ledger_clear(table, index);
}

/* -- what was used -- */

void record_used(struct media *media, uint32_t slot)
{
	const struct ledger_table *table = ledger_at(media->dp->ledger, SLUICE_LEDGER_USED, slot);
	const struct spent_slot *from = &media->config->spent->sent[slot];
	struct sluice_ledger_used record = {.hash = from->hash, .last = from->index};

	if (table != NULL)
		ledger_write(table, slot, &record, sizeof(record));
}
