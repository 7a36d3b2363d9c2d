/* SPDX-License-Identifier: BSD-3-Clause */
/* What making an endpoint (endpoint.c) and changing it (set_endpoint.c) have in common. */
#ifndef MEDIA_ENDPOINT_H
#define MEDIA_ENDPOINT_H

#include "media/config.h"

/* What it says is possible: 0 or -EINVAL with a line. */
int endpoint_check(const struct sluice_endpoint *add, char *why);
struct transport_addr endpoint_transport(const struct sluice_addr *addr);
/* By which packets from there find it. */
struct five_tuple endpoint_flow(const struct endpoint *endpoint, const struct sluice_addr *at);
/* No other endpoint may have it. 0 or -errno with a line. */
int endpoint_flow_add(struct media *media, const struct five_tuple *flow, uint32_t index,
                      char *why);
/* Of a key as long as it may be, zeros behind it: profiles do not matter, two of them may derive
 * the same session keys. 0 or -ENOMEM. */
int endpoint_key_digest(const struct media *media, const uint8_t *key, uint32_t length,
                        uint8_t digest[KEY_DIGEST_SIZE]);

#endif
