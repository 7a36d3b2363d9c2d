/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/redirect.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CRC_XMODEM 0x1021

static uint16_t crc16(const char *bytes, size_t length)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint16_t)(uint8_t)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ CRC_XMODEM : crc << 1;
	}
	return crc;
}

uint16_t redis_slot(const char *key, size_t length)
{
	const char *open = memchr(key, '{', length), *close = NULL;

	if (open != NULL)
		close = memchr(open, '}', length - (open - key));
	if (close != NULL && close > open + 1)
		return crc16(open + 1, close - open - 1) % REDIS_SLOTS;
	return crc16(key, length) % REDIS_SLOTS;
}

/* An IPv6 address comes without brackets; the last colon is the port's. */
static int endpoint_read(struct host *host, const char *text)
{
	const char *colon = strrchr(text, ':');
	unsigned long port;
	char *end;

	if (colon == NULL)
		return -EINVAL;
	port = isdigit((unsigned char)colon[1]) ? strtoul(colon + 1, &end, 10) : 0;
	if (port == 0 || port > UINT16_MAX || *end != '\0')
		return -EINVAL;
	return host_set(host, text, (size_t)(colon - text), port);
}

int redirect_read(struct redirect *redirect, const char *text, size_t length)
{
	char line[HOST_TEXT_MAX + 16], *end;
	const char *at = line;
	unsigned long slot;

	if (length >= sizeof(line) || memchr(text, '\0', length) != NULL)
		return -ENOENT;
	memcpy(line, text, length);
	line[length] = '\0';
	redirect->ask = strncmp(line, "ASK ", 4) == 0;
	if (!redirect->ask && strncmp(line, "MOVED ", 6) != 0)
		return -ENOENT;
	at += redirect->ask ? 4 : 6;
	slot = isdigit((unsigned char)*at) ? strtoul(at, &end, 10) : REDIS_SLOTS;
	if (slot >= REDIS_SLOTS || *end != ' ')
		return -EINVAL;
	redirect->slot = slot;
	return endpoint_read(&redirect->host, end + 1);
}
