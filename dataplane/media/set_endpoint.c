/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An endpoint gets another key, profile or address: a re-INVITE, a call that moved, a key that is
 * used up. Its streams and subscriptions stay.
 *
 * The order is that of the ledger: should we die in between, the next dataplane finds the new key
 * with the old indices, which were never used under it, and never the old key with fewer indices
 * than were.
 */
#include "media/media.h"

#include "common/media_merge.h"
#include "common/refuse.h"
#include "dataplane.h"
#include "media/consent.h"
#include "media/endpoint.h"
#include "media/key_frame.h"
#include "media/presence.h"
#include "media/receive.h"
#include "media/record.h"
#include "media/rewrite.h"
#include "media/stream.h"
#include "media/subscription.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

struct change {
	struct media *media;
	struct endpoint *endpoint;
	const struct sluice_endpoint *given;
	struct sluice_endpoint config; /* as it will be, without keys */
	bool remote, rtcp, rx, tx;     /* they change */
	struct srtp_session *rx_session, *tx_session;
	uint8_t rx_digest[KEY_DIGEST_SIZE], tx_digest[KEY_DIGEST_SIZE];
};

/* -- the owner, between two packets; the control thread waits -- */

static void remote_apply(const struct change *change, const struct worker *worker)
{
	struct endpoint *endpoint = change->endpoint;

	endpoint->learn = change->config.learn;
	endpoint->remote = endpoint_transport(&change->config.remote);
	consent_begin(endpoint, worker->tsc);
	endpoint->unproven = endpoint->learn;
}

/* What came under the other key says nothing of this one: neither indices nor rollover counters. */
static void rx_apply(const struct change *change)
{
	struct endpoint *endpoint = change->endpoint;
	struct media *media = change->media;

	endpoint->rx = change->rx_session;
	memcpy(endpoint->rx_digest, change->rx_digest, KEY_DIGEST_SIZE);
	endpoint->rtcp_senders.count = 0;
	for (uint32_t i = 0; endpoint->sources != NULL && i < endpoint->sources->count; i++) {
		struct endpoint_source *source = endpoint->sources->sources[i];
		struct stream *stream = &media->streams[source->stream];

		source->window = (struct srtp_receive_window){
		        .first =
		                spent_recall_received(media->config->spent, endpoint, source->ssrc),
		};
		source->record_due = 0;
		source->taken_tsc = 0;
		source->ended = false;
		source->formers_count = 0;
		memset(source->formers, 0, sizeof(source->formers));
		if (source->rtx)
			continue;
		stream_restart(media, stream);
		record_stream_state(media, stream);
	}
}

/* The next sequence number, and the rollover counter 0. */
static uint64_t index_again(uint64_t highest)
{
	uint16_t next = (uint16_t)(highest + 1);

	return next != 0 ? next - 1u : 0;
}

/* No number of before is used under this key: packets that come late have none any more. */
static void subscription_rekey(struct media *media, struct subscription *subscription,
                               const struct endpoint *endpoint)
{
	uint64_t before = subscription->highest;

	subscription->highest = index_again(subscription->highest);
	subscription->rtx_index = index_again(subscription->rtx_index);
	subscription_recall(media, subscription, false);
	subscription->reserved = subscription->highest + 1;
	subscription->rtx_reserved = subscription->rtx_index + 1;
	subscription->continues = true;
	subscription->resync = true;
	/* what comes next of the source is behind what has been sent, and what is late before it */
	subscription->seq_offset =
	        (subscription->seq_offset + subscription->highest - before) & REWRITE_INDEX_MASK;
	subscription->spans_next = 0;
	subscription->remapped = 0;
	subscription->hurried_until = 0;
	memset(subscription->spans, 0, sizeof(subscription->spans));
	subscription->gap_debt = 0;
	subscription->gap_paid = subscription->highest;
	subscription->needs_key =
	        endpoint->key_unknown && subscription_is_unknown(media, subscription);
	record_subscription_state(subscription);
}

static void tx_apply(const struct change *change)
{
	struct endpoint *endpoint = change->endpoint;
	struct media *media = change->media;
	const struct spent *spent = media->config->spent;
	const struct endpoint_subscriptions *legs = endpoint->subscriptions;

	endpoint->tx = change->tx_session;
	memcpy(endpoint->tx_digest, change->tx_digest, KEY_DIGEST_SIZE);
	endpoint->key_unknown = spent_is_doubted(spent, endpoint);
	endpoint->rtcp_index = (uint32_t)RTE_MAX(spent_recall(spent, endpoint, SPENT_RTCP),
	                                         (uint64_t)endpoint->rtcp_index);
	endpoint->keyless = 0;
	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		struct subscription *leg = &media->subscriptions[legs->list[i].subscription];

		subscription_rekey(media, leg, endpoint);
		endpoint->keyless += leg->needs_key;
	}
}

static void change_apply(struct worker *worker, void *arg)
{
	const struct change *change = arg;
	const struct srtp_profile_info *info = &srtp_profiles[change->config.profile];
	struct endpoint *endpoint = change->endpoint;

	endpoint->config = change->config;
	endpoint->profile = change->config.profile;
	endpoint->tag_length = info->tag_length;
	endpoint->rtcp_tag_length = info->rtcp_tag_length;
	endpoint->mki_length = change->config.mki_length;
	memcpy(endpoint->mki, change->config.mki, sizeof(endpoint->mki));
	endpoint->frame.generation = 0;
	endpoint->rtcp = endpoint_transport(&change->config.rtcp);
	if (change->remote)
		remote_apply(change, worker);
	if (change->rx)
		rx_apply(change);
	if (change->tx)
		tx_apply(change);
	record_endpoint_state(change->media, endpoint);
}

/* -- control thread -- */

/* Under the new key each SSRC is this endpoint's alone. */
static int ssrcs_check(struct media *media, const struct change *change, char *why)
{
	const struct endpoint_subscriptions *legs = change->endpoint->subscriptions;
	const struct siphash_key *key = &media->config->spent->key;

	media_collect_all(media);
	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		const struct subscription *leg = &media->subscriptions[legs->list[i].subscription];
		uint32_t ssrcs[] = {leg->ssrc, leg->rtx_ssrc};

		for (uint32_t j = 0; j < RTE_DIM(ssrcs); j++)
			if (ssrcs[j] != 0 &&
			    ssrc_set_find(&media->config->ssrcs,
			                  ssrc_hash(key, change->tx_digest, ssrcs[j])) != 0)
				return refuse(why, -EEXIST,
				              "another endpoint with this tx-key is sent ssrc %u",
				              ssrcs[j]);
	}
	return 0;
}

/* Keys in their place: as they were, or as they are given. */
static int keys_prepare(struct change *change, char *why)
{
	const struct sluice_endpoint *given = change->given;
	struct endpoint *endpoint = change->endpoint;
	bool profile = change->config.profile != endpoint->profile;
	int error = 0;

	if (profile && (given->rx_key_length == 0 || given->tx_key_length == 0))
		return refuse(why, -EINVAL, "another profile needs another rx-key and tx-key");
	memcpy(change->rx_digest, endpoint->rx_digest, KEY_DIGEST_SIZE);
	memcpy(change->tx_digest, endpoint->tx_digest, KEY_DIGEST_SIZE);
	if (given->rx_key_length != 0)
		error = endpoint_key_digest(change->media, given->rx_key, given->rx_key_length,
		                            change->rx_digest);
	if (error == 0 && given->tx_key_length != 0)
		error = endpoint_key_digest(change->media, given->tx_key, given->tx_key_length,
		                            change->tx_digest);
	if (error < 0)
		return refuse(why, error, "no memory to look at the keys");
	change->rx = CRYPTO_memcmp(change->rx_digest, endpoint->rx_digest, KEY_DIGEST_SIZE) != 0;
	change->tx = CRYPTO_memcmp(change->tx_digest, endpoint->tx_digest, KEY_DIGEST_SIZE) != 0;
	if (profile && (!change->rx || !change->tx))
		return refuse(why, -EINVAL, "another profile needs another rx-key and tx-key");
	return change->tx ? ssrcs_check(change->media, change, why) : 0;
}

static void sessions_drop(const struct change *change)
{
	const struct srtp_engine *engine = change->media->engine;

	if (change->rx_session != NULL)
		engine->session_destroy(change->rx_session);
	if (change->tx_session != NULL)
		engine->session_destroy(change->tx_session);
}

static int sessions_make(struct change *change, char *why)
{
	const struct srtp_engine *engine = change->media->engine;
	uint8_t profile = change->config.profile;

	if (change->rx)
		change->rx_session = engine->session_create(profile, change->given->rx_key);
	if (change->tx)
		change->tx_session = engine->session_create(profile, change->given->tx_key);
	if ((!change->rx || change->rx_session != NULL) &&
	    (!change->tx || change->tx_session != NULL))
		return 0;
	sessions_drop(change);
	return refuse(why, -ENOMEM, "no memory for the keys");
}

/* Packets from the new addresses find it from now on; from the old ones, too, until
 * transport_leave.
 */
static int transport_join(const struct change *change, char *why)
{
	struct media *media = change->media;
	const struct endpoint *endpoint = change->endpoint;
	uint32_t index = (uint32_t)(endpoint - media->endpoints);
	struct five_tuple rtp = endpoint_flow(endpoint, &change->config.remote);
	struct five_tuple rtcp = endpoint_flow(endpoint, &change->config.rtcp);
	int error = 0;

	if (change->remote && change->config.learn) {
		if (media->config->locals[endpoint->local_index].endpoints != 1)
			return refuse(why, -EADDRINUSE,
			              "an endpoint that learns has its local port alone");
		__atomic_store_n(&media->learners[endpoint->local_index], index, __ATOMIC_RELEASE);
	} else if (change->remote) {
		error = endpoint_flow_add(media, &rtp, index, why);
	}
	if (error < 0 || !change->rtcp)
		return error;
	error = endpoint_flow_add(media, &rtcp, index, why);
	if (error < 0 && change->remote)
		media_flow_remove(media, &rtp);
	return error;
}

static void transport_leave(const struct change *change, const struct sluice_endpoint *before)
{
	struct media *media = change->media;
	struct five_tuple rtp = endpoint_flow(change->endpoint, &before->remote);
	struct five_tuple rtcp = endpoint_flow(change->endpoint, &before->rtcp);

	if (change->remote && !before->learn)
		media_flow_remove(media, &rtp);
	else if (change->remote && !change->config.learn)
		__atomic_store_n(&media->learners[change->endpoint->local_index], 0,
		                 __ATOMIC_RELEASE);
	if (change->rtcp && before->rtcp.port != 0)
		media_flow_remove(media, &rtcp);
}

static void session_free(struct media *media, void *session)
{
	media->engine->session_destroy(session);
}

/* Of the keys that it has no more: should they come back. */
static void used_remember(const struct change *change)
{
	struct media *media = change->media;
	struct endpoint *endpoint = change->endpoint;
	const struct endpoint_subscriptions *legs = endpoint->subscriptions;

	for (uint32_t i = 0;
	     endpoint->sources != NULL && change->rx && i < endpoint->sources->count; i++)
		stream_remember(media, &media->streams[endpoint->sources->sources[i]->stream]);
	if (!change->tx)
		return;
	record_used(media, spent_remember(media->config->spent, endpoint, SPENT_RTCP,
	                                  (uint64_t)endpoint->rtcp_index + SPENT_SLACK));
	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		uint32_t index = legs->list[i].subscription;

		subscription_remember_ahead(media, &media->subscriptions[index]);
		ssrc_set_remove(&media->config->ssrcs, index);
	}
}

static void change_make(struct change *change)
{
	struct media *media = change->media;
	struct endpoint *endpoint = change->endpoint;
	struct srtp_session *rx = endpoint->rx, *tx = endpoint->tx;
	const struct endpoint_subscriptions *legs = endpoint->subscriptions;

	used_remember(change);
	record_endpoint_change(media, endpoint, &change->config, change->given);
	worker_call(media->dp->workers[endpoint->worker], change_apply, change);
	record_endpoint_doubt(media, endpoint);
	if (change->rx)
		media_discard(media, session_free, rx);
	if (change->tx)
		media_discard(media, session_free, tx);
	for (uint32_t i = 0; legs != NULL && i < legs->count; i++) {
		const struct subscription *leg = &media->subscriptions[legs->list[i].subscription];

		if (change->tx)
			subscription_ssrcs_add(media, leg);
		key_frame_ask_from_control(media, leg->stream);
	}
	presence_rouse(endpoint);
}

static int change_check(struct change *change, const struct sluice_endpoint_set *set, char *why)
{
	const struct sluice_endpoint *before = &change->endpoint->config;
	int error;

	endpoint_merge(&change->config, set);
	explicit_bzero(change->config.rx_key, sizeof(change->config.rx_key));
	explicit_bzero(change->config.tx_key, sizeof(change->config.tx_key));
	error = endpoint_check(&change->config, why);
	if (error < 0)
		return error;
	change->remote = change->config.learn != before->learn ||
	                 memcmp(&change->config.remote, &before->remote, sizeof(before->remote));
	change->rtcp = memcmp(&change->config.rtcp, &before->rtcp, sizeof(before->rtcp)) != 0;
	if (change->rtcp && change->config.learn)
		return refuse(why, -EINVAL,
		              "an endpoint that learns has no RTCP address of its own");
	return keys_prepare(change, why);
}

int media_endpoint_set(struct media *media, const struct sluice_endpoint_set *set, char *why)
{
	uint32_t index = media_name_valid(set->to.name) ? endpoint_named(media, set->to.name) : 0;
	struct change change = {
	        .media = media,
	        .endpoint = &media->endpoints[index],
	        .given = &set->to,
	        .config = media->endpoints[index].config,
	};
	struct sluice_endpoint before = change.config;
	int error;

	media_collect(media);
	if (index == 0)
		return refuse(why, -ENOENT, "no endpoint %.*s", SLUICE_MEDIA_NAME_MAX,
		              set->to.name);
	if (change.config.outside)
		return refuse(why, -EINVAL, "endpoint %s is a session's", set->to.name);
	error = change_check(&change, set, why);
	if (error == 0)
		error = sessions_make(&change, why);
	if (error < 0)
		return error;
	error = transport_join(&change, why);
	if (error < 0) {
		sessions_drop(&change);
		return error;
	}
	change_make(&change);
	transport_leave(&change, &before);
	return 0;
}
