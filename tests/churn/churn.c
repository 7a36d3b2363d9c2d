/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Churn: clients that come, call, die and come back on the same ports, in any order, through the
 * whole graph, beside a model that says what each answer and each packet has to be. Wrong
 * passwords, old nonces, retransmissions, forbidden peers, clients of one host that are each
 * other's peers, clients that move from one address to another, keys, passwords and secrets
 * changed, drains, limits, and a clock that jumps. In the end everything has been given back.
 *
 * usage: churn [--seed N] [--minutes N] [--steps N]: at least so many simulated minutes, and steps
 */
#include "model.h"

#include "stun/nonce.h"
#include "turn/config.h"
#include "turn/store.h"
#include "turn/turn.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#define PAYLOAD_MAX 900
#define CODES       600
#define TICKETS     16

/* One client's side. */
struct caller {
	struct identity who;
	struct nonce_made nonce;
	struct request last;
	bool has_last;
};

struct churn {
	struct world world;
	struct model model;
	struct caller callers[WORLD_CLIENTS];
	struct ticket_told tickets[TICKETS]; /* of all clients, the newest */
	uint32_t n_tickets;                  /* that were told */
	struct siphash_key nonce_key;        /* the server's, as it was seen last */
	uint64_t random;
	uint32_t numbers; /* of transactions */
	uint64_t steps, requests, datagrams, relayed, made, jumps;
	uint64_t codes[CODES];
	bool failed;
};

static const char *const user_names[MODEL_USERS] = {"alice", "bob", "carol"};

static void differ(struct churn *churn, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static void differ(struct churn *churn, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "step %llu, second %u: ", (unsigned long long)churn->steps,
	        churn->world.now);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	churn->failed = true;
}

/* -- chance -- */

static uint32_t below(struct churn *churn, uint32_t limit)
{
	churn->random ^= churn->random << 13;
	churn->random ^= churn->random >> 7;
	churn->random ^= churn->random << 17;
	return (uint32_t)((churn->random >> 16) % limit);
}

static bool chance(struct churn *churn, uint32_t percent)
{
	return below(churn, 100) < percent;
}

/* -- who calls -- */

static void secret_text(char text[32], uint32_t user, uint32_t generation)
{
	snprintf(text, 32, "%s-%u", user_names[user], generation);
}

static void key_make(struct identity *who)
{
	struct stun_key secret;
	char text[32];

	secret_text(text, who->user, who->secret);
	if (who->wrong)
		strcat(text, "!");
	if (who->expiry == 0) {
		stun_key_long_term(&who->key, who->name, strlen(who->name), WORLD_REALM, text,
		                   strlen(text));
		return;
	}
	stun_key_raw(&secret, text, strlen(text));
	stun_key_time_limited(&who->key, &secret, who->name, strlen(who->name), WORLD_REALM);
}

/* The one before is dead, and leaves on the server what it had. */
static void caller_born(struct churn *churn, struct caller *caller)
{
	struct identity *who = &caller->who;

	memset(caller, 0, sizeof(*caller));
	who->user = below(churn, MODEL_USERS);
	who->secret = churn->model.secrets[who->user];
	who->wrong = chance(churn, 5);
	if (who->user + 1 == MODEL_USERS) {
		who->expiry = churn->model.unix_now + 1 + below(churn, 4000);
		if (chance(churn, 5))
			who->expiry = churn->model.unix_now - 1;
		snprintf(who->name, sizeof(who->name), "%llu:%s", (unsigned long long)who->expiry,
		         user_names[who->user]);
	} else {
		snprintf(who->name, sizeof(who->name), "%s", user_names[who->user]);
	}
	key_make(who);
}

/* -- the server's side -- */

static struct turn *turn_of(struct churn *churn)
{
	return churn->world.rig.dp->turn;
}

static void secret_put(struct churn *churn, uint32_t user)
{
	struct turn *turn = turn_of(churn);
	struct sluice_turn_user add = {0};
	struct sluice_turn_secret old = {0}, secret = {0};
	char text[32];
	uint32_t generation = churn->model.secrets[user];
	int status;

	secret_text(text, user, generation);
	if (user + 1 < MODEL_USERS) {
		snprintf(add.name, sizeof(add.name), "%s", user_names[user]);
		snprintf(add.password, sizeof(add.password), "%s", text);
		status = turn_user_add(turn, &add, SLUICE_API_EXIST_OK, churn->world.why);
	} else {
		snprintf(secret.secret, sizeof(secret.secret), "%s", text);
		secret_text(text, user, generation - 1);
		snprintf(old.secret, sizeof(old.secret), "%s", text);
		status = turn_secret_add(turn, &secret, 0, churn->world.why);
		if (status == 0 && generation > 1)
			status = turn_secret_delete(turn, &old, churn->world.why);
	}
	if (status != 0)
		differ(churn, "a password is not taken: %s", churn->world.why);
}

static void secret_change(struct churn *churn)
{
	uint32_t user = below(churn, MODEL_USERS);

	churn->model.secrets[user]++;
	secret_put(churn, user);
}

static void nonce_key_next(struct churn *churn)
{
	churn->nonce_key = turn_of(churn)->config->nonce_keys.keys[0];
	churn->model.key_generation++;
	churn->model.key_since = churn->model.unix_now;
}

/* The server draws one by itself, and not before its time. */
static void nonce_key_follow(struct churn *churn)
{
	const struct siphash_key *now = &turn_of(churn)->config->nonce_keys.keys[0];

	if (memcmp(now, &churn->nonce_key, sizeof(*now)) == 0)
		return;
	if (churn->model.unix_now - churn->model.key_since < MODEL_NONCE_KEY_S)
		differ(churn, "another key of nonces after %llu s",
		       (unsigned long long)(churn->model.unix_now - churn->model.key_since));
	nonce_key_next(churn);
}

/* As `gate nonce secret` does: the key before holds on. */
static void nonce_key_change(struct churn *churn)
{
	struct stun_nonce_keys keys = turn_of(churn)->config->nonce_keys;

	keys.keys[1] = keys.keys[0];
	for (uint32_t i = 0; i < sizeof(keys.keys[0]); i++)
		((uint8_t *)&keys.keys[0])[i] = (uint8_t)below(churn, 256);
	stun_nonce_keys_drawn(&keys);
	turn_nonce_keys_set(turn_of(churn), &keys);
	nonce_key_next(churn);
}

static void drain_change(struct churn *churn)
{
	struct sluice_turn_alternates list = {0};

	churn->model.draining = !churn->model.draining && chance(churn, 50);
	churn->model.alternate = chance(churn, 50);
	list.draining = churn->model.draining;
	if (churn->model.alternate) {
		struct transport_addr other = world_relay(true, 3478);

		list.count = 1;
		list.list[0].addr4.port = other.port;
		memcpy(list.list[0].addr4.ip, &other.ip, sizeof(list.list[0].addr4.ip));
	}
	if (turn_alternates_set(turn_of(churn), &list, churn->world.why) != 0)
		differ(churn, "alternates are not taken: %s", churn->world.why);
}

static void quota_change(struct churn *churn)
{
	struct sluice_turn_quota quota = {.user_given = 1, .host_given = 1};

	if (chance(churn, 50))
		quota.user = 1 + below(churn, 20);
	if (chance(churn, 30))
		quota.host = 5 + below(churn, 40);
	churn->model.quota_user = quota.user;
	churn->model.quota_host = quota.host;
	if (turn_quota_set(turn_of(churn), &quota, churn->world.why) != 0)
		differ(churn, "a quota is not taken: %s", churn->world.why);
}

static void mobility_change(struct churn *churn)
{
	struct sluice_turn_mobility set = {chance(churn, 80)};

	churn->model.mobility = set.on;
	if (turn_mobility_set(turn_of(churn), &set, churn->world.why) != 0)
		differ(churn, "mobility is not taken: %s", churn->world.why);
}

static void held_compare(struct churn *churn)
{
	struct sluice_turn_row row;

	turn_show(turn_of(churn), &row);
	if (row.allocations != model_live(&churn->model))
		differ(churn, "%u allocations, and by the model %u", row.allocations,
		       model_live(&churn->model));
}

static void time_move(struct churn *churn, uint32_t seconds)
{
	world_time(&churn->world, churn->world.now + seconds);
	churn->model.now = churn->world.now;
	churn->model.unix_now = world_unix(&churn->world);
	nonce_key_follow(churn);
	model_expire(&churn->model);
	held_compare(churn);
}

/* -- requests -- */

/* Somebody's relayed address, whether it is anybody's now or not. */
static struct transport_addr relayed_any(struct churn *churn, bool v4)
{
	const struct model_allocation *allocation =
	        &churn->model.allocations[below(churn, WORLD_CLIENTS)];

	if (allocation->live && allocation->relayed[v4 ? 0 : 1].port != 0)
		return allocation->relayed[v4 ? 0 : 1];
	return world_relay(v4, (uint16_t)(WORLD_PORT_FIRST + below(churn, 512)));
}

static struct transport_addr peer_any(struct churn *churn, bool *forbidden)
{
	struct transport_addr peer = world_server(chance(churn, 50));

	*forbidden = chance(churn, 5);
	if (*forbidden)
		return peer;
	if (chance(churn, 15))
		return relayed_any(churn, chance(churn, 70));
	return world_peer(below(churn, WORLD_PEERS));
}

static void peers_ask(struct churn *churn, struct request *request, uint32_t count)
{
	request->n_peers = count;
	for (uint32_t i = 0; i < count; i++)
		request->peers[i] = peer_any(churn, &request->forbidden[i]);
}

static void allocate_ask(struct churn *churn, struct request *request)
{
	request->method = STUN_ALLOCATE;
	request->mobile = chance(churn, 60);
	request->both = chance(churn, 20);
	request->v6 = !request->both && chance(churn, 20);
	request->even = !request->both && chance(churn, 10);
	request->has_lifetime = chance(churn, 30);
	request->lifetime = below(churn, 5000);
}

static void refresh_ask(struct churn *churn, struct request *request)
{
	request->method = STUN_REFRESH;
	request->has_lifetime = chance(churn, 70);
	request->lifetime = chance(churn, 25) ? 0 : below(churn, 5000);
	if (churn->n_tickets < TICKETS || !chance(churn, 60))
		return;
	/* mostly its own user's */
	for (int i = 0; i < 3 && (i == 0 || request->ticket.user != request->who.user); i++)
		request->ticket = churn->tickets[below(churn, TICKETS)];
	request->ticket.odd = chance(churn, 5);
	if (request->ticket.odd)
		request->ticket.text[below(churn, CLIENT_TICKET_SIZE)] ^= 1;
}

/* One of them all, or one that another's client may move to. */
static uint32_t client_any(struct churn *churn)
{
	uint32_t client = below(churn, WORLD_CLIENTS);

	for (uint32_t i = 0; i < WORLD_CLIENTS && chance(churn, 90); i++)
		if (churn->model.leads[(client + i) % WORLD_CLIENTS] >= 0)
			return (client + i) % WORLD_CLIENTS;
	return client;
}

static void request_choose(struct churn *churn, uint32_t client, struct request *request)
{
	const struct caller *caller = &churn->callers[client];
	bool live = churn->model.allocations[client].live;
	uint32_t dice = below(churn, 100);

	*request = (struct request){
	        .is_signed = caller->nonce.there && !chance(churn, 3),
	        .who = caller->who,
	        .nonce = caller->nonce,
	        .number = ++churn->numbers,
	};
	if (dice < (live ? 5u : 70u)) {
		allocate_ask(churn, request);
	} else if (dice < (live ? 20u : 85u)) {
		refresh_ask(churn, request);
	} else if (dice < (live ? 55u : 90u)) {
		request->method = STUN_CREATE_PERMISSION;
		peers_ask(churn, request, below(churn, MODEL_PEERS + 1));
	} else {
		request->method = STUN_CHANNEL_BIND;
		request->channel = (uint16_t)(0x4000 + below(churn, 8));
		peers_ask(churn, request, 1);
	}
}

static uint16_t request_write(const struct request *request, uint8_t *room, uint16_t size)
{
	uint8_t transaction[STUN_TRANSACTION_SIZE] = "churn...";
	struct client_request ask = {
	        .method = request->method,
	        .transaction = transaction,
	        .lifetime = request->has_lifetime,
	        .lifetime_s = request->lifetime,
	        .channel = request->channel,
	        .n_peers = (uint8_t)request->n_peers,
	};
	const struct client_identity identity = {
	        .user = request->who.name,
	        .realm = WORLD_REALM,
	        .key = &request->who.key,
	        .nonce = request->is_signed ? request->nonce.text : NULL,
	};

	memcpy(transaction + 8, &request->number, sizeof(request->number));
	memcpy(ask.peers, request->peers, sizeof(request->peers));
	ask.mobile = request->mobile;
	ask.ticket = request->ticket.there ? request->ticket.text : NULL;
	if (request->method == STUN_ALLOCATE) {
		ask.transport = IPPROTO_UDP;
		ask.family = request->v6 ? STUN_FAMILY_IPV6 : 0;
		ask.additional_family = request->both ? STUN_FAMILY_IPV6 : 0;
		ask.even_port = request->even;
	}
	return client_request_write(room, size, &ask, &identity);
}

static bool integrity_holds(const struct seen *seen, const struct stun_key *key)
{
	struct stun_message message;

	return stun_parse(&message, seen->bytes, seen->length) == 0 &&
	       stun_integrity_ok(&message, key);
}

static void nonce_take(struct churn *churn, struct caller *caller,
                       const struct client_response *response)
{
	caller->nonce = (struct nonce_made){
	        .there = true,
	        .at = churn->model.unix_now,
	        .generation = churn->model.key_generation,
	};
	memcpy(caller->nonce.text, response->nonce, sizeof(caller->nonce.text));
}

static bool addr_equal(const struct transport_addr *a, const struct transport_addr *b)
{
	return a->port == b->port && ip_addr_equal(&a->ip, &b->ip);
}

/* An Allocate's success. */
static void addresses_check(struct churn *churn, uint32_t client, const struct request *request,
                            const struct answer *answer, const struct client_response *response)
{
	struct transport_addr from = world_client(client);
	const struct model_allocation *allocation = &churn->model.allocations[client];

	if (!addr_equal(&response->mapped, &from))
		differ(churn, "client %u is told another address than its own", client);
	if (answer->is_new && !model_relayed(&churn->model, client, request, response->relayed))
		differ(churn, "client %u is given a wrong relayed address, or another's", client);
	else if (!addr_equal(&response->relayed[0], &allocation->relayed[0]) ||
	         !addr_equal(&response->relayed[1], &allocation->relayed[1]))
		differ(churn, "client %u is told another relayed address again", client);
	churn->made += answer->is_new;
}

static void ticket_check(struct churn *churn, uint32_t client, const struct answer *answer,
                         const struct client_response *response)
{
	struct ticket_told *told = &churn->tickets[churn->n_tickets % TICKETS];

	if (response->has_ticket != answer->ticket.there)
		differ(churn, "client %u is %stold a ticket", client,
		       response->has_ticket ? "" : "not ");
	if (!answer->ticket.there)
		return;
	churn->n_tickets++;
	*told = answer->ticket;
	told->user = churn->callers[client].last.who.user;
	memcpy(told->text, response->ticket, sizeof(told->text));
}

static void response_check(struct churn *churn, uint32_t client, const struct request *request,
                           const struct answer *answer, const struct seen *seen)
{
	struct caller *caller = &churn->callers[client];
	struct client_response response;
	bool challenge = answer->code == 401 || answer->code == 438;
	bool has_lifetime = request->method == STUN_ALLOCATE || request->method == STUN_REFRESH;

	if (!client_response_read(&response, seen->bytes, seen->length) ||
	    response.method != request->method ||
	    memcmp(seen->bytes + 16, &request->number, sizeof(request->number)) != 0) {
		differ(churn, "client %u: no answer to its request", client);
		return;
	}
	if (response.error != answer->code ||
	    (response.class == STUN_SUCCESS) != (answer->code == 0))
		differ(churn, "client %u, method %x: %u, and by the model %d", client,
		       request->method, response.error, answer->code);
	else if (response.has_integrity != answer->is_signed ||
	         (answer->is_signed && !integrity_holds(seen, &request->who.key)))
		differ(churn, "client %u: %d is %ssigned", client, answer->code,
		       response.has_integrity ? "wrongly " : "not ");
	else if (response.has_nonce != challenge)
		differ(churn, "client %u: a nonce in %d", client, answer->code);
	else if (answer->code == 0 && has_lifetime && response.lifetime_s != answer->lifetime)
		differ(churn, "client %u: %u s, and by the model %u", client, response.lifetime_s,
		       answer->lifetime);
	else if (answer->code == 0 && request->method == STUN_ALLOCATE)
		addresses_check(churn, client, request, answer, &response);
	ticket_check(churn, client, answer, &response);
	if (challenge && response.has_nonce)
		nonce_take(churn, caller, &response);
	/* with that it will not get on */
	if (answer->code == 401 && request->is_signed && chance(churn, 50))
		caller_born(churn, caller);
}

/* Most of a client's packets come to one worker. */
static uint16_t worker_of(struct churn *churn, uint32_t client)
{
	return (uint16_t)((client / 2 + chance(churn, 3)) % 2);
}

static void request_send(struct churn *churn, uint32_t client, const struct request *request)
{
	struct transport_addr from = world_client(client);
	struct transport_addr to = world_server(ip_addr_is_v4(&from.ip));
	struct seen seen[WORLD_SEEN_MAX];
	struct answer answer;
	uint8_t bytes[1024];
	const char *what;
	int count;

	count = world_send(&churn->world, 0, worker_of(churn, client), &from, &to, bytes,
	                   request_write(request, bytes, sizeof(bytes)), seen, &what);
	answer = model_request(&churn->model, client, request);
	churn->requests++;
	churn->codes[answer.code % CODES]++;
	if (count < 0)
		differ(churn, "client %u: %s", client, what);
	else if (count != 1)
		differ(churn, "client %u, method %x: %d answers, and by the model %d", client,
		       request->method, count, answer.code);
	else if (seen[0].port != 0 || !addr_equal(&seen[0].from, &to) ||
	         !addr_equal(&seen[0].to, &from))
		differ(churn, "client %u: its answer goes elsewhere", client);
	else
		response_check(churn, client, request, &answer, &seen[0]);
}

static void step_request(struct churn *churn)
{
	uint32_t client = client_any(churn);
	struct caller *caller = &churn->callers[client];

	if (chance(churn, 2))
		caller_born(churn, caller);
	if (!caller->has_last || !chance(churn, 10))
		request_choose(churn, client, &caller->last);
	caller->has_last = true;
	request_send(churn, client, &caller->last);
}

/* -- datagrams -- */

static uint16_t payload_make(struct churn *churn, uint8_t payload[PAYLOAD_MAX])
{
	uint16_t length = (uint16_t)below(churn, PAYLOAD_MAX);

	for (uint16_t i = 0; i < length; i++)
		payload[i] = (uint8_t)(churn->steps + i * 7);
	return length;
}

/* What comes out at a client is the payload as ChannelData, or in a Data indication. */
static bool wrapped_is(const struct seen *seen, uint16_t channel, const struct transport_addr *peer,
                       const uint8_t *payload, uint16_t length)
{
	struct transport_addr from;
	uint16_t number, size = 0;
	const uint8_t *data = NULL;

	if (channel != 0)
		return stun_channel_parse(seen->bytes, seen->length, &number, &size) &&
		       number == channel && size == length &&
		       memcmp(seen->bytes + STUN_CHANNEL_HEADER_SIZE, payload, length) == 0;
	return client_data_read(seen->bytes, seen->length, &from, &data, &size) &&
	       addr_equal(&from, peer) && size == length && memcmp(data, payload, length) == 0;
}

/* A datagram from `peer` has come to a relayed address. */
static void to_client_check(struct churn *churn, const struct seen *seen, int count,
                            const struct transport_addr *relayed, const struct transport_addr *peer,
                            const uint8_t *payload, uint16_t length)
{
	struct transport_addr to, from;
	uint16_t channel = 0;
	int client = model_to_client(&churn->model, relayed, peer, &channel);

	if (client < 0) {
		if (count != 0)
			differ(churn, "a peer's datagram is relayed, and by the model it is not");
		return;
	}
	to = world_client((uint32_t)client);
	from = world_server(ip_addr_is_v4(&to.ip));
	if (count != 1)
		differ(churn, "a peer's datagram to client %d comes %d times", client, count);
	else if (seen->port != 0 || !addr_equal(&seen->to, &to) || !addr_equal(&seen->from, &from))
		differ(churn, "a peer's datagram to client %d goes elsewhere", client);
	else if (!wrapped_is(seen, channel, peer, payload, length))
		differ(churn, "a peer's datagram comes to client %d as another one", client);
	churn->relayed += count == 1;
}

/* A client's datagram has been sent from `relayed` to `peer`, unless `sent` is false. */
static void to_peer_check(struct churn *churn, const struct seen *seen, int count, bool sent,
                          const struct transport_addr *relayed, const struct transport_addr *peer,
                          const uint8_t *payload, uint16_t length)
{
	struct transport_addr ours = world_relay(ip_addr_is_v4(&peer->ip), 0);

	if (!sent) {
		if (count != 0)
			differ(churn, "a client's datagram is relayed, and by the model it is not");
	} else if (ip_addr_equal(&ours.ip, &peer->ip)) {
		to_client_check(churn, seen, count, peer, relayed, payload, length);
	} else if (count != 1 || seen->port != 1 || !addr_equal(&seen->from, relayed) ||
	           !addr_equal(&seen->to, peer) || seen->length != length ||
	           memcmp(seen->bytes, payload, length) != 0) {
		differ(churn, "a client's datagram comes out %d times, or as another one", count);
	} else {
		churn->relayed++;
	}
}

static void step_client_data(struct churn *churn)
{
	uint32_t client = client_any(churn);
	const struct model_allocation *allocation = &churn->model.allocations[client];
	struct transport_addr from = world_client(client), relayed, peer;
	struct transport_addr to = world_server(ip_addr_is_v4(&from.ip));
	struct client_request ask = {
	        .method = STUN_SEND, .n_peers = 1, .transaction = (const uint8_t *)"indication.."};
	uint8_t payload[PAYLOAD_MAX], message[PAYLOAD_MAX + 64];
	uint16_t length = payload_make(churn, payload), size, number;
	struct seen seen[WORLD_SEEN_MAX];
	const char *what;
	bool sent, ignored;
	int count;

	if (chance(churn, 50)) {
		number = allocation->n_channels != 0 && chance(churn, 90)
		                 ? allocation->channels[below(churn, allocation->n_channels)].number
		                 : (uint16_t)(0x4000 + below(churn, 16));
		size = client_channel_write(message, sizeof(message), number, payload, length);
		sent = model_channel_data(&churn->model, client, number, &relayed, &peer);
	} else {
		peer = peer_any(churn, &ignored);
		if (allocation->n_channels != 0 && chance(churn, 50))
			peer = allocation->channels[below(churn, allocation->n_channels)].peer;
		ask.peers[0] = peer;
		size = client_send_write(message, sizeof(message), &ask, payload, length);
		sent = model_send(&churn->model, client, &peer, &relayed);
	}
	count = world_send(&churn->world, 0, worker_of(churn, client), &from, &to, message, size,
	                   seen, &what);
	churn->datagrams++;
	if (count < 0)
		differ(churn, "a client's datagram: %s", what);
	else
		to_peer_check(churn, seen, count, sent, &relayed, &peer, payload, length);
}

static void step_peer_data(struct churn *churn)
{
	struct transport_addr peer = world_peer(below(churn, WORLD_PEERS));
	struct transport_addr relayed = relayed_any(churn, ip_addr_is_v4(&peer.ip));
	uint8_t payload[PAYLOAD_MAX];
	uint16_t length = payload_make(churn, payload);
	struct seen seen[WORLD_SEEN_MAX];
	const char *what;
	int count = world_send(&churn->world, 1, (uint16_t)below(churn, 2), &peer, &relayed,
	                       payload, length, seen, &what);

	churn->datagrams++;
	if (count < 0)
		differ(churn, "a peer's datagram: %s", what);
	else
		to_client_check(churn, seen, count, &relayed, &peer, payload, length);
}

/* -- all of it -- */

static void step(struct churn *churn)
{
	uint32_t dice = below(churn, 10000);

	churn->steps++;
	if (dice < 500)
		time_move(churn, 1);
	else if (dice < 515)
		time_move(churn, 2 + below(churn, 700)), churn->jumps++;
	else if (dice < 525)
		nonce_key_change(churn);
	else if (dice < 540)
		secret_change(churn);
	else if (dice < 560)
		drain_change(churn);
	else if (dice < 580)
		quota_change(churn);
	else if (dice < 590)
		mobility_change(churn);
	else if (dice < 4000)
		step_client_data(churn);
	else if (dice < 6500)
		step_peer_data(churn);
	else
		step_request(churn);
}

static void released_check(struct churn *churn)
{
	struct sluice_turn_relay_row relays[4];
	struct sluice_turn_row row;
	uint32_t cursor = 0, count;

	time_move(churn, 100000);
	turn_show(turn_of(churn), &row);
	if (row.allocations != 0 || row.permissions != 0 || row.channels != 0)
		differ(churn, "%u allocations, %u permissions, %u channels are left",
		       row.allocations, row.permissions, row.channels);
	for (uint16_t i = 0; i < turn_of(churn)->dp->n_workers; i++)
		if (turn_of(churn)->dp->workers[i]->turn->private->used[TURN_OBJECT_ALLOCATION] !=
		    0)
			differ(churn, "worker %u has places of allocations left", i);
	count = turn_relay_show(turn_of(churn), &cursor, relays, 4);
	for (uint32_t i = 0; i < count; i++)
		if (relays[i].used != 0)
			differ(churn, "%u ports are left", relays[i].used);
}

/* Where nothing came about, nothing was compared. */
static void happened_check(struct churn *churn)
{
	static const uint16_t codes[] = {0, 300, 401, 405, 437, 438, 486, 508};

	if (churn->made == 0 || churn->relayed == 0 || churn->model.moved == 0)
		differ(churn, "nothing was allocated, or nothing relayed, or nobody moved");
	for (size_t i = 0; i < RTE_DIM(codes); i++)
		if (churn->codes[codes[i]] == 0)
			differ(churn, "no request was answered by %u: more --steps", codes[i]);
}

static void report(const struct churn *churn, uint32_t seed, uint32_t seconds)
{
	printf("seed %u: %llu steps, %u simulated seconds, %llu jumps of the clock\n", seed,
	       (unsigned long long)churn->steps, seconds, (unsigned long long)churn->jumps);
	printf("%llu requests, %llu allocations that moved %u times, %llu datagrams of which %llu "
	       "were to be relayed\n",
	       (unsigned long long)churn->requests, (unsigned long long)churn->made,
	       churn->model.moved, (unsigned long long)churn->datagrams,
	       (unsigned long long)churn->relayed);
	printf("answers:");
	for (uint32_t code = 0; code < CODES; code++)
		if (churn->codes[code] != 0)
			printf(" %u: %llu", code, (unsigned long long)churn->codes[code]);
	printf("\n%s\n", churn->failed ? "DIFFERENT from the model"
	                               : "no difference from the model, everything was released");
}

static void churn_begin(struct churn *churn, uint32_t seed)
{
	churn->random = 0x9e3779b97f4a7c15ull * (seed + 1);
	churn->model.now = churn->world.now;
	churn->model.unix_now = world_unix(&churn->world);
	model_begin(&churn->model);
	while (!churn->model.mobility)
		mobility_change(churn);
	churn->model.key_generation = 2; /* the one before was never used */
	churn->model.key_since = churn->model.unix_now;
	churn->nonce_key = turn_of(churn)->config->nonce_keys.keys[0];
	for (uint32_t i = 0; i < MODEL_USERS; i++) {
		churn->model.secrets[i] = 1;
		secret_put(churn, i);
	}
	for (uint32_t i = 0; i < WORLD_CLIENTS; i++)
		caller_born(churn, &churn->callers[i]);
}

static uint32_t number_of(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"seed", required_argument, NULL, 's'},
	        {"minutes", required_argument, NULL, 'm'},
	        {"steps", required_argument, NULL, 'n'},
	        {0},
	};
	static struct churn churn;
	uint32_t seed = (uint32_t)time(NULL), minutes = 30, steps = 20000, begin;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seed = number_of(optarg);
		else if (option == 'm')
			minutes = number_of(optarg);
		else if (option == 'n')
			steps = number_of(optarg);
		else
			return 2;
	}
	if (rig_eal(argv[0], 256, false) != 0 || !world_create(&churn.world))
		return 1;
	churn_begin(&churn, seed);
	begin = churn.world.now;
	while (!churn.failed && (churn.steps < steps || churn.world.now - begin < minutes * 60))
		step(&churn);
	minutes = churn.world.now - begin;
	if (!churn.failed) {
		happened_check(&churn);
		released_check(&churn);
	}
	report(&churn, seed, minutes);
	world_destroy(&churn.world);
	return churn.failed;
}
