/* SPDX-License-Identifier: BSD-3-Clause */
/* CreatePermission (RFC 8656, 10.2): all of its peers, or none. */
#include "turn/exchange.h"
#include "turn/store.h"

#include <errno.h>

/* The next peer's address: 1, 0 at the end, or a STUN error. */
static int peer_read(const struct exchange *exchange, uint16_t *cursor, struct transport_addr *peer)
{
	int found = stun_peer_next(&exchange->message, cursor, peer);

	if (found == -EAFNOSUPPORT)
		return STUN_403_FORBIDDEN;
	if (found < 0)
		return STUN_400_BAD_REQUEST;
	peer->port = 0;
	return found;
}

static int peer_check(const struct exchange *exchange, const struct transport_addr *peer)
{
	const struct permission *permission =
	        permission_find(exchange->turn, exchange->allocation, &peer->ip);

	if (permission == NULL || exchange->now >= permission->expires) {
		int error = exchange_credential_check(exchange);

		if (error != 0)
			return error;
	}
	return exchange_peer_check(exchange, peer);
}

static int peers_check(const struct exchange *exchange)
{
	struct transport_addr peer;
	uint16_t cursor = 0;
	int error, found;

	if (exchange->message.n_peers == 0)
		return STUN_400_BAD_REQUEST;
	while ((found = peer_read(exchange, &cursor, &peer)) == 1) {
		error = peer_check(exchange, &peer);
		if (error != 0)
			return error;
	}
	return found;
}

/* What is new stands first in the allocation's list, not yet valid: on failure it goes again. */
static int permissions_make(struct exchange *exchange)
{
	struct allocation *allocation = exchange->allocation;
	uint32_t before = allocation->permissions;
	struct transport_addr peer;
	uint16_t cursor = 0;

	while (peer_read(exchange, &cursor, &peer) == 1) {
		if (permission_find(exchange->turn, allocation, &peer.ip) != NULL ||
		    permission_create(exchange->turn_worker, allocation, &peer.ip) != NULL)
			continue;
		while (allocation->permissions != before)
			permission_free(exchange->turn_worker, allocation,
			                &allocation->permissions);
		return STUN_508_INSUFFICIENT_CAPACITY;
	}
	return 0;
}

static void permissions_refresh(struct exchange *exchange)
{
	struct transport_addr peer;
	uint16_t cursor = 0;

	while (peer_read(exchange, &cursor, &peer) == 1)
		permission_refresh(exchange->turn_worker,
		                   permission_find(exchange->turn, exchange->allocation, &peer.ip),
		                   PERMISSION_LIFETIME_S);
}

uint16_t create_permission_answer(struct exchange *exchange)
{
	int error = peers_check(exchange);

	if (error == 0)
		error = permissions_make(exchange);
	if (error != 0)
		return respond_error(exchange, error);
	permissions_refresh(exchange);
	turn_count(exchange->turn_worker, TURN_CREATE_PERMISSION_SUCCESS);
	respond_begin(exchange, STUN_SUCCESS);
	return respond_end(exchange);
}
