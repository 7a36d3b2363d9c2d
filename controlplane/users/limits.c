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

/* What the dataplane has. A change that is not answered leaves it unsure, and is told again when
 * the dataplane is back or Redis is read. */
enum has {
	HAS_NOT,
	HAS_PERHAPS,
	HAS_IT,
};

struct peer {
	struct limits *limits;
	struct sluice_turn_peer prefix;
	bool listed; /* in Redis */
	enum has has;
	struct question *question; /* that changes it; NULL: none is on its way */
	uint16_t asked;            /* its type */
	uint32_t asked_at;         /* limits->changes then */
};

struct prefixes {
	uint32_t count;
	struct sluice_turn_peer list[PEERS_MAX];
};

struct limits {
	struct lookup_options options;
	struct limit list[LIMITS];
	struct sluice_turn_quota quota; /* that the dataplane has been asked for last */
	struct question *quota_question;
	uint32_t quota_at;
	enum has has_quota;
	uint32_t changes; /* of what the configuration says of these */
	bool reading_peers, said;
	char realm[SLUICE_TURN_REALM_MAX]; /* whose peers are being read */
	/* of a round: denied is read first, and read is what is left of it */
	struct prefixes denied, allowed, read;
	struct peer *peers[2 * PEERS_MAX]; /* those of Redis, and what is not taken back yet */
};

static bool dataplane_tell(struct limits *limits, uint16_t type, const void *body, uint32_t length,
                           dataplane_answered_fn *answered, void *arg, struct question **question)
{
	const struct dataplane_ask ask = {
	        .type = type,
	        .flags = SLUICE_API_EXIST_OK,
	        .body = body,
	        .length = length,
	        .answered = answered,
	        .arg = arg,
	};

	return dataplane_ask(limits->options.client, &ask, question) == 0;
}

/* -- limits -- */

/* What the configuration says about the server's realm; NULL: nothing. */
static const struct sluice_turn_quota *quota_configured(const struct limits *limits)
{
	const struct sluice_turn_quota body = {0};
	const struct running_line *line = running_line_of(
	        limits->options.running, SLUICE_TURN_QUOTA_SET, &body, sizeof(body));

	return line != NULL ? (const void *)line->request.body.bytes : NULL;
}

static struct sluice_turn_quota quota_wanted(const struct limits *limits)
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
	return quota;
}

static void quota_tell(struct limits *limits);

static void on_quota(void *arg, const struct dataplane_answer *answer)
{
	struct limits *limits = arg;

	limits->quota_question = NULL;
	if (answer->status != 0 || limits->quota_at != limits->changes)
		return;
	limits->has_quota = HAS_IT;
	quota_tell(limits); /* Redis may say something else by now */
}

/* Only what differs from what was told last. */
static void quota_tell(struct limits *limits)
{
	const struct sluice_turn_quota quota = quota_wanted(limits);

	if (limits->quota_question != NULL ||
	    !(quota.user_given || quota.host_given || quota.max_bps_given) ||
	    (limits->has_quota == HAS_IT && memcmp(&quota, &limits->quota, sizeof(quota)) == 0))
		return;
	limits->quota = quota;
	limits->quota_at = limits->changes;
	if (dataplane_tell(limits, SLUICE_TURN_QUOTA_SET, &quota, sizeof(quota), on_quota, limits,
	                   &limits->quota_question))
		limits->has_quota = HAS_PERHAPS;
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
	quota_tell(limits);
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

static bool peer_is_configured(const struct limits *limits, const struct sluice_turn_peer *prefix)
{
	return running_line_of(limits->options.running, SLUICE_TURN_PEER_ADD, prefix,
	                       sizeof(*prefix)) != NULL;
}

static void peer_tell(struct peer *peer);

static void on_peer(void *arg, const struct dataplane_answer *answer)
{
	struct peer *peer = arg;
	bool goes = peer->asked == SLUICE_TURN_PEER_DELETE;

	peer->question = NULL;
	if (peer->asked_at != peer->limits->changes ||
	    (answer->status != 0 && !(goes && answer->status == -ENOENT)))
		return;
	peer->has = goes ? HAS_NOT : HAS_IT;
	peer_tell(peer); /* Redis may say something else by now */
}

/* What has a line in the configuration is as that says. */
static void peer_tell(struct peer *peer)
{
	uint16_t type = peer->listed ? SLUICE_TURN_PEER_ADD : SLUICE_TURN_PEER_DELETE;

	if (peer->question != NULL || peer->has == (peer->listed ? HAS_IT : HAS_NOT) ||
	    peer_is_configured(peer->limits, &peer->prefix))
		return;
	peer->asked = type;
	peer->asked_at = peer->limits->changes;
	if (dataplane_tell(peer->limits, type, &peer->prefix, sizeof(peer->prefix), on_peer, peer,
	                   &peer->question))
		peer->has = HAS_PERHAPS;
}

static void peers_tell(struct limits *limits)
{
	/* What closes goes before what opens. */
	for (int opens = 0; opens < 2; opens++)
		for (uint32_t i = 0; i < 2 * PEERS_MAX; i++)
			if (limits->peers[i] != NULL && limits->peers[i]->listed == !opens)
				peer_tell(limits->peers[i]);
}

/* false: there are too many, or it is none. */
static bool peer_read(struct prefixes *read, const struct redis_member *member)
{
	struct sluice_turn_peer *list = &read->list[read->count];
	uint32_t count =
	        range_prefixes(member->bytes, member->length, list, PEERS_MAX - read->count);

	for (uint32_t i = 0; i < count; i++)
		list[i].action = SLUICE_TURN_PEER_DENY;
	read->count += count;
	return count > 0;
}

/* All of them or none: half of a list would let the other half through unseen. */
static bool peers_read(struct prefixes *peers, const struct redis_member *list, uint32_t count)
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

/* Free: a place of one that nobody has any more, or of none. NULL: there is no room before what was
 * taken back is answered, or no memory. */
static struct peer *peer_place(struct limits *limits, const struct sluice_turn_peer *prefix)
{
	struct peer **place = NULL;

	for (uint32_t i = 0; i < 2 * PEERS_MAX; i++) {
		struct peer *peer = limits->peers[i];

		if (peer != NULL && memcmp(&peer->prefix, prefix, sizeof(*prefix)) == 0)
			return peer;
		if (place == NULL && (peer == NULL || (!peer->listed && peer->question == NULL &&
		                                       peer->has == HAS_NOT)))
			place = &limits->peers[i];
	}
	if (place == NULL)
		return NULL;
	if (*place == NULL)
		*place = malloc(sizeof(**place));
	if (*place != NULL)
		**place = (struct peer){.limits = limits, .prefix = *prefix};
	return *place;
}

static void peers_take(struct limits *limits)
{
	for (uint32_t i = 0; i < 2 * PEERS_MAX; i++)
		if (limits->peers[i] != NULL)
			limits->peers[i]->listed = false;
	for (uint32_t i = 0; i < limits->read.count; i++) {
		struct peer *peer = peer_place(limits, &limits->read.list[i]);

		if (peer != NULL)
			peer->listed = true;
	}
}

/* wrong: what becomes of a list that is none; NULL: both are right. Once, however often it is read.
 */
static void peers_say(struct limits *limits, const char *wrong)
{
	if (wrong != NULL && !limits->said)
		log_warning(SLUICE_LOG_REDIS,
		            "%s: it has what is no address, or makes more than %d prefixes", wrong,
		            PEERS_MAX);
	limits->said = wrong != NULL;
}

static bool is_answer(int status)
{
	return status == 0 || status == -ENOENT;
}

/* A list that cannot be read allows nothing, and what is denied is in force all the same. */
static void on_allowed(void *arg, int status, const struct redis_member *list, uint32_t count)
{
	struct limits *limits = arg;
	bool right = is_answer(status) && peers_read(&limits->allowed, list, count) &&
	             peers_join(limits);

	limits->reading_peers = false;
	if (!is_answer(status) && status != -EINVAL)
		return;
	if (!right)
		limits->read = limits->denied;
	peers_say(limits, right ? NULL : "allowed-peer-ip in Redis is left out");
	peers_take(limits);
	peers_tell(limits);
}

static void on_denied(void *arg, int status, const struct redis_member *list, uint32_t count)
{
	struct limits *limits = arg;
	bool right = is_answer(status) && peers_read(&limits->denied, list, count);

	if (is_answer(status) && !right)
		peers_say(limits, "denied-peer-ip in Redis stays as it was");
	if (!right || peers_ask(limits, "allowed-peer-ip", on_allowed) != 0)
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

/* Such as a line that said the same and has gone, and with it what the dataplane had of ours: all
 * is told again when Redis is read. */
static void on_configured(void *arg)
{
	struct limits *limits = arg;

	limits->changes++;
	if (limits->has_quota == HAS_IT)
		limits->has_quota = HAS_PERHAPS;
	for (uint32_t i = 0; i < 2 * PEERS_MAX; i++)
		if (limits->peers[i] != NULL && limits->peers[i]->has == HAS_IT)
			limits->peers[i]->has = HAS_PERHAPS;
}

void limits_tell(struct limits *limits)
{
	on_configured(limits);
	quota_tell(limits);
	peers_tell(limits);
}

struct limits *limits_create(const struct lookup_options *options)
{
	struct limits *limits = calloc(1, sizeof(*limits));

	if (limits == NULL)
		return NULL;
	limits->options = *options;
	for (int i = 0; i < LIMITS; i++)
		limits->list[i].limits = limits;
	if (running_watch(options->running, SLUICE_TURN_PEER_ADD, on_configured, limits) < 0 ||
	    running_watch(options->running, SLUICE_TURN_QUOTA_SET, on_configured, limits) < 0) {
		free(limits);
		return NULL;
	}
	return limits;
}

void limits_destroy(struct limits *limits)
{
	if (limits == NULL)
		return;
	if (limits->quota_question != NULL)
		question_forget(limits->quota_question);
	for (uint32_t i = 0; i < 2 * PEERS_MAX; i++) {
		if (limits->peers[i] != NULL && limits->peers[i]->question != NULL)
			question_forget(limits->peers[i]->question);
		free(limits->peers[i]);
	}
	free(limits);
}
