/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SUBJECTS      13
#define SUBJECT(type) ((type) >> 8)
#define NUMBER(type)  ((type)&0xff)

static const struct request_table *const subjects[SUBJECTS] = {
        [SUBJECT(SLUICE_VERSION)] = &requests_config,
        [SUBJECT(SLUICE_PORT_ADD)] = &requests_port,
        [SUBJECT(SLUICE_TURN_SHOW)] = &requests_turn,
        [SUBJECT(SLUICE_COUNTER_SHOW)] = &requests_stats,
        [SUBJECT(SLUICE_ENDPOINT_ADD)] = &requests_media,
        [SUBJECT(SLUICE_GATE_SHOW)] = &requests_gate,
        [SUBJECT(SLUICE_REGION_SHOW)] = &requests_region,
        [SUBJECT(SLUICE_CAPTURE_SHOW)] = &requests_capture,
        [SUBJECT(SLUICE_EVENTS)] = &requests_event,
        [SUBJECT(SLUICE_HTTP_SHOW)] = &requests_http,
        [SUBJECT(SLUICE_SESSION_SHOW)] = &requests_session,
        [SUBJECT(SLUICE_WHIP_LIMIT_SET)] = &requests_whip,
        [SUBJECT(SLUICE_ALLOCATION_HISTORY)] = &requests_accounting,
};

const struct request *request_of(uint16_t type)
{
	const struct request_table *table =
	        SUBJECT(type) < SUBJECTS ? subjects[SUBJECT(type)] : NULL;
	const struct request *request;

	if (table == NULL || NUMBER(type) >= table->count)
		return NULL;
	request = &table->requests[NUMBER(type)];
	return request->name[0] != NULL ? request : NULL;
}

const struct request *request_next(const struct request *request)
{
	uint32_t type = request != NULL ? request->type : 0;
	const struct request *next = NULL;

	while (next == NULL && ++type < SUBJECTS << 8)
		next = request_of((uint16_t)type);
	return next;
}

const char *request_name(const struct request *request, char name[REQUEST_NAME_MAX])
{
	size_t length = 0;

	name[0] = '\0';
	for (int i = 0; i < REQUEST_WORDS_MAX && request->name[i] != NULL; i++)
		length += (size_t)snprintf(name + length, REQUEST_NAME_MAX - length, "%s%s",
		                           i > 0 ? " " : "", request->name[i]);
	return name;
}

enum request_access request_access(const struct request *request)
{
	if (request->access != ACCESS_DEFAULT)
		return request->access;
	return request->kind == REQUEST_SHOW ? ACCESS_READ : ACCESS_ADMIN;
}

bool request_is_control(const struct request *request)
{
	return request->server != BY_DIRECT;
}

bool request_is_dataplane(const struct request *request)
{
	return request->server != BY_CONTROL;
}

bool request_is_in(const struct request *request, uint16_t version)
{
	return request->since <= version;
}

uint32_t request_body_size(const struct request *request, uint16_t version)
{
	return version < SLUICE_API_VERSION && request->body_size_before != 0
	               ? request->body_size_before
	               : request->body_size;
}

bool request_says_more(const struct request *request, uint16_t version, const void *body,
                       uint32_t length)
{
	uint32_t spare = request->spare_offset, size = request->spare_size;

	for (uint32_t i = request_body_size(request, version); i < length; i++)
		if (((const uint8_t *)body)[i] != 0 && i - spare >= size)
			return true;
	return false;
}

uint32_t request_row_size(const struct request *request, uint16_t version)
{
	const struct reply *reply = request->reply;

	if (reply == NULL)
		return 0;
	return version < SLUICE_API_VERSION && reply->row_size_before != 0 ? reply->row_size_before
	                                                                   : reply->row_size;
}

uint32_t rows_fit(void *to, uint32_t to_size, const void *from, uint32_t from_size, uint32_t length)
{
	uint32_t count = length / from_size, both = to_size < from_size ? to_size : from_size;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t *row = (uint8_t *)to + (size_t)i * to_size;

		memmove(row, (const uint8_t *)from + (size_t)i * from_size, both);
		memset(row + both, 0, to_size - both);
	}
	return count;
}

int request_check_size(const struct request *request, uint16_t version, uint32_t length, char *why)
{
	uint32_t size = request_body_size(request, version);
	char name[REQUEST_NAME_MAX];

	if (length == size)
		return 0;
	snprintf(why, SLUICE_API_ERROR_MAX, "%s (0x%04x) has a body of %u bytes, not %u",
	         request_name(request, name), request->type, size, length);
	return -EINVAL;
}

int request_check(const struct request *request, const void *body, uint32_t length, char *why)
{
	const struct request_text *text = request->texts;
	int error = request_check_size(request, SLUICE_API_VERSION, length, why);

	if (error != 0)
		return error;
	for (; text < request->texts + REQUEST_TEXTS_MAX && text->size != 0; text++) {
		if (memchr((const char *)body + text->offset, '\0', text->size) != NULL)
			continue;
		snprintf(why, SLUICE_API_ERROR_MAX, "%s: no end within its %u bytes", text->name,
		         text->size);
		return -EINVAL;
	}
	return 0;
}

const struct column *reply_key(const struct reply *reply)
{
	return reply->single ? NULL : reply->columns;
}

const struct column *reply_column(const struct reply *reply, const char *key)
{
	const struct column *column = reply->columns;

	while (column->key != NULL && strcmp(column->key, key) != 0)
		column++;
	return column->key != NULL ? column : NULL;
}
