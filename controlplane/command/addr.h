/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses as they are written. An IPv4-mapped IPv6 address is the IPv4 address (RFC
 * 4291, 2.5.5.2). */
#ifndef COMMAND_ADDR_H
#define COMMAND_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/api.h>

/* Each: 0, or -EINVAL, `why` (COMMAND_EXPECTED_MAX bytes) then perhaps saying more. */
int addr_parse(struct sluice_addr *addr, const char *text, char *why);
/* port: where the text has none. */
int addr_parse_endpoint(struct sluice_addr *addr, const char *text, uint16_t port, char *why);
/* What is behind the prefix becomes 0; an address alone is a prefix of all its bits. */
int addr_parse_prefix(struct sluice_addr *addr, uint8_t *length, const char *text, char *why);

bool addr_is_v4(const struct sluice_addr *addr);
bool addr_is_zero(const struct sluice_addr *addr);

#endif
