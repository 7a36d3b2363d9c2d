/* SPDX-License-Identifier: BSD-3-Clause */
#include "media/config.h"

#include "common/refuse.h"
#include "common/words.h"
#include "dataplane.h"
#include "media/endpoint.h"
#include "media/record.h"
#include "media/transport_feedback.h"
#include "media/viewer.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <rte_hash.h>
#include <rte_malloc.h>

#define RTCP_INDEX_MAX 0x7fffffffu /* RFC 3711, 3.4 */

static bool address_set(const struct sluice_addr *addr)
{
	static const uint8_t nothing[sizeof(addr->ip)];

	return addr->port != 0 && memcmp(addr->ip, nothing, sizeof(nothing)) != 0;
}

int endpoint_check(const struct sluice_endpoint *add, char *why)
{
	const struct srtp_profile_info *info;
	uint32_t length;

	if (!media_name_valid(add->name))
		return refuse(why, -EINVAL, "a name has 1 to %u printable bytes without spaces",
		              SLUICE_MEDIA_NAME_MAX - 1);
	if (add->profile >= SLUICE_SRTP_PROFILES)
		return refuse(why, -EINVAL, "profile %u is none of %u", add->profile,
		              SLUICE_SRTP_PROFILES);
	info = &srtp_profiles[add->profile];
	length = info->key_length + info->salt_length;
	if (add->rx_key_length != length || add->tx_key_length != length)
		return refuse(why, -EINVAL, "%s has keys of %u bytes, salt included, not %u and %u",
		              profile_words[add->profile], length, add->rx_key_length,
		              add->tx_key_length);
	if (!address_set(&add->local))
		return refuse(why, -EINVAL, "local is an address and a port of ours");
	if (!add->learn && !add->outside && !address_set(&add->remote))
		return refuse(why, -EINVAL, "remote is an address and a port, or learned");
	if (add->rtcp.port != 0 && (add->learn || !address_set(&add->rtcp)))
		return refuse(why, -EINVAL,
		              "rtcp is an address and a port beside a remote that is given");
	if (add->mki_length > SLUICE_MEDIA_MKI_MAX)
		return refuse(why, -EINVAL, "an MKI has at most %u bytes", SLUICE_MEDIA_MKI_MAX);
	return 0;
}

struct transport_addr endpoint_transport(const struct sluice_addr *addr)
{
	return (struct transport_addr){.ip = ip_addr_v6(addr->ip), .port = addr->port};
}

struct five_tuple endpoint_flow(const struct endpoint *endpoint, const struct sluice_addr *at)
{
	struct transport_addr remote = endpoint_transport(at);

	return (struct five_tuple){
	        .src = remote.ip,
	        .src_port = remote.port,
	        .service = endpoint->local_index,
	};
}

int media_flow_add(struct media *media, const struct five_tuple *flow, uint32_t endpoint)
{
	return rte_hash_add_key_data(media->transports, flow, (void *)(uintptr_t)endpoint) == 0
	               ? 0
	               : -ENOSPC;
}

void media_flow_remove(struct media *media, const struct five_tuple *flow)
{
	rte_hash_del_key(media->transports, flow);
}

int endpoint_flow_add(struct media *media, const struct five_tuple *flow, uint32_t index, char *why)
{
	if (rte_hash_lookup(media->transports, flow) >= 0)
		return refuse(why, -EADDRINUSE, "another endpoint has both addresses");
	if (media_flow_add(media, flow, index) < 0)
		return refuse(why, -ENOSPC, "no room for another pair of addresses");
	return 0;
}

/* Who learns is alone at its local address: who else sends there would be taken for it. */
static int transport_add(struct media *media, uint32_t index, char *why)
{
	struct endpoint *endpoint = &media->endpoints[index];
	uint32_t *learner = &media->learners[endpoint->local_index];
	uint32_t others = media->config->locals[endpoint->local_index].endpoints - 1;
	struct five_tuple flow = endpoint_flow(endpoint, &endpoint->config.remote);
	struct five_tuple rtcp = endpoint_flow(endpoint, &endpoint->config.rtcp);
	int error;

	if (*learner != 0 || (endpoint->learn && others != 0))
		return refuse(why, -EADDRINUSE, "an endpoint that learns has its local port alone");
	if (endpoint->learn) {
		__atomic_store_n(learner, index, __ATOMIC_RELEASE);
		return 0;
	}
	error = endpoint_flow_add(media, &flow, index, why);
	if (error < 0 || endpoint->rtcp.port == 0)
		return error;
	error = endpoint_flow_add(media, &rtcp, index, why);
	if (error < 0)
		media_flow_remove(media, &flow);
	return error;
}

/* Those of an endpoint whose path is set from outside are removed from there. */
static void transport_remove(struct media *media, const struct endpoint *endpoint)
{
	struct five_tuple flow = endpoint_flow(endpoint, &endpoint->config.remote);
	struct five_tuple rtcp = endpoint_flow(endpoint, &endpoint->config.rtcp);

	if (endpoint->outside)
		return;
	if (endpoint->learn) {
		__atomic_store_n(&media->learners[endpoint->local_index], 0, __ATOMIC_RELEASE);
		return;
	}
	media_flow_remove(media, &flow);
	if (endpoint->rtcp.port != 0)
		media_flow_remove(media, &rtcp);
}

/* The one with the least to do. */
static uint16_t worker_choose(const struct media *media)
{
	const uint32_t *load = media->config->worker_load;
	uint16_t best = 0;

	for (uint16_t i = 1; i < media->dp->n_workers; i++)
		if (load[i] < load[best])
			best = i;
	return best;
}

int endpoint_key_digest(const struct media *media, const uint8_t *key, uint32_t length,
                        uint8_t digest[KEY_DIGEST_SIZE])
{
	const uint8_t *under = media->config->digest_key;
	uint8_t whole[SLUICE_MEDIA_KEY_MAX] = {0};
	bool ok;

	memcpy(whole, key, length);
	ok = HMAC(EVP_sha256(), under, KEY_DIGEST_SIZE, whole, sizeof(whole), digest, NULL) != NULL;
	explicit_bzero(whole, sizeof(whole));
	return ok ? 0 : -ENOMEM;
}

/* What is kept of the master keys, which are not needed once session keys are derived. */
static int keys_take(const struct media *media, struct endpoint *endpoint,
                     const struct sluice_endpoint *add)
{
	endpoint->config = *add;
	explicit_bzero(endpoint->config.rx_key, sizeof(endpoint->config.rx_key));
	explicit_bzero(endpoint->config.tx_key, sizeof(endpoint->config.tx_key));
	if (endpoint_key_digest(media, add->rx_key, add->rx_key_length, endpoint->rx_digest) < 0)
		return -ENOMEM;
	return endpoint_key_digest(media, add->tx_key, add->tx_key_length, endpoint->tx_digest);
}

/* 1: as it is already; 0: it differs; -ENOMEM. */
static int endpoint_same(const struct media *media, const struct endpoint *endpoint,
                         const struct sluice_endpoint *add)
{
	struct endpoint like;
	int error;

	memset(&like, 0, sizeof(like));
	error = keys_take(media, &like, add);
	if (error < 0)
		return error;
	return memcmp(&like.config, &endpoint->config, sizeof(like.config)) == 0 &&
	       CRYPTO_memcmp(like.rx_digest, endpoint->rx_digest, KEY_DIGEST_SIZE) == 0 &&
	       CRYPTO_memcmp(like.tx_digest, endpoint->tx_digest, KEY_DIGEST_SIZE) == 0;
}

/* What the peer has agreed to: without a word, NACK and PLI. */
static void agreed_take(struct endpoint *endpoint, const struct sluice_endpoint *add)
{
	endpoint->feedback =
	        add->feedback_given ? add->feedback : SLUICE_FEEDBACK_NACK | SLUICE_FEEDBACK_PLI;
	ext_ids_set(&endpoint->ids, add->extensions);
}

int endpoint_transport_make(struct media *media, uint32_t index)
{
	struct endpoint *endpoint = &media->endpoints[index];
	const struct sluice_endpoint *config = &endpoint->config;
	bool estimate = !media->dp->options.no_remote_estimate &&
	                config->extensions[SLUICE_EXTENSION_ABS_SEND_TIME] != 0;
	struct transport_record *record;

	if (endpoint->transport != NULL || !(endpoint->feedback & SLUICE_FEEDBACK_TRANSPORT) ||
	    config->extensions[SLUICE_EXTENSION_TRANSPORT_NUMBER] == 0)
		return 0;
	record = transport_record_create(estimate);
	if (record == NULL)
		return -ENOMEM;
	transport_set_off(record, config->estimate_off);
	__atomic_store_n(&endpoint->transport, record, __ATOMIC_RELEASE);
	return 0;
}

void media_endpoint_estimate(struct media *media, uint32_t index, bool on)
{
	static const struct sluice_endpoint as_before;
	struct endpoint *endpoint = &media->endpoints[index];

	endpoint->config.estimate_off = !on;
	transport_set_off(endpoint->transport, !on);
	viewer_set_off(media, index, !on);
	record_endpoint_change(media, endpoint, &endpoint->config, &as_before);
}

static int endpoint_fill(struct media *media, struct endpoint *endpoint,
                         const struct sluice_endpoint *add)
{
	const struct srtp_profile_info *info = &srtp_profiles[add->profile];

	if (keys_take(media, endpoint, add) < 0)
		return -ENOMEM;
	memcpy(endpoint->name, add->name, sizeof(endpoint->name));
	endpoint->learn = add->learn;
	endpoint->unproven = add->learn;
	endpoint->outside = add->outside;
	agreed_take(endpoint, add);
	endpoint->profile = add->profile;
	endpoint->tag_length = info->tag_length;
	endpoint->rtcp_tag_length = info->rtcp_tag_length;
	endpoint->mki_length = add->mki_length;
	memcpy(endpoint->mki, add->mki, sizeof(endpoint->mki));
	endpoint->local = endpoint_transport(&add->local);
	endpoint->remote = endpoint_transport(&add->remote);
	endpoint->rtcp = endpoint_transport(&add->rtcp);
	endpoint->life = ++media->config->lives;
	endpoint->config_generation = media->dp->config_generation;
	endpoint->rtcp_index = (uint32_t)RTE_MIN(
	        spent_recall(media->config->spent, endpoint, SPENT_RTCP), RTCP_INDEX_MAX);
	endpoint->rtcp_reserved = endpoint->rtcp_index + 1;
	endpoint->key_unknown = spent_is_doubted(media->config->spent, endpoint);
	endpoint->rx = media->engine->session_create(add->profile, add->rx_key);
	endpoint->tx = media->engine->session_create(add->profile, add->tx_key);
	return endpoint->rx != NULL && endpoint->tx != NULL ? 0 : -ENOMEM;
}

void endpoint_key_doubt(struct media *media, struct endpoint *endpoint)
{
	if (endpoint->key_unknown)
		return;
	endpoint->key_unknown = true;
	record_used(media, spent_doubt(media->config->spent, endpoint));
	record_endpoint_doubt(media, endpoint);
}

/* A control plane that replays a configuration may have used the key in another life of the
 * dataplane; not where the key has been here before, and all that was sent under it is known. */
static bool key_is_unknown(const struct media *media, const struct endpoint *endpoint,
                           uint32_t flags)
{
	return flags & SLUICE_API_REPLAYED &&
	       spent_recall(media->config->spent, endpoint, SPENT_RTCP) == 0;
}

/* Keys go with it. */
static void endpoint_free(struct media *media, void *object)
{
	struct endpoint *endpoint = object;

	if (endpoint->rx != NULL)
		media->engine->session_destroy(endpoint->rx);
	if (endpoint->tx != NULL)
		media->engine->session_destroy(endpoint->tx);
	rte_free(endpoint->sources);
	rte_free(endpoint->subscriptions);
	transport_record_destroy(endpoint->transport);
	viewer_destroy(media, (uint32_t)(endpoint - media->endpoints));
	OPENSSL_cleanse(endpoint, sizeof(*endpoint));
	media_place_give(&media->config->endpoint_places, endpoint - media->endpoints);
}

/* The port of a session's endpoint is its listener's. */
static int local_take(struct media *media, const struct sluice_endpoint *add, char *why)
{
	struct transport_addr local = endpoint_transport(&add->local);

	return add->outside ? LOCAL_OUTSIDE : media_local_take(media, &local, why);
}

static void local_give(struct media *media, uint16_t local_index)
{
	if (local_index != LOCAL_OUTSIDE)
		media_local_give(media, local_index);
}

/* worker: its owner. */
static int endpoint_make(struct media *media, const struct sluice_endpoint *add, uint16_t worker,
                         uint32_t flags, char *why)
{
	uint32_t index = media_place_take(&media->config->endpoint_places);
	struct endpoint *endpoint = &media->endpoints[index];
	int error, local_index;

	if (index == 0)
		return refuse(why, -ENOSPC, "there are %u endpoints, and room for no more",
		              media->max_endpoints);
	local_index = local_take(media, add, why);
	if (local_index < 0) {
		media_place_give(&media->config->endpoint_places, index);
		return local_index;
	}
	endpoint->local_index = (uint16_t)local_index;
	endpoint->origin = origin_of(flags);
	endpoint->worker = worker;
	error = endpoint_fill(media, endpoint, add);
	if (error < 0)
		refuse(why, error, "no memory for another endpoint");
	else if (!add->outside)
		error = transport_add(media, index, why);
	if (error < 0) {
		endpoint_free(media, endpoint);
		local_give(media, (uint16_t)local_index);
		return error;
	}
	media->config->worker_load[endpoint->worker]++;
	media_name_add(&media->config->endpoint_names, endpoint->name, index);
	record_endpoint_state(media, endpoint);
	record_endpoint(media, endpoint, add);
	if (key_is_unknown(media, endpoint, flags))
		endpoint_key_doubt(media, endpoint);
	__atomic_store_n(&endpoint->live, true, __ATOMIC_RELEASE);
	return 0;
}

/* It is there as it is asked for: from now on it is whose request this is. */
static void endpoint_again(struct media *media, struct endpoint *endpoint,
                           const struct sluice_endpoint *add, uint32_t flags)
{
	uint8_t before = endpoint->origin;

	endpoint->config_generation = media->dp->config_generation;
	endpoint->origin = origin_of(flags);
	if (endpoint->origin != before)
		record_endpoint(media, endpoint, add);
}

int media_endpoint_add(struct media *media, const struct sluice_endpoint *add, uint32_t flags,
                       char *why)
{
	int error = endpoint_check(add, why);
	uint32_t index;

	if (error < 0)
		return error;
	media_collect(media);
	index = endpoint_named(media, add->name);
	if (index == 0)
		return endpoint_make(media, add, worker_choose(media), flags, why);
	if (!(flags & SLUICE_API_EXIST_OK))
		return refuse(why, -EEXIST, "endpoint %s is there already", add->name);
	error = endpoint_same(media, &media->endpoints[index], add);
	if (error < 0)
		return refuse(why, error, "no memory to look at endpoint %s", add->name);
	if (error > 0) {
		endpoint_again(media, &media->endpoints[index], add, flags);
		return 0;
	}
	error = endpoint_end(media, index);
	if (error < 0)
		return refuse(why, error, "no memory to replace endpoint %s", add->name);
	return endpoint_make(media, add, worker_choose(media), flags, why);
}

uint32_t media_endpoint_index(const struct media *media, const char *name)
{
	return media_name_valid(name) ? endpoint_named(media, name) : 0;
}

int media_session_endpoint_add(struct media *media, const struct sluice_endpoint *add,
                               uint16_t worker, char *why)
{
	int error = endpoint_check(add, why);

	if (error < 0)
		return error;
	media_collect(media);
	if (endpoint_named(media, add->name) != 0)
		return refuse(why, -EEXIST, "endpoint %s is there already", add->name);
	error = endpoint_make(media, add, worker, 0, why);
	return error < 0 ? error : (int)endpoint_named(media, add->name);
}

int media_endpoint_delete(struct media *media, const char *name, char *why)
{
	uint32_t index = media_name_valid(name) ? endpoint_named(media, name) : 0;
	int error;

	media_collect(media);
	if (index == 0)
		return refuse(why, -ENOENT, "no endpoint %.*s", SLUICE_MEDIA_NAME_MAX, name);
	error = endpoint_end(media, index);
	return error < 0 ? refuse(why, error, "no memory to end endpoint %s", name) : 0;
}

int endpoint_end(struct media *media, uint32_t index)
{
	struct endpoint *endpoint = &media->endpoints[index];
	int error;

	while (endpoint->subscriptions != NULL && endpoint->subscriptions->count != 0) {
		error = subscription_end(media, endpoint->subscriptions->list[0].subscription);
		if (error < 0)
			return error;
	}
	while (endpoint->sources != NULL && endpoint->sources->count != 0) {
		error = stream_end(media, endpoint->sources->sources[0]->stream);
		if (error < 0)
			return error;
	}
	__atomic_store_n(&endpoint->live, false, __ATOMIC_RELEASE);
	record_used(media, spent_remember(media->config->spent, endpoint, SPENT_RTCP,
	                                  (uint64_t)endpoint->rtcp_index + SPENT_SLACK));
	record_endpoint_end(media, index);
	transport_remove(media, endpoint);
	media_name_remove(&media->config->endpoint_names, endpoint->name, index);
	media->config->worker_load[endpoint->worker]--;
	local_give(media, endpoint->local_index);
	media_discard(media, endpoint_free, endpoint);
	return 0;
}
