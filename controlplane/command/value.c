/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/value_type.h"

#include "command/addr.h"
#include "command/filter.h"
#include "common/refuse.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct value_type {
	value_parse_fn *parse;
	value_format_fn *format;
	const char *meta; /* what help calls it */
};

/* -- strings -- */

static size_t string_room(const struct argument *argument)
{
	return argument->most != 0 ? argument->most : (size_t)argument->size - 1;
}

static int string_store(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	size_t length = strlen(text);

	if (length == 0)
		return refuse(why, -EINVAL, "empty");
	if (length > string_room(argument))
		return refuse(why, -EINVAL, "%zu bytes are too many", length);
	memcpy(body + argument->offset, text, length + 1);
	return 0;
}

static int name_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	if (text[strspn(text, NAME_CHARACTERS)] != '\0')
		return refuse(why, -EINVAL, "a name has letters, digits and . _ - only");
	if (text[0] == '-' || text[0] == '.')
		return refuse(why, -EINVAL, "a name begins with a letter or a digit");
	return string_store(argument, text, body, why);
}

static int word_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	if (!text_is_printable(text))
		return refuse(why, -EINVAL,
		              "neither control characters nor what is no UTF-8 is allowed");
	return string_store(argument, text, body, why);
}

static int secret_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	if (strcmp(text, COMMAND_MASK) == 0)
		return refuse(why, -EINVAL,
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
		return refuse(why, -EINVAL, "the port is missing");
	return error;
}

static int remote_format(const struct argument *argument, const uint8_t *body, struct text *text)
{
	if (body[argument->second] == 0)
		return addr_format(argument, body, text);
	text_add(text, "learn");
	return 0;
}

/* -- expressions of pcap -- */

static int filter_parse(const struct argument *argument, const char *text, uint8_t *body, char *why)
{
	struct sluice_capture_insn program[SLUICE_CAPTURE_PROGRAM_MAX];
	char line[FILTER_WHY_MAX];
	int length = filter_compile(text, program, argument->most, line);

	if (length < 0)
		return refuse(why, -EINVAL, "%.250s", line);
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
        [ARGUMENT_HOSTS] = {hosts_parse, hosts_format, "HOST[:PORT][,HOST[:PORT]...]"},
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
	/* a key of zeros has a length, "learn" and names have no address */
	if (argument->type == ARGUMENT_KEY || argument->type == ARGUMENT_HEX ||
	    argument->type == ARGUMENT_REMOTE || argument->type == ARGUMENT_HOSTS)
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
