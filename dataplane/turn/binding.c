/* SPDX-License-Identifier: BSD-3-Clause */
/* Binding (RFC 8489, 12): no credentials, as clients expect of a STUN server. */
#include "turn/exchange.h"

uint16_t binding_answer(struct exchange *exchange)
{
	const struct turn_discovery *discovery = exchange_discovery(exchange);
	const struct transport_addr asked = *exchange->local;

	if (exchange->message.bad_length)
		return respond_error(exchange, STUN_400_BAD_REQUEST);
	if (unlikely(discovery != NULL))
		exchange_change(exchange, discovery);
	if (exchange->message.n_unknown != 0)
		return respond_error(exchange, STUN_420_UNKNOWN_ATTRIBUTE);
	respond_begin(exchange, STUN_SUCCESS);
	stun_put_xor_addr(&exchange->writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &exchange->flow->src,
	                  exchange->flow->src_port);
	if (unlikely(discovery != NULL))
		respond_discovery(exchange, discovery, &asked);
	turn_count(exchange->turn_worker, TURN_BINDING);
	return respond_end(exchange);
}
