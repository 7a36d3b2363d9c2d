/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn/text.h"

#include "net/ip_addr.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void text_printable(char *text, size_t room, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;
	size_t used = 0;

	memset(text, 0, room);
	for (size_t i = 0; i < length; i++) {
		char escaped[4] = {'\\', 'x', digits[from[i] >> 4], digits[from[i] & 15]};
		size_t size = from[i] >= ' ' && from[i] <= '~' ? 1 : sizeof(escaped);

		if (size > room - used)
			return;
		if (size == 1)
			text[used] = (char)from[i];
		else
			memcpy(text + used, escaped, size);
		used += size;
	}
}

const char *text_addr(char text[TEXT_ADDR_MAX], const struct sluice_addr *addr)
{
	struct ip_addr ip = ip_addr_v6(addr->ip);
	char digits[INET6_ADDRSTRLEN];
	uint16_t port = ntohs(addr->port);
	bool v4 = ip_addr_is_v4(&ip);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? (const void *)&ip.words[3] : (const void *)ip.bytes,
	          digits, sizeof(digits));
	if (port == 0)
		snprintf(text, TEXT_ADDR_MAX, "%s", digits);
	else
		snprintf(text, TEXT_ADDR_MAX, v4 ? "%s:%u" : "[%s]:%u", digits, port);
	return text;
}
