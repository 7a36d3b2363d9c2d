/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/running.h"

#include "command/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_START 64 /* a power of two */

TAILQ_HEAD(running_lines, running_line);

struct watch {
	SLIST_ENTRY(watch) entry;
	uint16_t type;
	void (*changed)(void *arg);
	void *arg;
};
SLIST_HEAD(watches, watch);

struct running {
	struct running_lines lines;
	struct watches watches;
	struct running_line **buckets;
	uint32_t n_buckets, count;
	uint32_t refused; /* of count */
	uint64_t serial;
	char *comment_last;
};

static uint32_t identity_hash(const char *identity)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *identity != '\0'; identity++)
		hash = (hash ^ (unsigned char)*identity) * 16777619u;
	return hash;
}

struct running *running_create(void)
{
	struct running *running = calloc(1, sizeof(*running));

	if (running == NULL)
		return NULL;
	TAILQ_INIT(&running->lines);
	SLIST_INIT(&running->watches);
	running->n_buckets = BUCKETS_START;
	running->buckets = calloc(BUCKETS_START, sizeof(struct running_line *));
	if (running->buckets == NULL) {
		free(running);
		return NULL;
	}
	return running;
}

/* No more of the body than its command has: there may be very many lines. */
static size_t request_size(const struct command *command)
{
	return offsetof(struct command_request, body) + command_asks(command)->body_size;
}

static void line_free(struct running_line *line)
{
	explicit_bzero(&line->request, request_size(line->request.command));
	free(line->identity);
	free(line->why);
	free(line->comment);
	free(line->source);
	free(line);
}

void running_destroy(struct running *running)
{
	struct running_line *line;
	struct watch *watch;

	if (running == NULL)
		return;
	while ((watch = SLIST_FIRST(&running->watches)) != NULL) {
		SLIST_REMOVE_HEAD(&running->watches, entry);
		free(watch);
	}
	while ((line = TAILQ_FIRST(&running->lines)) != NULL) {
		TAILQ_REMOVE(&running->lines, line, entry);
		line_free(line);
	}
	free(running->buckets);
	free(running->comment_last);
	free(running);
}

/* -- who wants to know -- */

int running_watch(struct running *running, uint16_t type, void (*changed)(void *arg), void *arg)
{
	struct watch *watch = malloc(sizeof(*watch));

	if (watch == NULL)
		return -ENOMEM;
	*watch = (struct watch){.type = type, .changed = changed, .arg = arg};
	SLIST_INSERT_HEAD(&running->watches, watch, entry);
	return 0;
}

static void watches_tell(const struct running *running, const struct running_line *line)
{
	const struct watch *watch;

	SLIST_FOREACH(watch, &running->watches, entry)
	if (line == NULL || watch->type == line->request.command->type)
		watch->changed(watch->arg);
}

uint32_t running_refused(const struct running *running)
{
	return running->refused;
}

uint32_t running_count(const struct running *running)
{
	return running->count;
}

static struct running_line **bucket_of(const struct running *running, uint32_t hash)
{
	return &running->buckets[hash & (running->n_buckets - 1)];
}

/* More buckets keep chains short; without memory they grow long, which is all. */
static void buckets_grow(struct running *running)
{
	struct running_line **fresh = calloc(2 * running->n_buckets, sizeof(struct running_line *));
	struct running_line *line;

	if (fresh == NULL)
		return;
	free(running->buckets);
	running->buckets = fresh;
	running->n_buckets *= 2;
	TAILQ_FOREACH(line, &running->lines, entry)
	{
		struct running_line **bucket = bucket_of(running, line->hash);

		line->chain = *bucket;
		*bucket = line;
	}
}

struct running_line *running_match(const struct running *running,
                                   const struct command_request *request,
                                   const struct running_line *after)
{
	char identity[WORDS_LINE_MAX];
	struct running_line *line;
	uint32_t hash;

	if (command_identity(request, identity, sizeof(identity)) < 0)
		return NULL;
	hash = identity_hash(identity);
	line = after != NULL ? after->chain : *bucket_of(running, hash);
	while (line != NULL && (line->hash != hash || strcmp(line->identity, identity) != 0))
		line = line->chain;
	return line;
}

struct running_line *running_find(const struct running *running,
                                  const struct command_request *request)
{
	struct running_line *line = running_match(running, request, NULL);

	while (line != NULL && line->request.command != request->command)
		line = running_match(running, request, line);
	return line;
}

struct running_line *running_line_of(const struct running *running, uint16_t type, const void *body,
                                     uint32_t length)
{
	struct command_request request = {.command = command_of(type, body, length),
	                                  .length = length};
	struct running_line *line;

	memcpy(request.body.bytes, body, length);
	line = running_match(running, &request, NULL);
	explicit_bzero(&request, sizeof(request)); /* it may have a secret */
	return line;
}

bool running_misses(const struct running *running, const struct running_line *line,
                    const struct argument *argument)
{
	struct command_request named = {.command = command_of_type(argument->hangs_on)};
	const uint8_t *body = line->request.body.bytes;
	const struct running_line *there;

	if (argument->hangs_on == 0 || named.command == NULL || !argument_is_given(argument, body))
		return false;
	memcpy(named.body.bytes + named.command->arguments[0].offset, body + argument->offset,
	       argument->size);
	there = running_find(running, &named);
	return there == NULL || there->serial > line->serial;
}

struct running_line *running_setting(const struct running *running, uint16_t type)
{
	const struct command_request request = {.command = command_of_type(type)};

	return running_find(running, &request);
}

static struct running_line *line_create(const struct command_request *request)
{
	char identity[WORDS_LINE_MAX];
	struct running_line *line;

	if (command_identity(request, identity, sizeof(identity)) < 0)
		return NULL;
	line = calloc(1, offsetof(struct running_line, request) + request_size(request->command));
	if (line == NULL)
		return NULL;
	line->identity = strdup(identity);
	if (line->identity == NULL) {
		free(line);
		return NULL;
	}
	line->hash = identity_hash(identity);
	return line;
}

/* It says something else, and may hang on what came later: a reader of the lines in their order has
 * to find that before it. */
static void line_changed(struct running *running, struct running_line *line)
{
	const struct argument *argument = line->request.command->arguments;

	running_source(line, NULL, 0, false);
	while (argument->key != NULL && !running_misses(running, line, argument))
		argument++;
	if (argument->key == NULL)
		return;
	TAILQ_REMOVE(&running->lines, line, entry);
	TAILQ_INSERT_TAIL(&running->lines, line, entry);
	line->serial = ++running->serial;
}

struct running_line *running_put(struct running *running, const struct command_request *request,
                                 uint32_t number)
{
	struct running_line *line = running_find(running, request);
	struct running_line **bucket;
	bool changed =
	        line != NULL && memcmp(&line->request.body, &request->body, request->length) != 0;

	if (line == NULL) {
		line = line_create(request);
		if (line == NULL)
			return NULL;
		if (running->count >= running->n_buckets)
			buckets_grow(running);
		bucket = bucket_of(running, line->hash);
		line->chain = *bucket;
		*bucket = line;
		line->serial = ++running->serial;
		TAILQ_INSERT_TAIL(&running->lines, line, entry);
		running->count++;
	}
	memcpy(&line->request, request, request_size(request->command));
	line->number = number;
	if (changed)
		line_changed(running, line);
	running_judge(running, line, NULL);
	watches_tell(running, line);
	return line;
}

bool running_judge(struct running *running, struct running_line *line, const char *why)
{
	bool refused = why != NULL;
	bool news = refused != line->refused ||
	            (refused && line->why != NULL && strcmp(line->why, why) != 0);

	if (!news)
		return false;
	running->refused += refused - line->refused;
	line->refused = refused;
	free(line->why);
	line->why = refused ? strdup(why) : NULL;
	return true;
}

void running_source(struct running_line *line, const char *source, size_t length, bool included)
{
	free(line->source);
	line->source = source != NULL ? strndup(source, length) : NULL;
	line->included = included;
}

void running_comment(struct running *running, struct running_line *line, const char *comment,
                     size_t length)
{
	char **at = line != NULL ? &line->comment : &running->comment_last;

	free(*at);
	*at = length > 0 ? strndup(comment, length) : NULL;
}

const char *running_comment_last(const struct running *running)
{
	return running->comment_last;
}

void running_line_request(const struct running_line *line, struct command_request *request)
{
	memset(request, 0, sizeof(*request));
	memcpy(request, &line->request, request_size(line->request.command));
}

struct running *running_copy(const struct running *running)
{
	struct running *copy = running_create();
	struct running_line *line, *made;
	struct command_request request;

	if (copy == NULL)
		return NULL;
	TAILQ_FOREACH(line, &running->lines, entry)
	{
		running_line_request(line, &request);
		made = running_put(copy, &request, line->number);
		if (made == NULL) {
			running_destroy(copy);
			return NULL;
		}
		running_source(made, line->source, line->source != NULL ? strlen(line->source) : 0,
		               line->included);
		if (line->comment != NULL)
			running_comment(copy, made, line->comment, strlen(line->comment));
	}
	explicit_bzero(&request, sizeof(request));
	if (running->comment_last != NULL)
		running_comment(copy, NULL, running->comment_last, strlen(running->comment_last));
	return copy;
}

static void comment_copy(char **at, const char *comment)
{
	free(*at);
	*at = comment != NULL ? strdup(comment) : NULL;
}

void running_arrange(struct running *running, const struct running *from)
{
	struct running_lines rest = TAILQ_HEAD_INITIALIZER(rest);
	struct running_line *line, *like;

	TAILQ_CONCAT(&rest, &running->lines, entry);
	TAILQ_FOREACH(like, &from->lines, entry)
	{
		line = running_find(running, &like->request);
		if (line == NULL)
			continue;
		TAILQ_REMOVE(&rest, line, entry);
		TAILQ_INSERT_TAIL(&running->lines, line, entry);
		line->serial = ++running->serial;
		line->number = like->number;
		comment_copy(&line->comment, like->comment);
		running_source(line, like->source, like->source != NULL ? strlen(like->source) : 0,
		               like->included);
	}
	TAILQ_FOREACH(line, &rest, entry)
	{
		line->serial = ++running->serial;
		line->number = 0;
	}
	TAILQ_CONCAT(&running->lines, &rest, entry);
	watches_tell(running, NULL);
	comment_copy(&running->comment_last, from->comment_last);
}

void running_take_out(struct running *running, struct running_line *line)
{
	struct running_line **at = bucket_of(running, line->hash);

	watches_tell(running, line);
	while (*at != line)
		at = &(*at)->chain;
	*at = line->chain;
	TAILQ_REMOVE(&running->lines, line, entry);
	running->count--;
	running->refused -= line->refused;
	line_free(line);
}

struct running_line *running_next(const struct running *running, struct running_line *line)
{
	return line != NULL ? TAILQ_NEXT(line, entry) : TAILQ_FIRST(&running->lines);
}

struct running_line *running_after(const struct running *running, uint64_t serial)
{
	struct running_line *line;

	TAILQ_FOREACH(line, &running->lines, entry)
	if (line->serial > serial)
		return line;
	return NULL;
}

void running_line_describe(const struct running_line *line, const char *config, char *text,
                           size_t room)
{
	char words[COMMAND_TEXT_MAX];

	command_format(&line->request, false, words, sizeof(words));
	if (line->number != 0)
		snprintf(text, room, "%s:%u: %s", config, line->number, words);
	else
		snprintf(text, room, "%s", words);
}
