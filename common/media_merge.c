/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/media_merge.h"

#include <string.h>

static void key_merge(uint8_t *key, uint8_t *length, const uint8_t *given, uint8_t given_length)
{
	if (given_length == 0)
		return;
	memcpy(key, given, SLUICE_MEDIA_KEY_MAX);
	*length = given_length;
}

void endpoint_merge(struct sluice_endpoint *endpoint, const struct sluice_endpoint_set *set)
{
	const struct sluice_endpoint *to = &set->to;

	if (to->learn || to->remote.port != 0) {
		endpoint->remote = to->remote;
		endpoint->learn = to->learn;
	}
	if (to->rtcp.port != 0)
		endpoint->rtcp = to->rtcp;
	if (set->profile_given)
		endpoint->profile = to->profile;
	key_merge(endpoint->rx_key, &endpoint->rx_key_length, to->rx_key, to->rx_key_length);
	key_merge(endpoint->tx_key, &endpoint->tx_key_length, to->tx_key, to->tx_key_length);
	if (to->mki_length == 0)
		return;
	memcpy(endpoint->mki, to->mki, sizeof(endpoint->mki));
	endpoint->mki_length = to->mki_length;
}

void stream_merge(struct sluice_stream *stream, const struct sluice_stream_set *set)
{
	const struct sluice_stream *to = &set->to;

	if (to->ssrc != 0)
		stream->ssrc = to->ssrc;
	if (to->clock_hz != 0)
		stream->clock_hz = to->clock_hz;
	if (to->rtx_ssrc != 0)
		stream->rtx_ssrc = to->rtx_ssrc;
	if (to->rtx_pt != 0)
		stream->rtx_pt = to->rtx_pt;
	if (to->rtx_apt_given) {
		stream->rtx_apt = to->rtx_apt;
		stream->rtx_apt_given = 1;
	}
	if (to->ssrc != 0 || to->roc != 0)
		stream->roc = to->roc;
}

void subscription_merge(struct sluice_subscription *subscription,
                        const struct sluice_subscription_set *set)
{
	const struct sluice_subscription *to = &set->to;

	if (to->ssrc != 0)
		subscription->ssrc = to->ssrc;
	if (to->rtx_ssrc != 0)
		subscription->rtx_ssrc = to->rtx_ssrc;
	if (to->rtx_pt != 0)
		subscription->rtx_pt = to->rtx_pt;
	if (to->pt_given) {
		subscription->pt = to->pt;
		subscription->pt_given = 1;
	}
	if (to->ext_count == 0)
		return;
	memcpy(subscription->ext_from, to->ext_from, sizeof(subscription->ext_from));
	memcpy(subscription->ext_to, to->ext_to, sizeof(subscription->ext_to));
	subscription->ext_count = to->ext_count;
}
