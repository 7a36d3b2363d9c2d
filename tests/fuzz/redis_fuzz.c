/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes from a Redis: the reader within its bounds, redirections, and nodes' records. */
#include "fuzz.h"

#include "redis/reader.h"
#include "redis/redirect.h"
#include "region/node.h"

#include <string.h>

static struct node_value value_of(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return (struct node_value){0};
	return (struct node_value){reply->str, reply->len};
}

/* What is read is written, and read again as the same. */
static void record_check(const struct node_record *record)
{
	char texts[NODE_FIELDS][NODE_VALUE_MAX];
	struct node_value values[NODE_FIELDS];
	struct node_record again;
	const char *field;

	node_write(record, texts);
	for (int i = 0; i < NODE_FIELDS; i++)
		values[i] = (struct node_value){texts[i], strlen(texts[i])};
	CHECK(node_read(&again, record->id, strlen(record->id), values, &field) == 0);
	CHECK(memcmp(&again, record, sizeof(again)) == 0);
}

static void reply_check(const redisReply *reply)
{
	struct node_value values[NODE_FIELDS];
	struct node_record record;
	struct redirect redirect;
	const char *field;

	if (reply->type == REDIS_REPLY_ERROR) {
		redirect_read(&redirect, reply->str, reply->len);
		redis_slot(reply->str, reply->len);
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < NODE_FIELDS)
		return;
	for (int i = 0; i < NODE_FIELDS; i++)
		values[i] = value_of(reply->element[i]);
	if (node_read(&record, "node-1", 6, values, &field) == 0)
		record_check(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader;
	redisReply *reply;

	if (size == 0 || reader_start(&reader) != 0)
		return 0;
	/* The first byte says in what pieces the rest comes in. */
	for (size_t at = 1, step = data[0] + 1; at < size; at += step) {
		size_t length = size - at < step ? size - at : step;
		int status;

		if (reader_feed(&reader, data + at, length) != 0)
			break;
		while ((status = reader_next(&reader, &reply)) == 1) {
			reply_check(reply);
			freeReplyObject(reply);
		}
		if (status < 0)
			break;
	}
	reader_end(&reader);
	return 0;
}
