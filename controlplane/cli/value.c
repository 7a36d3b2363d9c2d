/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/value.h"

#include "cli/addr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* A type's ways: text to bytes, bytes to text, and what help calls it. */
struct value_type {
	int (*parse)(const struct argument *argument, const char *text, uint8_t *body, char *why);
	int (*format)(const struct argument *argument, const uint8_t *body, struct text *text);
	const char *meta;
};

static int refuse(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, COMMAND_EXPECTED_MAX, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* -- strings -- */

static size_t string_room(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : (size_t)argument->size - 1;
}

static int string_store(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	size_t length = strlen(text);

	if (length == 0)
		return refuse(why, "empty");
	if (length > string_room(argument))
		return refuse(why, "%zu bytes are too many", length);
	memcpy(body + argument->offset, text, length + 1);
	return 0;
}

static int name_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	if (text[strspn(text, NAME_CHARACTERS)] != '\0')
		return refuse(why, "a name has letters, digits and . _ - only");
	if (text[0] == '-' || text[0] == '.')
		return refuse(why, "a name begins with a letter or a digit");
	return string_store(argument, text, body, why);
}

static int word_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	if (!text_is_printable(text))
		return refuse(why, "neither control characters nor what is no UTF-8 is allowed");
	return string_store(argument, text, body, why);
}

static int secret_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	if (strcmp(text, COMMAND_MASK) == 0)
		return refuse(why,
		              "this stands for a masked secret (`config show secrets` shows them)");
	return word_parse(argument, text, body, why);
}

static int string_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	const char *string = (const char *)body + argument->offset;

	if (memchr(string, '\0', argument->size) == NULL)
		return -EINVAL;
	text_add_word(text, string);
	return 0;
}

/* -- addresses -- */

static int endpoint_parse(const struct argument *argument, const char *text, uint8_t *body,
                          char *why)
{
	struct sluice_addr addr;
	int error = addr_parse_endpoint(&addr, text, argument->fallback, why);

	memcpy(body + argument->offset, &addr, sizeof(addr));
	return error;
}

static int address_parse(const struct argument *argument, const char *text, uint8_t *body,
                         char *why)
{
	struct sluice_addr addr;
	int error = addr_parse(&addr, text, why);

	memcpy(body + argument->offset, &addr, sizeof(addr));
	return error;
}

static int addr_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	struct sluice_addr addr;

	memcpy(&addr, body + argument->offset, sizeof(addr));
	if (argument->type == ARGUMENT_ADDRESS && addr.port != 0)
		return -EINVAL;
	text_add_addr(text, &addr);
	return 0;
}

static int prefix_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	struct sluice_addr addr;
	uint8_t length;
	int error = addr_parse_prefix(&addr, &length, text, why);

	if (error < 0)
		return error;
	memcpy(body + argument->offset, &addr, sizeof(addr));
	body[argument->second] = length;
	return 0;
}

static int prefix_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	struct sluice_addr addr;

	memcpy(&addr, body + argument->offset, sizeof(addr));
	if (addr.port != 0)
		return -EINVAL;
	text_add_addr(text, &addr);
	text_addf(text, "/%u", body[argument->second]);
	return 0;
}

/* -- numbers -- */

static bool digits_read(const char **text, uint64_t *value)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	*text = end;
	return errno == 0;
}

static uint64_t number_most(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : UINT64_MAX >> (64 - 8 * argument->size);
}

static int number_store(const struct argument *argument, uint64_t value, uint8_t *body, char *why)
{
	if (value < argument->least || value > number_most(argument))
		return refuse(why, "%" PRIu64 " is out of range", value);
	field_write(body, argument->offset, argument->size, value);
	return 0;
}

static int number_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint64_t value;

	if (!digits_read(&text, &value) || *text != '\0')
		return -EINVAL;
	return number_store(argument, value, body, why);
}

static int number_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	text_addf(text, "%" PRIu64, field_read(body, argument->offset, argument->size));
	return 0;
}

static int duration_parse(const struct argument *argument, const char *text, uint8_t *body,
                          char *why)
{
	static const struct {
		const char *unit;
		uint32_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	uint64_t value;

	if (!digits_read(&text, &value) || value > UINT32_MAX)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text, units[i].unit) == 0)
			return number_store(argument, value * units[i].seconds, body, why);
	return -EINVAL;
}

static int ports_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint64_t first, last;

	if (!digits_read(&text, &first) || *text++ != '-' || !digits_read(&text, &last) ||
	    *text != '\0')
		return -EINVAL;
	if (first > last)
		return refuse(why, "the first port is above the last");
	if (first < argument->least || first == 0 || last > UINT16_MAX)
		return refuse(why, "out of range");
	field_write(body, argument->offset, sizeof(uint16_t), first);
	field_write(body, argument->second, sizeof(uint16_t), last);
	return 0;
}

static int ports_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	text_addf(text, "%u-%u", (unsigned int)field_read(body, argument->offset, sizeof(uint16_t)),
	          (unsigned int)field_read(body, argument->second, sizeof(uint16_t)));
	return 0;
}

/* -- words of the table -- */

static int choice_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	for (uint32_t i = 0; argument->choices[i] != NULL; i++) {
		if (strcmp(argument->choices[i], text) != 0)
			continue;
		field_write(body, argument->offset, argument->size, i);
		return 0;
	}
	return -EINVAL;
}

static int choice_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	uint64_t value = field_read(body, argument->offset, argument->size);

	for (uint32_t i = 0; argument->choices[i] != NULL; i++) {
		if (i != value)
			continue;
		text_add(text, argument->choices[i]);
		return 0;
	}
	return -EINVAL;
}

static const struct value_type value_types[] = {
        [ARGUMENT_NAME] = {name_parse, string_format, "NAME"},
        [ARGUMENT_WORD] = {word_parse, string_format, "WORD"},
        [ARGUMENT_SECRET] = {secret_parse, string_format, "WORD"},
        [ARGUMENT_ENDPOINT] = {endpoint_parse, addr_format, "ADDRESS[:PORT]"},
        [ARGUMENT_ADDRESS] = {address_parse, addr_format, "ADDRESS"},
        [ARGUMENT_PREFIX] = {prefix_parse, prefix_format, "CIDR"},
        [ARGUMENT_PORTS] = {ports_parse, ports_format, "A-B"},
        [ARGUMENT_NUMBER] = {number_parse, number_format, "N"},
        [ARGUMENT_DURATION] = {duration_parse, number_format, "SECONDS"},
        [ARGUMENT_CHOICE] = {choice_parse, choice_format, NULL},
        [ARGUMENT_FLAG] = {NULL, NULL, NULL},
};

int value_parse(const struct argument *argument, const char *text, void *body, char *why)
{
	return value_types[argument->type].parse(argument, text, body, why);
}

int value_format(const struct argument *argument, const void *body, struct text *text)
{
	return value_types[argument->type].format(argument, body, text);
}

bool value_is_zero(const struct argument *argument, const void *body)
{
	const uint8_t *bytes = (const uint8_t *)body + argument->offset;

	for (uint16_t i = 0; i < argument->size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

void value_meta(const struct argument *argument, struct text *text)
{
	const char *meta =
	        argument->meta != NULL ? argument->meta : value_types[argument->type].meta;

	if (meta != NULL)
		text_add(text, meta);
	else if (argument->choices != NULL)
		for (uint32_t i = 0; argument->choices[i] != NULL; i++)
			text_addf(text, "%s%s", i > 0 ? "|" : "", argument->choices[i]);
}

void value_expected(const struct argument *argument, struct text *text)
{
	value_meta(argument, text);
	switch (argument->type) {
	case ARGUMENT_NUMBER:
	case ARGUMENT_DURATION:
		if (argument->most != 0 || argument->least != 0)
			text_addf(text, " (%" PRIu64 " to %" PRIu64 ")", argument->least,
			          number_most(argument));
		break;
	case ARGUMENT_PORTS:
		text_addf(text, " (%" PRIu64 " to 65535)", argument->least);
		break;
	case ARGUMENT_NAME:
	case ARGUMENT_WORD:
	case ARGUMENT_SECRET:
		text_addf(text, " (1 to %zu bytes)", string_room(argument));
		break;
	default:
		break;
	}
}
