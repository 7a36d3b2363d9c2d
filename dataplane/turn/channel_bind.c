/* SPDX-License-Identifier: BSD-3-Clause */
/* ChannelBind (RFC 8656, 12.2). */
#include "turn/exchange.h"
#include "turn/store.h"

#include <errno.h>

struct bind {
	uint16_t number;
	struct transport_addr peer;
};

static int bind_read(const struct exchange *exchange, struct bind *bind)
{
	const uint8_t *number;
	uint16_t cursor = 0;

	if (!stun_has(&exchange->message, STUN_KNOWN_CHANNEL_NUMBER))
		return STUN_400_BAD_REQUEST;
	number = stun_value(&exchange->message, STUN_KNOWN_CHANNEL_NUMBER);
	bind->number = number[0] << 8 | number[1];
	if (bind->number < STUN_CHANNEL_MIN || bind->number > STUN_CHANNEL_MAX)
		return STUN_400_BAD_REQUEST;
	switch (stun_peer_next(&exchange->message, &cursor, &bind->peer)) {
	case 1:
		break;
	case -EAFNOSUPPORT:
		return STUN_403_FORBIDDEN;
	default:
		return STUN_400_BAD_REQUEST;
	}
	return bind->peer.port != 0 ? exchange_peer_check(exchange, &bind->peer)
	                            : STUN_400_BAD_REQUEST;
}

static struct channel *channel_alive(const struct exchange *exchange, struct channel *channel)
{
	return channel != NULL && exchange->now < channel->expires ? channel : NULL;
}

/* What is bound and would go on: one number is one peer, and the other way round. *channel: this
 * very binding, or NULL. */
static int bind_check(struct exchange *exchange, const struct bind *bind, struct channel **channel)
{
	struct allocation *allocation = exchange->allocation;
	struct channel *by_number, *by_peer;

	by_number = channel_alive(exchange, channel_find(exchange->turn, allocation, bind->number));
	by_peer = channel_alive(exchange, channel_find_peer(exchange->turn, allocation,
	                                                    &bind->peer.ip, bind->peer.port));
	*channel = by_number;
	return by_number == by_peer ? 0 : STUN_400_BAD_REQUEST;
}

/* A channel that has just expired may still stand where the new one is to be. */
static void expired_free(struct exchange *exchange, const struct bind *bind)
{
	struct channel *by_number =
	        channel_find(exchange->turn, exchange->allocation, bind->number);
	struct channel *by_peer = channel_find_peer(exchange->turn, exchange->allocation,
	                                            &bind->peer.ip, bind->peer.port);

	if (by_number != NULL || by_peer != NULL)
		allocation_sweep(exchange->turn_worker, exchange->allocation);
}

static int bind_make(struct exchange *exchange, const struct bind *bind, struct channel **channel)
{
	struct turn_worker *turn_worker = exchange->turn_worker;
	struct allocation *allocation = exchange->allocation;
	struct permission *permission = permission_find(exchange->turn, allocation, &bind->peer.ip);
	bool fresh = permission == NULL;

	if (fresh)
		permission = permission_create(turn_worker, allocation, &bind->peer.ip);
	if (permission == NULL)
		return STUN_508_INSUFFICIENT_CAPACITY;
	*channel =
	        channel_create(turn_worker, allocation, permission, bind->number, bind->peer.port);
	if (*channel != NULL)
		return 0;
	if (fresh)
		permission_free(turn_worker, allocation, &allocation->permissions);
	return STUN_508_INSUFFICIENT_CAPACITY;
}

uint16_t channel_bind_answer(struct exchange *exchange)
{
	struct channel *channel = NULL;
	struct bind bind;
	int error = bind_read(exchange, &bind);

	if (error == 0)
		error = bind_check(exchange, &bind, &channel);
	if (error == 0 && channel == NULL)
		error = exchange_credential_check(exchange);
	if (error == 0 && channel == NULL) {
		expired_free(exchange, &bind);
		error = bind_make(exchange, &bind, &channel);
	}
	if (error != 0)
		return respond_error(exchange, error);
	channel_refresh(exchange->turn_worker, channel);
	/* Clients exist that renew nothing but their channels. */
	permission_refresh(exchange->turn_worker,
	                   permission_find(exchange->turn, exchange->allocation, &bind.peer.ip),
	                   CHANNEL_LIFETIME_S);
	turn_count(exchange->turn_worker, TURN_CHANNEL_BIND_SUCCESS);
	respond_begin(exchange, STUN_SUCCESS);
	return respond_end(exchange);
}
