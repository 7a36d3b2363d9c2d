/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcapng_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct option {
	uint16_t code, length;
	const uint8_t *value;
};

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t number(const struct option *option)
{
	uint64_t value = 0;

	assert_true(option->length == 4 || option->length == 8);
	memcpy(&value, option->value, option->length);
	return value;
}

static void text(char *to, size_t room, const struct option *option)
{
	assert_true(option->length < room);
	snprintf(to, room, "%.*s", option->length, (const char *)option->value);
}

/* The next option before `end`; NULL behind the last. */
static const uint8_t *option_next(const uint8_t *at, const uint8_t *end, struct option *option)
{
	assert_true(end - at >= 4);
	option->code = (uint16_t)word(at);
	option->length = (uint16_t)(word(at) >> 16);
	option->value = at + 4;
	if (option->code == 0) {
		assert_true(option->length == 0 && at + 4 == end);
		return NULL;
	}
	assert_true(end - at >= 4 + ((option->length + 3) & ~3));
	return at + 4 + ((option->length + 3) & ~3);
}

static void section_read(struct read_file *file, const uint8_t *body, const uint8_t *end)
{
	struct option option;

	assert_int_equal(word(body), 0x1a2b3c4d);
	assert_int_equal(word(body + 4), 1);
	for (body += 16; (body = option_next(body, end, &option)) != NULL;)
		if (option.code == 1)
			text(file->comment, sizeof(file->comment), &option);
}

static void interface_read(struct read_file *file, const uint8_t *body, const uint8_t *end)
{
	struct read_interface *interface = &file->interfaces[file->n_interfaces++];
	struct option option;
	int resolution = 6;

	assert_true(file->n_interfaces <= READER_INTERFACES);
	*interface = (struct read_interface){0};
	assert_int_equal(word(body), 1);
	for (body += 8; (body = option_next(body, end, &option)) != NULL;) {
		if (option.code == 2)
			text(interface->name, sizeof(interface->name), &option);
		if (option.code == 9)
			resolution = option.value[0];
	}
	assert_int_equal(resolution, 9);
}

static void packet_read(struct read_file *file, const uint8_t *body, const uint8_t *end)
{
	struct read_packet *packet = &file->packets[file->n_packets++];
	struct option option;

	assert_true(file->n_packets <= READER_PACKETS);
	*packet = (struct read_packet){
	        .interface = word(body),
	        .time = (uint64_t)word(body + 4) << 32 | word(body + 8),
	        .captured = word(body + 12),
	        .length = word(body + 16),
	        .data = body + 20,
	};
	assert_true(packet->interface < file->n_interfaces);
	assert_true(packet->captured <= packet->length && packet->captured <= end - body - 20);
	for (body += 20 + ((packet->captured + 3) & ~3u);
	     (body = option_next(body, end, &option)) != NULL;) {
		if (option.code == 1)
			text(packet->comment, sizeof(packet->comment), &option);
		if (option.code == 2)
			packet->flags = (uint32_t)number(&option);
		if (option.code == 6)
			packet->queue = (uint32_t)number(&option);
	}
}

static void statistics_read(struct read_file *file, const uint8_t *body, const uint8_t *end)
{
	struct read_interface *interface = &file->interfaces[word(body)];
	struct option option;

	assert_true(word(body) < file->n_interfaces);
	interface->statistics++;
	for (body += 12; (body = option_next(body, end, &option)) != NULL;) {
		if (option.code == 4)
			interface->received = number(&option);
		if (option.code == 5)
			interface->lost = number(&option);
		if (option.code == 8)
			interface->written = number(&option);
	}
}

static void blocks_read(struct read_file *file)
{
	const uint8_t *at = file->bytes, *end = file->bytes + file->size;

	while (at < end) {
		uint32_t length;

		assert_true(end - at >= 12);
		length = word(at + 4);
		assert_true(length % 4 == 0 && length <= end - at);
		assert_int_equal(word(at + length - 4), length);
		if (word(at) == 0x0a0d0d0a)
			section_read(file, at + 8, at + length - 4);
		else if (word(at) == 1)
			interface_read(file, at + 8, at + length - 4);
		else if (word(at) == 6)
			packet_read(file, at + 8, at + length - 4);
		else if (word(at) == 5)
			statistics_read(file, at + 8, at + length - 4);
		else
			fail_msg("block of type %u", word(at));
		at += length;
	}
}

void pcapng_read(struct read_file *file, int fd)
{
	size_t room = 1 << 20;
	ssize_t n;

	memset(file, 0, sizeof(*file));
	file->bytes = malloc(room);
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, file->bytes + file->size, room - file->size)) > 0) {
		file->size += (size_t)n;
		if (file->size == room)
			file->bytes = realloc(file->bytes, room *= 2);
		assert_non_null(file->bytes);
	}
	assert_int_equal(n, 0);
	blocks_read(file);
}

void pcapng_free(struct read_file *file)
{
	free(file->bytes);
	file->bytes = NULL;
}
