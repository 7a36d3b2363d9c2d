/* SPDX-License-Identifier: BSD-3-Clause */
#include "users/limits.h"

#include "common/log.h"
#include "config/running.h"
#include "dataplane/ask.h"
#include "fleet/fleet.h"
#include "redis/redis.h"
#include "users/range.h"

#include <sluice/turn.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX    256 /* prefixes */
#define KEY_TEXT_MAX (SLUICE_TURN_REALM_MAX + 32)
#define VALUE_DIGITS 15

/* In the order of `kinds`. */
enum limit_kind {
	LIMIT_USER,
	LIMIT_HOST,
	LIMIT_BPS,
	LIMITS,
};

static const struct {
	const char *name; /* in coturn's keys */
	uint64_t times;   /* our unit in coturn's: max-bps is in bytes */
	uint64_t most;
} kinds[LIMITS] = {
        [LIMIT_USER] = {"user-quota", 1, UINT32_MAX},
        [LIMIT_HOST] = {"total-quota", 1, UINT32_MAX},
        [LIMIT_BPS] = {"max-bps", 8, 8000000000000},
};

struct limit {
	struct limits *limits;
	bool asked, told;
	uint64_t value; /* 0: none */
};

struct peers {
	uint32_t count;
	struct sluice_turn_peer list[PEERS_MAX];
};

struct limits {
	struct lookup_options options;
	struct limit list[LIMITS];
	bool reading_peers, said;
	char realm[SLUICE_TURN_REALM_MAX]; /* whose peers are being read */
	/* peers: what holds; of a round, denied is read first */
	struct peers peers, denied, allowed, read;
};

static void on_told(void *arg, const struct dataplane_answer *answer)
{
}

/* Where the dataplane is away, limits_tell() will come. */
static void dataplane_tell(struct limits *limits, uint16_t type, const void *body, uint32_t length)
{
	const struct dataplane_ask ask = {
	        .type = type,
	        .flags = SLUICE_API_EXIST_OK,
	        .body = body,
	        .length = length,
	        .answered = on_told,
	};

	dataplane_ask(limits->options.client, &ask, NULL);
}

static struct command_request request_make(uint16_t type, const void *body, uint32_t length)
{
	struct command_request request = {.command = command_of(type, body, length)};

	request.length = length;
	memcpy(request.body.bytes, body, length);
	return request;
}

/* -- limits -- */

/* What the configuration says about the server's realm; NULL: nothing. */
static const struct sluice_turn_quota *quota_configured(const struct limits *limits)
{
	const struct sluice_turn_quota body = {0};
	const struct command_request request =
	        request_make(SLUICE_TURN_QUOTA_SET, &body, sizeof(body));
	const struct running_line *line = running_find(limits->options.running, &request);

	return line != NULL ? (const void *)line->request.body.bytes : NULL;
}

static void limits_send(struct limits *limits)
{
	const struct sluice_turn_quota *configured = quota_configured(limits);
	const struct limit *list = limits->list;
	struct sluice_turn_quota quota = {
	        .user = list[LIMIT_USER].value,
	        .host = list[LIMIT_HOST].value,
	        .max_bps = list[LIMIT_BPS].value,
	        .user_given = list[LIMIT_USER].told,
	        .host_given = list[LIMIT_HOST].told,
	        .max_bps_given = list[LIMIT_BPS].told,
	};

	if (configured != NULL) {
		quota.user_given &= !configured->user_given;
		quota.host_given &= !configured->host_given;
		quota.max_bps_given &= !configured->max_bps_given;
	}
	if (quota.user_given || quota.host_given || quota.max_bps_given)
		dataplane_tell(limits, SLUICE_TURN_QUOTA_SET, &quota, sizeof(quota));
}

static int value_read(enum limit_kind kind, const char *bytes, size_t length, uint64_t *value)
{
	if (length == 0 || length > VALUE_DIGITS || strspn(bytes, "0123456789") != length)
		return -EINVAL;
	*value = strtoull(bytes, NULL, 10) * kinds[kind].times;
	return *value <= kinds[kind].most ? 0 : -EINVAL;
}

/* What is no number says nothing: the limit stays as it is. */
static void on_limit(void *arg, int status, const char *bytes, size_t length)
{
	struct limit *limit = arg;
	struct limits *limits = limit->limits;
	uint64_t value = 0;

	limit->asked = false;
	if ((status == 0 && value_read(limit - limits->list, bytes, length, &value) != 0) ||
	    (status != 0 && status != -ENOENT))
		return;
	if (status == -ENOENT && !limit->told)
		return;
	limit->told = true; /* where there was one, 0 takes it back */
	limit->value = value;
	limits_send(limits);
}

/* -- denied peers -- */

/* 0 or -errno. */
static int peers_ask(struct limits *limits, const char *set, redis_members_fn *done)
{
	struct redis *redis = fleet_own_redis(limits->options.fleet);
	char text[KEY_TEXT_MAX];

	if (redis == NULL)
		return -ENOENT;
	snprintf(text, sizeof(text), "turn/realm/%s/%s", limits->realm, set);
	return redis_members(redis, text, PEERS_MAX + 1, done, limits);
}

static bool peer_is_configured(const struct limits *limits, const struct sluice_turn_peer *peer)
{
	const struct command_request request =
	        request_make(SLUICE_TURN_PEER_ADD, peer, sizeof(*peer));

	return running_match(limits->options.running, &request, NULL) != NULL;
}

static bool peer_is_among(const struct peers *peers, const struct sluice_turn_peer *peer)
{
	for (uint32_t i = 0; i < peers->count; i++)
		if (memcmp(&peers->list[i], peer, sizeof(*peer)) == 0)
			return true;
	return false;
}

static void peer_tell(struct limits *limits, uint16_t type, const struct sluice_turn_peer *peer)
{
	if (!peer_is_configured(limits, peer))
		dataplane_tell(limits, type, peer, sizeof(*peer));
}

static void peers_send(struct limits *limits)
{
	for (uint32_t i = 0; i < limits->peers.count; i++)
		peer_tell(limits, SLUICE_TURN_PEER_ADD, &limits->peers.list[i]);
}

/* false: there are too many, or it is none. */
static bool peer_read(struct peers *peers, const struct redis_member *member)
{
	struct sluice_turn_peer *list = &peers->list[peers->count];
	uint32_t count =
	        range_prefixes(member->bytes, member->length, list, PEERS_MAX - peers->count);

	for (uint32_t i = 0; i < count; i++)
		list[i].action = SLUICE_TURN_PEER_DENY;
	peers->count += count;
	return count > 0;
}

/* All of them or none: half of a list would let the other half through unseen. */
static bool peers_read(struct peers *peers, const struct redis_member *list, uint32_t count)
{
	peers->count = 0;
	for (uint32_t i = 0; i < count; i++)
		if (count > PEERS_MAX || !peer_read(peers, &list[i]))
			return false;
	return true;
}

/* What is allowed wins over what is denied, as in coturn: of what is denied here the rest holds. It
 * opens nothing that the configuration closes. */
static bool peers_join(struct limits *limits)
{
	limits->read.count =
	        range_subtract(limits->denied.list, limits->denied.count, limits->allowed.list,
	                       limits->allowed.count, limits->read.list, PEERS_MAX);
	return limits->read.count != UINT32_MAX;
}

static void peers_apply(struct limits *limits, bool right)
{
	limits->reading_peers = false;
	if (!right && !limits->said)
		log_warning(SLUICE_LOG_REDIS,
		            "denied-peer-ip in Redis stays as it was: it, or allowed-peer-ip, has "
		            "what is no address, or they make more than %d prefixes",
		            PEERS_MAX);
	limits->said = !right;
	if (!right)
		return;
	for (uint32_t i = 0; i < limits->peers.count; i++)
		if (!peer_is_among(&limits->read, &limits->peers.list[i]))
			peer_tell(limits, SLUICE_TURN_PEER_DELETE, &limits->peers.list[i]);
	limits->peers = limits->read;
	peers_send(limits);
}

static bool is_answer(int status)
{
	return status == 0 || status == -ENOENT;
}

static void on_allowed(void *arg, int status, const struct redis_member *list, uint32_t count)
{
	struct limits *limits = arg;

	if (is_answer(status))
		peers_apply(limits,
		            peers_read(&limits->allowed, list, count) && peers_join(limits));
	else
		limits->reading_peers = false;
}

static void on_denied(void *arg, int status, const struct redis_member *list, uint32_t count)
{
	struct limits *limits = arg;

	if (is_answer(status) && !peers_read(&limits->denied, list, count))
		peers_apply(limits, false);
	else if (!is_answer(status) || peers_ask(limits, "allowed-peer-ip", on_allowed) != 0)
		limits->reading_peers = false;
}

/* -- life -- */

void limits_read(struct limits *limits, const char *realm)
{
	struct redis *redis = fleet_own_redis(limits->options.fleet);
	char text[KEY_TEXT_MAX];

	if (redis == NULL)
		return;
	for (int i = 0; i < LIMITS; i++) {
		struct limit *limit = &limits->list[i];

		snprintf(text, sizeof(text), "turn/realm/%s/%s", realm, kinds[i].name);
		if (!limit->asked)
			limit->asked = redis_get(redis, text, on_limit, limit) == 0;
	}
	if (limits->reading_peers)
		return;
	snprintf(limits->realm, sizeof(limits->realm), "%s", realm);
	limits->reading_peers = peers_ask(limits, "denied-peer-ip", on_denied) == 0;
}

void limits_tell(struct limits *limits)
{
	limits_send(limits);
	peers_send(limits);
}

struct limits *limits_create(const struct lookup_options *options)
{
	struct limits *limits = calloc(1, sizeof(*limits));

	if (limits == NULL)
		return NULL;
	limits->options = *options;
	for (int i = 0; i < LIMITS; i++)
		limits->list[i].limits = limits;
	return limits;
}

void limits_destroy(struct limits *limits)
{
	free(limits);
}
