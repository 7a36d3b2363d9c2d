/* SPDX-License-Identifier: BSD-3-Clause */
#include "redis/handshake.h"

#include "command/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct greeting {
	struct bufferevent *bev;
	int replies; /* that will come; or -ENOMEM */
};

static void command_write(struct greeting *greeting, const char *format, ...)
{
	va_list args;
	char *bytes;
	int length;

	if (greeting->replies < 0)
		return;
	va_start(args, format);
	length = redisvFormatCommand(&bytes, format, args);
	va_end(args);
	if (length < 0) {
		greeting->replies = -ENOMEM;
		return;
	}
	greeting->replies = bufferevent_write(greeting->bev, bytes, length) == 0
	                            ? greeting->replies + 1
	                            : -ENOMEM;
	explicit_bzero(bytes, length);
	redisFreeCommand(bytes);
}

/* An old Redis knows no AUTH with a name. A user without a password is let in by any (nopass). The
 * PING tells that it answers, not only that somebody accepts there. */
int handshake_send(struct bufferevent *bev, const struct link_options *options)
{
	struct greeting greeting = {.bev = bev};

	if (options->user[0] != '\0')
		command_write(&greeting, "AUTH %s %s", options->user, options->password);
	else if (options->password[0] != '\0')
		command_write(&greeting, "AUTH %s", options->password);
	if (options->db != 0)
		command_write(&greeting, "SELECT %u", options->db);
	command_write(&greeting, "PING");
	if (options->master)
		command_write(&greeting, "ROLE");
	return greeting.replies;
}

static bool role_is_master(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, "master") == 0;
}

void refusal_write(const redisReply *reply, char why[LINK_WHY_MAX])
{
	struct text text;

	text_start(&text, why, LINK_WHY_MAX);
	text_add(&text, "it refuses us: ");
	text_add_printable(&text, reply->str, reply->len);
}

bool handshake_accept(const struct link_options *options, const redisReply *reply, bool last,
                      char why[LINK_WHY_MAX])
{
	if (reply->type == REDIS_REPLY_ERROR)
		refusal_write(reply, why);
	else if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_ARRAY)
		snprintf(why, LINK_WHY_MAX, "that is no Redis");
	else if (last && options->master && !role_is_master(reply))
		snprintf(why, LINK_WHY_MAX, "it is no master");
	else
		return true;
	return false;
}
