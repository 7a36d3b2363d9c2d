/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/relay.h"

/* Random picks before the range is walked: enough while one port in four is free. */
#define RANDOM_PICKS 16

/* What is counted as used is also free to be found, so that a failed count means full. */
static bool used_reserve(struct relay *relay, uint32_t ports)
{
	if (__atomic_add_fetch(&relay->used, ports, __ATOMIC_RELAXED) <= relay_size(relay))
		return true;
	__atomic_sub_fetch(&relay->used, ports, __ATOMIC_RELAXED);
	return false;
}

static bool word_claim(struct relay *relay, uint16_t port, uint32_t owner)
{
	uint32_t *word = &relay->ports[port - relay->first_port];
	uint32_t expected = RELAY_PORT_FREE;

	return __atomic_load_n(word, __ATOMIC_RELAXED) == RELAY_PORT_FREE &&
	       __atomic_compare_exchange_n(word, &expected, owner, false, __ATOMIC_ACQ_REL,
	                                   __ATOMIC_RELAXED);
}

static void word_free(struct relay *relay, uint16_t port)
{
	__atomic_store_n(&relay->ports[port - relay->first_port], RELAY_PORT_FREE,
	                 __ATOMIC_RELEASE);
}

static bool port_try(struct relay *relay, uint16_t port, uint32_t owner, bool even, uint32_t pair)
{
	if (even && port % 2 != 0)
		return false;
	if (pair != 0 && port == relay->last_port)
		return false;
	if (!word_claim(relay, port, owner))
		return false;
	if (pair == 0 || word_claim(relay, port + 1, pair))
		return true;
	word_free(relay, port);
	return false;
}

/* From a random port around the range. */
static uint16_t port_walk(struct relay *relay, struct random *random, uint32_t owner, bool even,
                          uint32_t pair)
{
	uint32_t size = relay_size(relay);
	uint32_t at = random_below(random, size);

	for (uint32_t i = 0; i < size; i++) {
		if (port_try(relay, relay->first_port + at, owner, even, pair))
			return relay->first_port + at;
		at = at + 1 == size ? 0 : at + 1;
	}
	return 0;
}

uint16_t relay_port_claim(struct relay *relay, struct random *random, uint32_t owner, bool even,
                          uint32_t pair)
{
	uint32_t ports = pair != 0 ? 2 : 1;
	uint16_t port;

	if (!used_reserve(relay, ports))
		return 0;
	for (int i = 0; i < RANDOM_PICKS; i++) {
		port = relay->first_port + random_below(random, relay_size(relay));
		/* An odd pick stands for the even port below it. */
		if (even && port % 2 != 0 && port > relay->first_port)
			port--;
		if (port_try(relay, port, owner, even, pair))
			return port;
	}
	port = port_walk(relay, random, owner, even, pair);
	if (port == 0)
		__atomic_sub_fetch(&relay->used, ports, __ATOMIC_RELAXED);
	return port;
}

void relay_port_release(struct relay *relay, uint16_t port)
{
	word_free(relay, port);
	__atomic_sub_fetch(&relay->used, 1, __ATOMIC_RELAXED);
}

bool relay_port_transfer(struct relay *relay, uint16_t port, uint32_t from, uint32_t to)
{
	uint32_t *word = &relay->ports[port - relay->first_port];

	if (!__atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_RELAXED))
		return false;
	if (to == RELAY_PORT_FREE)
		__atomic_sub_fetch(&relay->used, 1, __ATOMIC_RELAXED);
	return true;
}
