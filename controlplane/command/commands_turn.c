/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"

#include <sluice/turn.h>

#define TURN_PORT        3478 /* RFC 8656, 20 */
#define RELAY_PORT_LEAST 1024
#define USER_BYTES_MAX   508 /* RFC 8489, 14.3 */

#define ROW(member) FIELD(sluice_turn_row, member)

static const struct column turn_columns[] = {
        {"realm", "of the server", COLUMN_TEXT, ROW(realm)},
        {"listeners", "addresses that are listened on", COLUMN_NUMBER, ROW(listeners)},
        {"relays", "addresses that are relayed from", COLUMN_NUMBER, ROW(relays)},
        {"users", "with long-term credentials", COLUMN_NUMBER, ROW(users)},
        {"secrets", "of time-limited credentials", COLUMN_NUMBER, ROW(secrets)},
        {"lifetime_max", "that an allocation is granted, in seconds", COLUMN_NUMBER,
         ROW(lifetime_max_s)},
        {"quota_user", "allocations of one user; 0: any number", COLUMN_NUMBER, ROW(quota_user)},
        {"quota_host", "allocations in all; 0: any number", COLUMN_NUMBER, ROW(quota_host)},
        {"draining", "1: new allocations are turned away", COLUMN_NUMBER, ROW(draining)},
        {"quota_max_bps", "bits a second of an allocation, each direction; 0: any number",
         COLUMN_NUMBER, ROW(quota_max_bps)},
        {"allocations", "that live", COLUMN_NUMBER, ROW(allocations)},
        {"allocations_max", "that there is room for", COLUMN_NUMBER, ROW(allocations_max)},
        {"permissions", "that live", COLUMN_NUMBER, ROW(permissions)},
        {"permissions_max", "that there is room for", COLUMN_NUMBER, ROW(permissions_max)},
        {"channels", "that live", COLUMN_NUMBER, ROW(channels)},
        {"channels_max", "that there is room for", COLUMN_NUMBER, ROW(channels_max)},
        {0},
};

static const struct reply turn_reply = {sizeof(struct sluice_turn_row), .single = true,
                                        .columns = turn_columns};

static const char *const address_states[] = {"present", "absent", NULL};

#undef ROW
#define ROW(member) FIELD(sluice_turn_listen_row, member)

static const struct column listen_columns[] = {
        {"address", "that is listened on", COLUMN_ADDRESS, ROW(addr)},
        {"announce", "what is told of it, where that is another one", COLUMN_ADDRESS,
         ROW(announce)},
        {"state", "absent: no interface of a port has the address", COLUMN_CHOICE, ROW(state),
         .choices = address_states},
        {0},
};

#undef ROW
#define ROW(member) FIELD(sluice_turn_relay_row, member)

static const struct column relay_columns[] = {
        {"address", "that is relayed from", COLUMN_ADDRESS, ROW(addr)},
        {"announce", "what clients are told, where that is another one", COLUMN_ADDRESS,
         ROW(announce)},
        {"state", "absent: no interface of a port has the address", COLUMN_CHOICE, ROW(state),
         .choices = address_states},
        {"ports", "that are given out", COLUMN_TEXT, ROW(ports)},
        {"size", "how many these are", COLUMN_NUMBER, ROW(size)},
        {"used", "ports that allocations have, or have reserved", COLUMN_NUMBER, ROW(used)},
        {"outside", "of these, outside of the ranges, until their allocations end", COLUMN_NUMBER,
         ROW(outside)},
        {0},
};

static const struct reply listen_reply = {sizeof(struct sluice_turn_listen_row),
                                          .none = "nothing is listened on",
                                          .columns = listen_columns};
static const struct reply relay_reply = {sizeof(struct sluice_turn_relay_row),
                                         .none = "nothing is relayed from",
                                         .columns = relay_columns};

#define LISTEN_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "address", .help = "to listen on; port 3478 unless given",                  \
		.type = ARGUMENT_ENDPOINT, .identifies = true, .fallback = TURN_PORT,              \
		FIELD(sluice_turn_listen, addr),                                                   \
	}
#define RELAY_ARGUMENT                                                                             \
	{                                                                                          \
		.key = "address", .help = "to relay from", .type = ARGUMENT_ADDRESS,               \
		.identifies = true, FIELD(sluice_turn_relay, addr),                                \
	}
#define ANNOUNCE_ARGUMENT(body)                                                                    \
	{                                                                                          \
		.key = "announce", .help = "what clients are told instead: a NAT's outside",       \
		.type = ARGUMENT_ADDRESS, .keyword = true, .optional = true,                       \
		FIELD(body, announce),                                                             \
	}
#define END_ARGUMENT(body)                                                                         \
	{                                                                                          \
		.key = "end", .help = "end what it has allocated, at once", .type = ARGUMENT_FLAG, \
		.keyword = true, .optional = true, FIELD(body, end),                               \
	}
#define USER_ARGUMENT                                                                              \
	{                                                                                          \
		.key = "name", .meta = "NAME", .help = "of the user", .type = ARGUMENT_WORD,       \
		.identifies = true, .most = USER_BYTES_MAX, FIELD(sluice_turn_user, name),         \
	}
#define SECRET_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "secret", .help = "shared with who makes the credentials",                  \
		.type = ARGUMENT_SECRET, .identifies = true, FIELD(sluice_turn_secret, secret),    \
	}
#define PEER_ARGUMENT                                                                              \
	{                                                                                          \
		.key = "prefix", .help = "of peers' addresses", .type = ARGUMENT_PREFIX,           \
		.identifies = true, FIELD(sluice_turn_peer, addr),                                 \
		.second = offsetof(struct sluice_turn_peer, length),                               \
	}
#define QUOTA_ARGUMENT(word, member, text, greatest)                                               \
	{                                                                                          \
		.key = word, .help = text, .type = ARGUMENT_NUMBER, .keyword = true,               \
		.optional = true, FIELD(sluice_turn_quota, member), .most = greatest,              \
	}

static const struct command commands[] = {
        {
                .path = {"turn", "listen"},
                .help = "serve TURN at an address",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .type = SLUICE_TURN_LISTEN_ADD,
                .body_size = sizeof(struct sluice_turn_listen),
                .arguments = {LISTEN_ARGUMENT, ANNOUNCE_ARGUMENT(sluice_turn_listen)},
        },
        {
                .path = {"turn", "listen", "delete"},
                .help = "no longer serve there; ends the allocations made there",
                .kind = COMMAND_DELETE,
                .type = SLUICE_TURN_LISTEN_DELETE,
                .deletes = SLUICE_TURN_LISTEN_ADD,
                .body_size = sizeof(struct sluice_turn_listen),
                .arguments = {LISTEN_ARGUMENT},
        },
        {
                .path = {"turn", "listen", "show"},
                .help = "where TURN is served",
                .kind = COMMAND_SHOW,
                .type = SLUICE_TURN_LISTEN_SHOW,
                .reply = &listen_reply,
        },
        {
                .path = {"turn", "realm"},
                .help = "the realm that credentials belong to",
                .kind = COMMAND_SET,
                .type = SLUICE_TURN_REALM_SET,
                .body_size = sizeof(struct sluice_turn_realm),
                .arguments =
                        {
                                {.key = "realm",
                                 .meta = "NAME",
                                 .help = "4 letters keep the first answer smallest",
                                 .type = ARGUMENT_WORD,
                                 FIELD(sluice_turn_realm, realm)},
                        },
        },
        {
                .path = {"turn", "relay"},
                .help = "relay from an address, from random ports of up to 4 ranges",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .type = SLUICE_TURN_RELAY_ADD,
                .body_size = sizeof(struct sluice_turn_relay),
                .arguments =
                        {
                                RELAY_ARGUMENT,
                                {.key = "ports",
                                 .help = "1024 or more; others than before end no allocation",
                                 .type = ARGUMENT_PORTS,
                                 .keyword = true,
                                 .least = RELAY_PORT_LEAST,
                                 .most = SLUICE_TURN_RANGES_MAX,
                                 FIELD(sluice_turn_relay, first_port)},
                                ANNOUNCE_ARGUMENT(sluice_turn_relay),
                        },
        },
        {
                .path = {"turn", "relay", "delete"},
                .help = "no longer relay from there; ends its allocations",
                .kind = COMMAND_DELETE,
                .type = SLUICE_TURN_RELAY_DELETE,
                .deletes = SLUICE_TURN_RELAY_ADD,
                .body_size = sizeof(struct sluice_turn_relay),
                .arguments = {RELAY_ARGUMENT},
        },
        {
                .path = {"turn", "relay", "show"},
                .help = "what is relayed from",
                .kind = COMMAND_SHOW,
                .type = SLUICE_TURN_RELAY_SHOW,
                .reply = &relay_reply,
        },
        {
                .path = {"turn", "user", "add"},
                .help = "a user with a password; changes the password of one that is there",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .type = SLUICE_TURN_USER_ADD,
                .body_size = sizeof(struct sluice_turn_user),
                .arguments =
                        {
                                USER_ARGUMENT,
                                {.key = "password",
                                 .help = "of the user",
                                 .type = ARGUMENT_SECRET,
                                 .keyword = true,
                                 FIELD(sluice_turn_user, password)},
                        },
        },
        {
                .path = {"turn", "user", "delete"},
                .help = "allow this user nothing new; what he has allocated may be refreshed",
                .kind = COMMAND_DELETE,
                .type = SLUICE_TURN_USER_DELETE,
                .deletes = SLUICE_TURN_USER_ADD,
                .body_size = sizeof(struct sluice_turn_user),
                .arguments = {USER_ARGUMENT, END_ARGUMENT(sluice_turn_user)},
        },
        {
                .path = {"turn", "secret", "add"},
                .help = "a secret of time-limited credentials; several are valid at once",
                .kind = COMMAND_ADD,
                .type = SLUICE_TURN_SECRET_ADD,
                .body_size = sizeof(struct sluice_turn_secret),
                .arguments = {SECRET_ARGUMENT},
        },
        {
                .path = {"turn", "secret", "delete"},
                .help = "credentials under this secret are no longer valid",
                .kind = COMMAND_DELETE,
                .type = SLUICE_TURN_SECRET_DELETE,
                .deletes = SLUICE_TURN_SECRET_ADD,
                .body_size = sizeof(struct sluice_turn_secret),
                .arguments = {SECRET_ARGUMENT, END_ARGUMENT(sluice_turn_secret)},
        },
        {
                .path = {"turn", "peer", "allow"},
                .help = "relay to peers in a prefix, special-purpose or not",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .type = SLUICE_TURN_PEER_ADD,
                .body_size = sizeof(struct sluice_turn_peer),
                .sets = FIELD_IS(sluice_turn_peer, action, SLUICE_TURN_PEER_ALLOW),
                .arguments = {PEER_ARGUMENT},
        },
        {
                .path = {"turn", "peer", "deny"},
                .help = "never relay to peers in a prefix; wins over an equal allow",
                .kind = COMMAND_ADD,
                .exist_ok = true,
                .type = SLUICE_TURN_PEER_ADD,
                .body_size = sizeof(struct sluice_turn_peer),
                .sets = FIELD_IS(sluice_turn_peer, action, SLUICE_TURN_PEER_DENY),
                .arguments = {PEER_ARGUMENT},
        },
        {
                .path = {"turn", "peer", "delete"},
                .help = "forget what was said about a prefix",
                .kind = COMMAND_DELETE,
                .type = SLUICE_TURN_PEER_DELETE,
                .deletes = SLUICE_TURN_PEER_ADD,
                .body_size = sizeof(struct sluice_turn_peer),
                .arguments = {PEER_ARGUMENT},
        },
        {
                .path = {"turn", "lifetime"},
                .help = "how long an allocation lives at most without a refresh",
                .kind = COMMAND_SET,
                .type = SLUICE_TURN_LIFETIME_SET,
                .body_size = sizeof(struct sluice_turn_lifetime),
                .arguments =
                        {
                                {.key = "max",
                                 .meta = "SECONDS",
                                 .help = "3600 unless set",
                                 .type = ARGUMENT_DURATION,
                                 .keyword = true,
                                 FIELD(sluice_turn_lifetime, max_s),
                                 .least = 600,
                                 .most = 86400},
                        },
        },
        {
                .path = {"turn", "quota"},
                .help = "limits; what is left out, or 0, is unlimited",
                .kind = COMMAND_SET,
                .some = true,
                .type = SLUICE_TURN_QUOTA_SET,
                .body_size = sizeof(struct sluice_turn_quota),
                .arguments =
                        {
                                QUOTA_ARGUMENT("user", user, "allocations of one user", UINT32_MAX),
                                QUOTA_ARGUMENT("host", host, "allocations in all", UINT32_MAX),
                                QUOTA_ARGUMENT("max-bps", max_bps,
                                               "bits a second of IP payload of one allocation, "
                                               "each direction",
                                               1000000000000),
                        },
        },
        {
                .path = {"turn", "show"},
                .help = "what the TURN server is set to and holds",
                .kind = COMMAND_SHOW,
                .type = SLUICE_TURN_SHOW,
                .reply = &turn_reply,
        },
};

const struct command_group commands_turn = {"TURN", commands, COUNT(commands)};
