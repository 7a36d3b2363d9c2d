/* SPDX-License-Identifier: BSD-3-Clause */
#include "sdp/slice.h"

#include <string.h>
#include <strings.h>

bool slice_is(struct slice slice, const char *word)
{
	return slice_equals(slice, (struct slice){word, strlen(word)});
}

bool slice_is_caseless(struct slice slice, const char *word)
{
	return slice.length == strlen(word) &&
	       (slice.length == 0 || strncasecmp(slice.bytes, word, slice.length) == 0);
}

bool slice_equals(struct slice a, struct slice b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

bool slice_word(struct slice *rest, char end, struct slice *word)
{
	const char *found;

	while (rest->length > 0 && rest->bytes[0] == end) {
		rest->bytes++;
		rest->length--;
	}
	if (rest->length == 0)
		return false;
	found = memchr(rest->bytes, end, rest->length);
	*word = (struct slice){rest->bytes,
	                       found != NULL ? (size_t)(found - rest->bytes) : rest->length};
	rest->bytes += word->length;
	rest->length -= word->length;
	return true;
}

bool slice_number(struct slice slice, uint32_t most, uint32_t *number)
{
	uint64_t value = 0;

	if (slice.length == 0 || slice.length > 10)
		return false;
	for (size_t i = 0; i < slice.length; i++) {
		if (slice.bytes[i] < '0' || slice.bytes[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(slice.bytes[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= most;
}

struct slice slice_trim(struct slice slice)
{
	while (slice.length > 0 && slice.bytes[0] == ' ') {
		slice.bytes++;
		slice.length--;
	}
	while (slice.length > 0 && slice.bytes[slice.length - 1] == ' ')
		slice.length--;
	return slice;
}

bool slice_parameter(struct slice list, const char *key, struct slice *value)
{
	struct slice part;

	while (slice_word(&list, ';', &part)) {
		struct slice name;

		part = slice_trim(part);
		if (!slice_word(&part, '=', &name) || !slice_is_caseless(slice_trim(name), key))
			continue;
		if (part.length > 0) { /* the = */
			part.bytes++;
			part.length--;
		}
		*value = slice_trim(part);
		return true;
	}
	return false;
}

bool slice_consists(struct slice slice, const char *more)
{
	for (size_t i = 0; i < slice.length; i++) {
		char c = slice.bytes[i], letter = c | 0x20;

		if ((letter < 'a' || letter > 'z') && (c < '0' || c > '9') &&
		    (c == '\0' || strchr(more, c) == NULL))
			return false;
	}
	return slice.length > 0;
}

bool slice_copy(struct slice slice, char *text, size_t room)
{
	if (slice.length >= room)
		return false;
	if (slice.length > 0)
		memcpy(text, slice.bytes, slice.length);
	text[slice.length] = '\0';
	return true;
}
