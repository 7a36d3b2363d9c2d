/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one table of commands. A command makes a request of common/request.h, which says what its
 * kind is, who serves it and what it answers. The command's row adds help and arguments; its line
 * in a configuration, its completion and its part of the manual come from both. To add a command,
 * add a row to the commands_*.c of its subject.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "common/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/api.h>

#define COMMAND_PATH_MAX      REQUEST_WORDS_MAX
#define COMMAND_ARGUMENTS_MAX 16                   /* of one command */
#define COMMAND_BODY_MAX      3072                 /* bytes of a request's body */
#define COMMAND_EXPECTED_MAX  SLUICE_API_ERROR_MAX /* bytes of what an error says was expected */

/* A command's canonical text always fits into one line of SLUICE_CONFIG_SHOW. */
#define COMMAND_TEXT_MAX sizeof(((struct sluice_config_line *)0)->text)

/* What stands for a secret where it is not asked for; never accepted as one. */
#define COMMAND_MASK "********"

enum argument_type {
	ARGUMENT_NAME,     /* char[]: letters, digits and . _ - */
	ARGUMENT_WORD,     /* char[]: any printable text of 1 to `most` bytes */
	ARGUMENT_SECRET,   /* the same, masked unless asked for */
	ARGUMENT_ENDPOINT, /* struct sluice_addr; ADDRESS[:PORT], `fallback` is the port unless
	                      given */
	ARGUMENT_ADDRESS,  /* struct sluice_addr without a port */
	ARGUMENT_PREFIX,   /* struct sluice_addr, and the length as uint8_t at `second` */
	ARGUMENT_PORTS,    /* A-B,C-D...: pairs of uint16_t in host order, one after the other; 1 to
	                      `most`, unused ones 0 */
	ARGUMENT_NUMBER,   /* uint of `size` bytes, least to most */
	ARGUMENT_DURATION, /* the same, in seconds; s, m and h may be written behind it */
	ARGUMENT_TIME,     /* uint64_t, Unix time: YYYY-MM-DD[THH:MM[:SS]][Z], or HH:MM[:SS], the
	                      latest one; UTC */
	ARGUMENT_CHOICE,   /* uint of `size` bytes: the index in `choices` */
	ARGUMENT_KEY, /* uint8_t[size] in base64, `least` bytes or more, their count as uint8_t at
	                 `second`; masked */
	ARGUMENT_HEX, /* the same in hex, for everybody to see */
	ARGUMENT_REMOTE, /* struct sluice_addr: ADDRESS:PORT; or "learn": 1 as uint8_t at
	                    `second` */
	ARGUMENT_PAIRS,  /* A:B,C:D...: A, C as uint8_t[size], B, D at `second`, how many as
	                    uint8_t at `third`; 1 to `most` */
	ARGUMENT_FILTER, /* an expression of pcap-filter(7), compiled: instructions at `offset`,
	                    uint32_t how many at `second`, `most` at most */
	ARGUMENT_HOSTS,  /* HOST[:PORT][,HOST[:PORT]...]: one address as struct sluice_addr; names,
	                    or several, as char[] of `most` bytes and a NUL at `second` */
	ARGUMENT_FLAG,   /* uint of `size` bytes: 1 where the keyword stands; takes no value */
};

/* A field of a body that has this value. size 0: none. */
struct assignment {
	uint16_t offset, size;
	uint64_t value;
};

/*
 * Arguments without a keyword come first, in their order; those with one follow in any order.
 * Arguments with the same `one_of` (not 0) exclude each other and one of them is needed; `sets`
 * records which, and of others that they are there at all, where 0 is a value too.
 */
struct argument {
	const char *key;  /* the keyword, or the name in JSON of one without */
	const char *meta; /* what stands for the value in help; NULL: the type's own */
	const char *help;
	const char *advice; /* where a value is refused; NULL: none */
	enum argument_type type;
	bool keyword;
	bool optional;     /* left out: all its bytes are 0 */
	bool identifies;   /* part of what makes two lines of the configuration the same object */
	uint16_t hangs_on; /* ARGUMENT_NAME: names what this request adds, and the line goes with
	                      it; 0: no object of the configuration */
	uint8_t one_of;
	enum request_access access; /* that it needs over HTTP; ACCESS_DEFAULT: the request's */
	uint16_t offset, size;
	uint16_t second, third; /* offsets of further fields, see the types */
	uint16_t fallback;
	uint64_t least, most;       /* both 0: whatever the field holds */
	const char *const *choices; /* ends with NULL */
	struct assignment sets;
};

struct command {
	uint16_t type;                      /* of the request, or an enum local_type */
	const char *path[COMMAND_PATH_MAX]; /* where it is not the request's name */
	const char *help;
	bool some; /* one of its optional arguments at least is needed */
	struct assignment sets;
	struct argument arguments[COMMAND_ARGUMENTS_MAX]; /* ends with a key of NULL */
};

/* The row of the request that it makes. */
const struct request *command_asks(const struct command *command);
/* The words that name it, "turn" "user" "add": at most COMMAND_PATH_MAX, then NULL. */
const char *const *command_words(const struct command *command);

static inline enum request_kind command_kind(const struct command *command)
{
	return command_asks(command)->kind;
}

/* A line that the control plane itself applies (config/own.h): the dataplane never sees it. */
static inline bool command_is_control(const struct command *command)
{
	return command_asks(command)->server == BY_CONTROL;
}

/* The commands of one subject, in the order of the manual. */
struct command_group {
	const char *title;
	const struct command *commands;
	uint32_t count;
};
/* Ends with NULL. */
extern const struct command_group *const command_groups[];

/* All commands in order: start with NULL, ends with NULL. */
const struct command *command_next(const struct command *command);

/* One request, ready to be sent. command NULL: an empty line or a comment. */
struct command_request {
	const struct command *command;
	uint32_t length;
	bool from_file; /* a secret in it was read from a file (`file PATH`) */
	union {
		uint64_t aligned;
		uint8_t bytes[COMMAND_BODY_MAX];
	} body;
};

/* Which word is wrong, and what was expected there. Holds no secret. */
struct command_error {
	char line[COMMAND_TEXT_MAX + 64]; /* what was written, up to and with the wrong word */
	uint32_t column; /* of the wrong word in `line`; behind its end where one is missing */
	char text[COMMAND_EXPECTED_MAX];
};

/* Any bytes up to a NUL. 0, or -EINVAL with *error filled. */
int command_parse(const char *line, struct command_request *request, struct command_error *error);

/*
 * A request of `type` with a body that came from elsewhere, made canonical as if it had been
 * written. 0; -ENOSYS: no such request; -EINVAL with *error.
 */
int command_from_body(uint16_t type, const void *body, uint32_t length,
                      struct command_request *request, struct command_error *error);

/* The DELETE of what an ADD adds. 0; -ENOTSUP: there is no such command. */
int command_take_back(const struct command_request *add, struct command_request *request);

/* The canonical words of a request. 0, -EINVAL: the body says nothing that can be written; -E2BIG:
 * nor fits `room`. */
int command_format(const struct command_request *request, bool secrets, char *text, size_t room);

/* The identity of the object that an ADD, SET, CHANGE or DELETE is about: equal for a line and what
 * changes or deletes it. */
int command_identity(const struct command_request *request, char *text, size_t room);

/* "turn relay ADDRESS ports A-B" */
void command_usage(const struct command *command, char *text, size_t room);
/* "turn user add" */
void command_path(const struct command *command, char *text, size_t room);
/* "[queues N]" as in a usage line; "queues N" without brackets. */
void argument_usage(const struct argument *argument, bool brackets, char *text, size_t room);

/* The first command of this type whose own assignments `body` has, or NULL. */
const struct command *command_of(uint16_t type, const void *body, uint32_t length);
/* The first command of this type, or NULL. */
const struct command *command_of_type(uint16_t type);

/* "turn relay 198.18.2.1 ^prots: expected: ports A-B": one line, for logs and scripts. */
void command_error_line(const struct command_error *error, char *text, size_t room);
/* The same below a copy of the words, for people at a terminal; prefix stands before the words
 * ("FILE:LINE: "). */
void command_error_caret(const struct command_error *error, const char *prefix, char *text,
                         size_t room);

/* -- integers of 1, 2, 4 or 8 bytes in a body -- */
uint64_t field_read(const void *body, uint16_t offset, uint16_t size);
void field_write(void *body, uint16_t offset, uint16_t size, uint64_t value);
/* Whether it stands in a request with this body. */
bool argument_is_given(const struct argument *argument, const void *body);
bool assignment_holds(const struct assignment *assignment, const void *body);
void assignment_make(const struct assignment *assignment, void *body);

#endif
