/* SPDX-License-Identifier: BSD-3-Clause */
#include "accounting/published.h"

#include "accounting/outbox.h"
#include "common/log.h"
#include "redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGES    3   /* of an account */
#define ON_WAY_MAX  256 /* accounts that are on their way at once */
#define CHANNEL_MAX 320
#define MESSAGE_MAX 128

struct published {
	struct redis *(*redis)(void *arg);
	void *arg;
	struct outbox outbox;
	uint32_t on_way;  /* of those in the outbox, the oldest */
	uint32_t answers; /* that are still to come */
	uint32_t heard;   /* of the oldest account's messages */
	bool on;
	bool broken;  /* an answer was lost: all that are on their way are sent again */
	bool refused; /* one of the oldest account's messages */
	bool said;    /* that Redis refuses them */
	uint64_t told, lost;
};

static void account_arrived(struct published *published)
{
	if (published->refused)
		published->lost++;
	else
		published->told++;
	published->refused = false;
	published->heard = 0;
	published->on_way--;
	outbox_forget(&published->outbox);
}

static void message_arrived(struct published *published, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ERROR) {
		if (!published->said)
			log_warning(SLUICE_LOG_REDIS, "accounts are not published: %s", reply->str);
		published->said = published->refused = true;
	}
	if (++published->heard == MESSAGES)
		account_arrived(published);
}

/* Nothing is on its way any more. */
static void way_is_free(struct published *published)
{
	published->broken = published->refused = false;
	published->heard = published->on_way = 0;
	if (!published->on)
		outbox_empty(&published->outbox);
}

/* Answers come in the order of the messages. After a lost one the connection goes, and all others
 * are lost as well. */
static void on_answer(void *arg, const redisReply *reply)
{
	struct published *published = arg;

	published->answers--;
	if (reply == NULL)
		published->broken = true;
	if (!published->broken)
		message_arrived(published, reply);
	if (published->answers == 0)
		way_is_free(published);
}

/* 0 or -errno. */
static int message_send(struct published *published, struct redis *redis,
                        const struct outbox_item *item, const char *about, const char *message)
{
	const struct sluice_allocation_account *account = &item->account;
	char channel[CHANNEL_MAX];
	int error;

	snprintf(channel, sizeof(channel), "turn/%s%s%suser/%.*s/allocation/%018" PRIu64 "/%s",
	         item->realm[0] != '\0' ? "realm/" : "", item->realm,
	         item->realm[0] != '\0' ? "/" : "", (int)sizeof(account->user), account->user,
	         account->id, about);
	error = redis_ask(redis, NULL, on_answer, published, "PUBLISH %s %s", channel, message);
	published->answers += error == 0;
	return error;
}

static void traffic_write(char message[MESSAGE_MAX], uint64_t received_packets,
                          uint64_t received_bytes, uint64_t sent_packets, uint64_t sent_bytes)
{
	snprintf(message, MESSAGE_MAX,
	         "rcvp=%" PRIu64 ", rcvb=%" PRIu64 ", sentp=%" PRIu64 ", sentb=%" PRIu64,
	         received_packets, received_bytes, sent_packets, sent_bytes);
}

/* What is received from the client is sent to its peers. 0 or -errno. */
static int account_send(struct published *published, struct redis *redis,
                        const struct outbox_item *item)
{
	const struct sluice_allocation_account *account = &item->account;
	char client[MESSAGE_MAX], peer[MESSAGE_MAX];
	int error;

	traffic_write(client, account->to_peer_packets, account->to_peer_bytes,
	              account->to_client_packets, account->to_client_bytes);
	traffic_write(peer, account->to_client_packets, account->to_client_bytes,
	              account->to_peer_packets, account->to_peer_bytes);
	error = message_send(published, redis, item, "status", "deleted");
	if (error == 0)
		error = message_send(published, redis, item, "total_traffic", client);
	if (error == 0)
		error = message_send(published, redis, item, "total_traffic/peer", peer);
	return error;
}

void published_send(struct published *published)
{
	struct redis *redis = published->on ? published->redis(published->arg) : NULL;

	if (redis == NULL || !redis_is_up(redis))
		return;
	while (!published->broken && published->on_way < published->outbox.count &&
	       published->on_way < ON_WAY_MAX) {
		uint32_t answers = published->answers;

		if (account_send(published, redis,
		                 outbox_item(&published->outbox, published->on_way)) != 0) {
			/* a part of it may be on its way: all are sent again */
			published->broken = published->answers != answers;
			return;
		}
		published->on_way++;
	}
}

void published_add(struct published *published, const struct sluice_allocation_account *account,
                   const char *realm)
{
	if (!published->on)
		return;
	if (outbox_add(&published->outbox, account, realm) != 0)
		published->lost++;
}

void published_switch(struct published *published, bool on)
{
	published->on = on;
	published->said = false;
	if (!on && published->answers == 0)
		outbox_empty(&published->outbox);
}

void published_row(const struct published *published, struct sluice_accounting_row *row)
{
	*row = (struct sluice_accounting_row){
	        .to = "redis",
	        .on = published->on,
	        .waiting = published->on ? published->outbox.count : 0,
	        .told = published->told,
	        .lost = published->lost,
	};
}

struct published *published_create(struct redis *(*redis)(void *arg), void *arg)
{
	struct published *published = calloc(1, sizeof(*published));

	if (published == NULL)
		return NULL;
	published->redis = redis;
	published->arg = arg;
	return published;
}

void published_destroy(struct published *published)
{
	if (published == NULL)
		return;
	outbox_empty(&published->outbox);
	free(published);
}
