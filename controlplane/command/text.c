/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void text_start(struct text *text, char *bytes, size_t room)
{
	*text = (struct text){.bytes = bytes, .room = room};
	bytes[0] = '\0';
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
	size_t free_bytes = text->room - 1 - text->length;

	if (length > free_bytes || text->cut) {
		text->cut = true;
		return;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	char piece[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(piece))
		text->cut = true;
	else
		text_add_bytes(text, piece, length);
}

/* Bytes of the UTF-8 sequence that this byte begins (RFC 3629, 3), 0: it begins none. */
static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static bool code_is_shown(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false; /* control characters; C1 too, some terminals obey it */
	if (code == 0x061c || code == 0x200e || code == 0x200f ||
	    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return false; /* line ends and directions of writing */
	return code != 0xfeff && (code < 0xfff9 || code > 0xffff) && code <= 0x10ffff;
}

/* Bytes of the character at `bytes` that may be shown; 0: the first byte is to be escaped. */
static size_t character_shown(const char *bytes, size_t length)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = sequence_length((unsigned char)bytes[0]);
	uint32_t code;

	if (n == 0 || n > length)
		return 0;
	code = n == 1 ? (unsigned char)bytes[0] : (unsigned char)bytes[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
	}
	if (code < least[n] || (code >= 0xd800 && code <= 0xdfff) || !code_is_shown(code))
		return 0;
	return n;
}

void text_add_printable(struct text *text, const char *bytes, size_t length)
{
	length = strnlen(bytes, length);
	while (length > 0) {
		size_t n = character_shown(bytes, length);

		if (n == 0) {
			text_addf(text, "\\x%02x", (unsigned char)bytes[0]);
			n = 1;
		} else {
			text_add_bytes(text, bytes, n);
		}
		bytes += n;
		length -= n;
	}
}

bool text_is_printable(const char *string)
{
	size_t length = strlen(string);

	while (length > 0) {
		size_t n = character_shown(string, length);

		if (n == 0)
			return false;
		string += n;
		length -= n;
	}
	return true;
}

void text_add_word(struct text *text, const char *word)
{
	if (word[0] != '\0' && strpbrk(word, " \t\"#") == NULL) {
		text_add(text, word);
		return;
	}
	text_add(text, "\"");
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			text_add(text, "\\");
		text_add_bytes(text, word, 1);
	}
	text_add(text, "\"");
}

size_t text_width(const char *bytes, size_t length)
{
	size_t width = 0;

	for (size_t i = 0; i < length; i++)
		width += ((unsigned char)bytes[i] & 0xc0) != 0x80;
	return width;
}
