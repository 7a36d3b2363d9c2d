/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/value.h"

#include "command/addr.h"
#include "command/filter.h"
#include "common/hex.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

uint64_t value_most(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : UINT64_MAX >> (64 - 8 * argument->size);
}

static int number_store(const struct argument *argument, uint64_t value, uint8_t *body, char *why)
{
	if (value < argument->least || value > value_most(argument))
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

/* A time of day is the latest one that is not to come. */
static int time_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	static const char *const dates[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
	static const char *const clocks[] = {"%H:%M:%S", "%H:%M"};
	time_t now = time(NULL), midnight = now - now % 86400, at;
	const char *end;
	struct tm utc;

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		utc = (struct tm){0};
		end = strptime(text, dates[i], &utc);
		if (end != NULL && (*end == '\0' || strcmp(end, "Z") == 0)) {
			field_write(body, argument->offset, argument->size, (uint64_t)timegm(&utc));
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		utc = (struct tm){0};
		end = strptime(text, clocks[i], &utc);
		if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
			continue;
		at = midnight + utc.tm_hour * 3600 + utc.tm_min * 60 + utc.tm_sec;
		field_write(body, argument->offset, argument->size,
		            (uint64_t)(at > now ? at - 86400 : at));
		return 0;
	}
	return -EINVAL;
}

static int time_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	time_t at = (time_t)field_read(body, argument->offset, argument->size);
	char date[32];
	struct tm utc;

	if (gmtime_r(&at, &utc) == NULL)
		return -EINVAL;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	text_add(text, date);
	return 0;
}

/* Ranges lie one after the other: the first and the last port of each. */
static uint16_t ports_offset(const struct argument *argument, uint32_t i, bool last)
{
	return argument->offset + (2 * i + last) * sizeof(uint16_t);
}

static uint32_t ports_most(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : 1;
}

static int ports_range(const struct argument *argument, const char **text, uint32_t i,
                       uint8_t *body, char *why)
{
	uint64_t first, last;

	if (!digits_read(text, &first) || *(*text)++ != '-' || !digits_read(text, &last))
		return -EINVAL;
	if (first > last)
		return refuse(why, "the first port is above the last");
	if (first < argument->least || first == 0 || last > UINT16_MAX)
		return refuse(why, "out of range");
	if (i == ports_most(argument))
		return refuse(why, "too many ranges");
	field_write(body, ports_offset(argument, i, false), sizeof(uint16_t), first);
	field_write(body, ports_offset(argument, i, true), sizeof(uint16_t), last);
	return 0;
}

static int ports_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint32_t i = 0;
	int error;

	do
		error = ports_range(argument, &text, i++, body, why);
	while (error == 0 && *text == ',' && text++);
	if (error == 0 && *text != '\0')
		error = -EINVAL;
	return error;
}

static int ports_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	for (uint32_t i = 0; i < ports_most(argument); i++) {
		uint64_t first =
		        field_read(body, ports_offset(argument, i, false), sizeof(uint16_t));
		uint64_t last = field_read(body, ports_offset(argument, i, true), sizeof(uint16_t));

		if (i == 0 || first != 0 || last != 0)
			text_addf(text, "%s%u-%u", i == 0 ? "" : ",", (unsigned int)first,
			          (unsigned int)last);
	}
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

/* -- bytes -- */

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

static int key_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	size_t length = 0, digits = strcspn(text, "=");
	uint8_t bytes[256];
	uint32_t bits = 0;

	if (strcmp(text, COMMAND_MASK) == 0)
		return refuse(why,
		              "this stands for a masked key (`config show secrets` shows them)");
	if (digits == 0 || digits % 4 == 1 || text[digits + strspn(text + digits, "=")] != '\0' ||
	    strlen(text + digits) > 2)
		return refuse(why, "no base64");
	if (digits * 3 / 4 > argument->size)
		return refuse(why, "%zu bytes are too many", digits * 3 / 4);
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return refuse(why, "no base64");
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			bytes[length++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (length < argument->least)
		return refuse(why, "%zu bytes are too few", length);
	return bytes_store(argument, bytes, length, body);
}

static int key_format(const struct argument *argument, const uint8_t *body, struct text *text)
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

static int hex_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	size_t length = strlen(text) / 2;
	uint8_t bytes[256];

	if (length == 0 || strlen(text) % 2 != 0)
		return refuse(why, "hex digits come in pairs");
	if (length > argument->size)
		return refuse(why, "%zu bytes are too many", length);
	if (!hex_decode(text, bytes, length))
		return refuse(why, "no hex digits");
	return bytes_store(argument, bytes, length, body);
}

static int hex_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	int length = bytes_length(argument, body);

	for (int i = 0; i < length; i++)
		text_addf(text, "%02x", body[argument->offset + i]);
	return length > 0 ? 0 : -EINVAL;
}

/* -- an endpoint's remote address -- */

static int remote_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	int error;

	if (strcmp(text, "learn") == 0) {
		body[argument->second] = 1;
		return 0;
	}
	error = endpoint_parse(argument, text, body, why);
	if (error == 0 && body[argument->offset + offsetof(struct sluice_addr, port)] == 0 &&
	    body[argument->offset + offsetof(struct sluice_addr, port) + 1] == 0)
		return refuse(why, "the port is missing");
	return error;
}

static int remote_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	if (body[argument->second] == 0)
		return addr_format(argument, body, text);
	text_add(text, "learn");
	return 0;
}

/* -- pairs of small numbers -- */

static int pairs_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	uint32_t count = 0;
	uint64_t from, to;

	for (;; text++) {
		if (!digits_read(&text, &from) || *text++ != ':' || !digits_read(&text, &to) ||
		    (*text != ',' && *text != '\0'))
			return -EINVAL;
		if (from < argument->least || to < argument->least || from > argument->most ||
		    to > argument->most)
			return refuse(why, "out of range");
		if (count == argument->size)
			return refuse(why, "more than %u", argument->size);
		body[argument->offset + count] = (uint8_t)from;
		body[argument->second + count++] = (uint8_t)to;
		if (*text == '\0')
			break;
	}
	body[argument->third] = (uint8_t)count;
	return 0;
}

static int pairs_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	uint32_t count = body[argument->third];

	for (uint32_t i = 0; i < count && count <= argument->size; i++)
		text_addf(text, "%s%u:%u", i > 0 ? "," : "", body[argument->offset + i],
		          body[argument->second + i]);
	return count > 0 && count <= argument->size ? 0 : -EINVAL;
}

/* -- expressions of pcap -- */

static int filter_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	struct sluice_capture_insn program[SLUICE_CAPTURE_PROGRAM_MAX];
	char line[FILTER_WHY_MAX];
	int length = filter_compile(text, program, argument->most, line);

	if (length < 0)
		return refuse(why, "%.250s", line);
	memcpy(body + argument->offset, program, length * sizeof(program[0]));
	field_write(body, argument->second, sizeof(uint32_t), length);
	return 0;
}

/* What it was compiled from is gone: it is in no configuration. */
static int filter_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	text_addf(text, "(%u instructions)",
	          (uint32_t)field_read(body, argument->second, sizeof(uint32_t)));
	return 0;
}

static const struct value_type value_types[] = {
        [ARGUMENT_NAME] = {name_parse, string_format, "NAME"},
        [ARGUMENT_WORD] = {word_parse, string_format, "WORD"},
        [ARGUMENT_SECRET] = {secret_parse, string_format, "WORD"},
        [ARGUMENT_ENDPOINT] = {endpoint_parse, addr_format, "ADDRESS[:PORT]"},
        [ARGUMENT_ADDRESS] = {address_parse, addr_format, "ADDRESS"},
        [ARGUMENT_PREFIX] = {prefix_parse, prefix_format, "CIDR"},
        [ARGUMENT_PORTS] = {ports_parse, ports_format, "A-B[,A-B...]"},
        [ARGUMENT_NUMBER] = {number_parse, number_format, "N"},
        [ARGUMENT_DURATION] = {duration_parse, number_format, "SECONDS"},
        [ARGUMENT_TIME] = {time_parse, time_format, "TIME"},
        [ARGUMENT_CHOICE] = {choice_parse, choice_format, NULL},
        [ARGUMENT_KEY] = {key_parse, key_format, "B64"},
        [ARGUMENT_HEX] = {hex_parse, hex_format, "HEX"},
        [ARGUMENT_REMOTE] = {remote_parse, remote_format, "ADDRESS:PORT|learn"},
        [ARGUMENT_PAIRS] = {pairs_parse, pairs_format, "A:B[,A:B...]"},
        [ARGUMENT_FILTER] = {filter_parse, filter_format, "EXPRESSION"},
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
	/* a key of zeros has a length, and "learn" no address */
	if (argument->type == ARGUMENT_KEY || argument->type == ARGUMENT_HEX ||
	    argument->type == ARGUMENT_REMOTE)
		return ((const uint8_t *)body)[argument->second] == 0;
	return true;
}

static void choices_add(const struct argument *argument, struct text *text)
{
	for (uint32_t i = 0; argument->choices[i] != NULL; i++)
		text_addf(text, "%s%s", i > 0 ? "|" : "", argument->choices[i]);
}

void value_meta(const struct argument *argument, struct text *text)
{
	const char *meta =
	        argument->meta != NULL ? argument->meta : value_types[argument->type].meta;

	if (meta != NULL)
		text_add(text, meta);
	else if (argument->choices != NULL)
		choices_add(argument, text);
}

void value_expected(const struct argument *argument, struct text *text)
{
	if (argument->choices != NULL) { /* whatever stands for them in the help */
		choices_add(argument, text);
		return;
	}
	value_meta(argument, text);
	switch (argument->type) {
	case ARGUMENT_NUMBER:
	case ARGUMENT_DURATION:
		if (argument->most != 0 || argument->least != 0)
			text_addf(text, " (%" PRIu64 " to %" PRIu64 ")", argument->least,
			          value_most(argument));
		break;
	case ARGUMENT_TIME:
		text_add(text, ", in UTC: YYYY-MM-DD, YYYY-MM-DDTHH:MM[:SS] or HH:MM[:SS]");
		break;
	case ARGUMENT_PORTS:
		text_addf(text, " (%" PRIu64 " to 65535)", argument->least);
		break;
	case ARGUMENT_KEY:
	case ARGUMENT_HEX:
		text_addf(text, " (%" PRIu64 " to %u bytes)",
		          argument->least != 0 ? argument->least : 1, argument->size);
		if (argument->advice != NULL)
			text_addf(text, "; %s", argument->advice);
		break;
	case ARGUMENT_PAIRS:
		text_addf(text, " (1 to %u pairs of %" PRIu64 " to %" PRIu64 ")", argument->size,
		          argument->least, argument->most);
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
