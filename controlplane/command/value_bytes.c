/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys in base64, and bytes in hex. */
#include "command/value_type.h"

#include "common/hex.h"
#include "common/refuse.h"

#include <errno.h>
#include <string.h>

static int bytes_store(const struct argument *argument, const uint8_t *bytes, size_t length,
                       uint8_t *body)
{
	memcpy(body + argument->offset, bytes, length);
	body[argument->second] = (uint8_t)length;
	return 0;
}

/* Bytes of the argument, or -1 where the body lies about them. */
static int bytes_length(const struct argument *argument, const uint8_t *body)
{
	return body[argument->second] <= argument->size ? body[argument->second] : -1;
}

static int base64_digit(char c)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

int key_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	size_t length = 0, digits = strcspn(text, "=");
	uint8_t bytes[256];
	uint32_t bits = 0;

	if (strcmp(text, COMMAND_MASK) == 0)
		return refuse(why, -EINVAL,
		              "this stands for a masked key (`config show secrets` shows them)");
	if (digits == 0 || digits % 4 == 1 || text[digits + strspn(text + digits, "=")] != '\0' ||
	    strlen(text + digits) > 2)
		return refuse(why, -EINVAL, "no base64");
	if (digits * 3 / 4 > argument->size)
		return refuse(why, -EINVAL, "%zu bytes are too many", digits * 3 / 4);
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return refuse(why, -EINVAL, "no base64");
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			bytes[length++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (length < argument->least)
		return refuse(why, -EINVAL, "%zu bytes are too few", length);
	return bytes_store(argument, bytes, length, body);
}

int key_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = body + argument->offset;
	int length = bytes_length(argument, body);

	for (int i = 0; i < length; i += 3) {
		uint32_t bits = (uint32_t)bytes[i] << 16 |
		                (uint32_t)(i + 1 < length ? bytes[i + 1] : 0) << 8 |
		                (i + 2 < length ? bytes[i + 2] : 0);

		text_addf(text, "%c%c%c%c", digits[bits >> 18], digits[bits >> 12 & 63],
		          i + 1 < length ? digits[bits >> 6 & 63] : '=',
		          i + 2 < length ? digits[bits & 63] : '=');
	}
	return length > 0 ? 0 : -EINVAL;
}

int hex_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	size_t length = strlen(text) / 2;
	uint8_t bytes[256];

	if (length == 0 || strlen(text) % 2 != 0)
		return refuse(why, -EINVAL, "hex digits come in pairs");
	if (length > argument->size)
		return refuse(why, -EINVAL, "%zu bytes are too many", length);
	if (!hex_decode(text, bytes, length))
		return refuse(why, -EINVAL, "no hex digits");
	return bytes_store(argument, bytes, length, body);
}

int hex_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	int length = bytes_length(argument, body);

	for (int i = 0; i < length; i++)
		text_addf(text, "%02x", body[argument->offset + i]);
	return length > 0 ? 0 : -EINVAL;
}
