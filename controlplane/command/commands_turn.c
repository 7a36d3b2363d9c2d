/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "common/words.h"

#include <sluice/turn.h>

#define TURN_PORT        3478 /* RFC 8656, 20 */
#define RELAY_PORT_LEAST 1024
#define USER_BYTES_MAX   508 /* RFC 8489, 14.3 */

#define LISTEN_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "address", .help = "to listen on; port 3478 unless given",                  \
		.type = ARGUMENT_ENDPOINT, .identifies = true, .fallback = TURN_PORT,              \
		FIELD(sluice_turn_listen, addr),                                                   \
	}
#define TRANSPORT_ARGUMENT                                                                         \
	{                                                                                          \
		.key = "transport", .help = "by which clients come; udp unless given",             \
		.type = ARGUMENT_CHOICE, .optional = true, .identifies = true,                     \
		.choices = transport_words, FIELD(sluice_turn_listen, transport),                  \
	}
#define STREAM_ARGUMENT(word, member, sort, text, smallest, greatest)                              \
	{                                                                                          \
		.key = word, .help = text, .type = sort, .keyword = true, .optional = true,        \
		FIELD(sluice_turn_stream, member), .least = smallest, .most = greatest,            \
	}
#define CERTIFICATE_ARGUMENT                                                                       \
	{                                                                                          \
		.key = "file", .meta = "FILE",                                                     \
		.help = "the certificate, those that vouch for it behind it, in PEM",              \
		.type = ARGUMENT_WORD, .identifies = true, .most = SLUICE_TURN_FILE_MAX - 1,       \
		FIELD(sluice_turn_certificate, file),                                              \
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
		.key = "secret", .help = "shared with the service that makes the credentials",     \
		.type = ARGUMENT_SECRET, .identifies = true, FIELD(sluice_turn_secret, secret),    \
	}
#define DISCOVERY_ARGUMENT                                                                         \
	{                                                                                          \
		.key = "address", .help = "that clients ask first", .type = ARGUMENT_ENDPOINT,     \
		.identifies = true, .fallback = TURN_PORT, FIELD(sluice_turn_discovery, addr),     \
	}
#define PROXY_ARGUMENT                                                                             \
	{                                                                                          \
		.key = "proxy",                                                                    \
		.help = "only proxies connect, and say for whom (PROXY protocol, version 2)",      \
		.type = ARGUMENT_PREFIX, .keyword = true, .optional = true,                        \
		FIELD(sluice_turn_listen, proxy),                                                  \
		.second = offsetof(struct sluice_turn_listen, proxy_length),                       \
		.sets = FIELD_IS(sluice_turn_listen, proxied, 1),                                  \
	}
#define REALM_ARGUMENT(body, text, ...)                                                            \
	{                                                                                          \
		.key = "realm", .meta = "NAME", .help = text, .type = ARGUMENT_WORD,               \
		.keyword = true, .optional = true, FIELD(body, realm), __VA_ARGS__                 \
	}
/* part of what the line is of, and gone with the realm */
#define OF_REALM(body, text)                                                                       \
	REALM_ARGUMENT(body, text, .identifies = true, .hangs_on = SLUICE_TURN_REALM_ADD)
#define REALM_NAME_ARGUMENT                                                                        \
	{                                                                                          \
		.key = "realm", .meta = "NAME", .help = "beside that of `turn realm`",             \
		.type = ARGUMENT_WORD, .identifies = true, FIELD(sluice_turn_realm, realm),        \
	}
#define PEER_ARGUMENT                                                                              \
	{                                                                                          \
		.key = "prefix", .help = "of peers' addresses", .type = ARGUMENT_PREFIX,           \
		.identifies = true, FIELD(sluice_turn_peer, addr),                                 \
		.second = offsetof(struct sluice_turn_peer, length),                               \
	}
#define QUOTA_ARGUMENT(word, member, flag, text, greatest)                                         \
	{                                                                                          \
		.key = word, .help = text, .type = ARGUMENT_NUMBER, .keyword = true,               \
		.optional = true, FIELD(sluice_turn_quota, member), .most = greatest,              \
		.sets = FIELD_IS(sluice_turn_quota, flag, 1),                                      \
	}

static const char *const algorithms_words[] = {"asked", "always", NULL};

static const struct command commands[] = {
        {
                .type = SLUICE_TURN_LISTEN_ADD,
                .help = "serve TURN at an address",
                .arguments = {LISTEN_ARGUMENT, TRANSPORT_ARGUMENT,
                              ANNOUNCE_ARGUMENT(sluice_turn_listen), PROXY_ARGUMENT,
                              REALM_ARGUMENT(sluice_turn_listen,
                                             "of its clients; that of `turn realm` unless given",
                                             .hangs_on = SLUICE_TURN_REALM_ADD)},
        },
        {
                .type = SLUICE_TURN_LISTEN_DELETE,
                .help = "no longer serve there; ends the allocations made there",
                .arguments = {LISTEN_ARGUMENT, TRANSPORT_ARGUMENT},
        },
        {
                .type = SLUICE_TURN_LISTEN_SHOW,
                .help = "where TURN is served",
        },
        {
                .type = SLUICE_TURN_REALM_SET,
                .help = "the realm that credentials belong to",
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
                .type = SLUICE_TURN_REALM_ADD,
                .help = "another realm, a tenant's: listeners, users, secrets, peers and quotas "
                        "may name it",
                .arguments = {REALM_NAME_ARGUMENT},
        },
        {
                .type = SLUICE_TURN_REALM_DELETE,
                .help = "no longer have this realm, its users, secrets, peers and quotas; no "
                        "listener may name it",
                .arguments = {REALM_NAME_ARGUMENT},
        },
        {
                .type = SLUICE_TURN_REALM_SHOW,
                .help = "the realms, and what each has",
        },
        {
                .type = SLUICE_TURN_RELAY_ADD,
                .help = "relay from an address, from random ports of up to 4 ranges",
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
                .type = SLUICE_TURN_RELAY_DELETE,
                .help = "no longer relay from there; ends its allocations",
                .arguments = {RELAY_ARGUMENT},
        },
        {
                .type = SLUICE_TURN_RELAY_SHOW,
                .help = "what is relayed from",
        },
        {
                .type = SLUICE_TURN_USER_ADD,
                .help = "a user with a password; changes the password of one that is there",
                .arguments =
                        {
                                USER_ARGUMENT,
                                {.key = "password",
                                 .help = "of the user",
                                 .type = ARGUMENT_SECRET,
                                 .keyword = true,
                                 .one_of = 1,
                                 .sets = FIELD_IS(sluice_turn_user, keyed, 0),
                                 FIELD(sluice_turn_user, password)},
                                {.key = "key",
                                 .meta = "0xHEX",
                                 .help = "MD5 of NAME:REALM:PASSWORD, as `turnadmin -k` prints it, "
                                         "or its SHA-256, or both with a comma between them; "
                                         "valid under that realm alone",
                                 .type = ARGUMENT_SECRET,
                                 .keyword = true,
                                 .one_of = 1,
                                 .sets = FIELD_IS(sluice_turn_user, keyed, 1),
                                 FIELD(sluice_turn_user, password)},
                                OF_REALM(sluice_turn_user, "of the user"),
                        },
        },
        {
                .type = SLUICE_TURN_USER_DELETE,
                .help = "allow this user nothing new; its allocations may be refreshed",
                .arguments = {USER_ARGUMENT, END_ARGUMENT(sluice_turn_user),
                              OF_REALM(sluice_turn_user, "of the user")},
        },
        {
                .type = SLUICE_TURN_SECRET_ADD,
                .help = "a secret of time-limited credentials; several are valid at once",
                .arguments = {SECRET_ARGUMENT, OF_REALM(sluice_turn_secret, "of the credentials")},
        },
        {
                .type = SLUICE_TURN_SECRET_DELETE,
                .help = "credentials under this secret are no longer valid",
                .arguments = {SECRET_ARGUMENT, END_ARGUMENT(sluice_turn_secret),
                              OF_REALM(sluice_turn_secret, "of the credentials")},
        },
        {
                .path = {"turn", "peer", "allow"},
                .help = "relay to peers in a prefix, special-purpose or not",
                .type = SLUICE_TURN_PEER_ADD,
                .sets = FIELD_IS(sluice_turn_peer, action, SLUICE_TURN_PEER_ALLOW),
                .arguments = {PEER_ARGUMENT, OF_REALM(sluice_turn_peer, "whose clients alone")},
        },
        {
                .path = {"turn", "peer", "deny"},
                .help = "never relay to peers in a prefix; wins over an equal allow",
                .type = SLUICE_TURN_PEER_ADD,
                .sets = FIELD_IS(sluice_turn_peer, action, SLUICE_TURN_PEER_DENY),
                .arguments = {PEER_ARGUMENT, OF_REALM(sluice_turn_peer, "whose clients alone")},
        },
        {
                .type = SLUICE_TURN_PEER_DELETE,
                .help = "forget the rule for a prefix",
                .arguments = {PEER_ARGUMENT, OF_REALM(sluice_turn_peer, "whose clients alone")},
        },
        {
                .type = SLUICE_TURN_LIFETIME_SET,
                .help = "how long an allocation lives at most without a refresh",
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
                .type = SLUICE_TURN_MOBILITY_SET,
                .help = "whether clients that ask for it keep their allocation while their "
                        "address changes (RFC 8016)",
                .arguments =
                        {
                                {.key = "on",
                                 .help = "off unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_turn_mobility, on),
                                 .choices = switch_words},
                        },
        },
        {
                .type = SLUICE_TURN_ALGORITHMS_SET,
                .help = "when a challenge offers SHA-256, and names by their hash (RFC 8489)",
                .arguments =
                        {
                                {.key = "when",
                                 .help = "asked unless set: to requests that show that their "
                                         "client knows of it; always: to each, in 28 bytes more",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_turn_algorithms, always),
                                 .choices = algorithms_words},
                        },
        },
        {
                .type = SLUICE_TURN_DISCOVERY_ADD,
                .help = "clients may find out how their NAT behaves (RFC 5780), at two addresses "
                        "and, with their ports exchanged, two more; listeners are at all four",
                .arguments =
                        {
                                DISCOVERY_ARGUMENT,
                                {.key = "other",
                                 .help = "of another address and another port",
                                 .type = ARGUMENT_ENDPOINT,
                                 .keyword = true,
                                 .fallback = TURN_PORT,
                                 FIELD(sluice_turn_discovery, other)},
                        },
        },
        {
                .type = SLUICE_TURN_DISCOVERY_DELETE,
                .help = "answer Binding as before",
                .arguments = {DISCOVERY_ARGUMENT},
        },
        {
                .type = SLUICE_TURN_QUOTA_SET,
                .help = "limits; what is left out stays as it is, 0 is unlimited",
                .some = true,
                .arguments =
                        {
                                QUOTA_ARGUMENT("user", user, user_given, "allocations of one user",
                                               UINT32_MAX),
                                QUOTA_ARGUMENT("host", host, host_given, "allocations in all",
                                               UINT32_MAX),
                                QUOTA_ARGUMENT("max-bps", max_bps, max_bps_given,
                                               "bits a second of IP payload of one allocation, "
                                               "each direction",
                                               1000000000000),
                                QUOTA_ARGUMENT("bps-capacity", capacity_bps, capacity_given,
                                               "bits a second that all relay together in one "
                                               "direction; new allocations are turned away "
                                               "while it is reached",
                                               1000000000000000),
                                OF_REALM(sluice_turn_quota,
                                         "to which it applies; its user and max-bps are the "
                                         "server's unless given"),
                        },
        },
        {
                .type = SLUICE_TURN_STREAM_SET,
                .help = "bounds of clients that come by TCP, TLS and DTLS; what is left out has "
                        "its "
                        "default",
                .some = true,
                .arguments =
                        {
                                STREAM_ARGUMENT("source", source, ARGUMENT_NUMBER,
                                                "connections of one address (IPv6 /64); 1000", 1,
                                                1000000),
                                STREAM_ARGUMENT("handshakes", handshakes, ARGUMENT_NUMBER,
                                                "TLS handshakes that one address begins in a "
                                                "second; 50",
                                                1, 1000),
                                STREAM_ARGUMENT("first", first_s, ARGUMENT_DURATION,
                                                "seconds from a connection to an allocation; 20", 1,
                                                3600),
                                STREAM_ARGUMENT("idle", idle_s, ARGUMENT_DURATION,
                                                "seconds without an allocation and a word; 60", 1,
                                                86400),
                                STREAM_ARGUMENT("queue", queue, ARGUMENT_NUMBER,
                                                "bytes that wait until one client reads; what "
                                                "comes then is dropped; 262144",
                                                16384, 16777216),
                        },
        },
        {
                .type = SLUICE_TURN_CERTIFICATE_ADD,
                .help = "a certificate for TLS; its files are read again when they change",
                .arguments =
                        {
                                CERTIFICATE_ARGUMENT,
                                {.key = "key",
                                 .meta = "FILE",
                                 .help = "its private key, in PEM",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .most = SLUICE_TURN_FILE_MAX - 1,
                                 FIELD(sluice_turn_certificate, key)},
                                {.key = "name",
                                 .meta = "SNI",
                                 .help = "that clients ask for; those in the certificate unless "
                                         "given",
                                 .type = ARGUMENT_WORD,
                                 .keyword = true,
                                 .optional = true,
                                 .most = SLUICE_TURN_NAME_MAX - 1,
                                 FIELD(sluice_turn_certificate, name)},
                        },
        },
        {
                .type = SLUICE_TURN_CERTIFICATE_DELETE,
                .help = "no longer show this certificate; connections stay",
                .arguments = {CERTIFICATE_ARGUMENT},
        },
        {
                .type = SLUICE_TURN_CERTIFICATE_SHOW,
                .help = "the certificates in force; the first one is for who asks for none of them",
        },
        {
                .type = SLUICE_TURN_SHOW,
                .help = "what the TURN server is set to and holds",
        },
};

const struct command_group commands_turn = {"TURN", commands, COUNT(commands)};
