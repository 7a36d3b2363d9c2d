/* SPDX-License-Identifier: BSD-3-Clause */
/* What a proxy says of a connection before its bytes: the PROXY protocol, version 2. */
#ifndef STREAM_PROXY_HEADER_H
#define STREAM_PROXY_HEADER_H

#include <stdint.h>

#include "net/ip_addr.h"

/* Signature, version and command, family, length of what follows. */
#define PROXY_HEADER_FIXED 16
/* With the longest addresses that are looked at, IPv6's; what stands behind them is passed over. */
#define PROXY_HEADER_READ (PROXY_HEADER_FIXED + 36)

enum proxy_header {
	PROXY_HEADER_CLIENT,  /* *client has said so */
	PROXY_HEADER_NOBODY,  /* the proxy itself has connected, or its client has no address */
	PROXY_HEADER_PART,    /* more bytes are needed */
	PROXY_HEADER_GARBAGE, /* this is none */
};

/*
 * bytes: the first `length` of those that came, PROXY_HEADER_READ at most. *whole: how long it is;
 * set where this is a header of which PROXY_HEADER_FIXED bytes or more are there.
 */
enum proxy_header proxy_header_read(const uint8_t *bytes, uint32_t length,
                                    struct transport_addr *client, uint32_t *whole);

#endif
