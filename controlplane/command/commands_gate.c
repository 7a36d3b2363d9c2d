/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "command/local.h"

#include <sluice/gate.h>

#define RATE_MAX 100000000

static const char *const modes[] = {"off", "observe", "enforce", NULL};
static const char *const ports[] = {"pass", "drop", NULL};
static const char *const scopes[] = {"source", "prefix", "host", NULL};

#define ROW(member) FIELD(sluice_gate_row, member)
#define LIMIT(scope, member)                                                                       \
	.offset = offsetof(struct sluice_gate_row, limits) +                                       \
	          (scope) * sizeof(struct sluice_gate_limit) +                                     \
	          offsetof(struct sluice_gate_limit, member),                                      \
	.size = FIELD_SIZE(sluice_gate_limit, member)
#define LIST(list)                                                                                 \
	.offset = offsetof(struct sluice_gate_row, prefixes) + (list) * sizeof(uint32_t),          \
	.size = sizeof(uint32_t)

static const struct column gate_columns[] = {
        {"mode", "off, observe or enforce", COLUMN_CHOICE, ROW(mode), .choices = modes},
        {"xdp", "1: the XDP program holds this configuration", COLUMN_NUMBER, ROW(xdp)},
        {"source_rate", "unverified requests a second of an address", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_SOURCE, rate)},
        {"source_burst", "of them at once", COLUMN_NUMBER, LIMIT(SLUICE_GATE_SOURCE, burst)},
        {"prefix_rate", "of a /24, or an IPv6 /48", COLUMN_NUMBER, LIMIT(SLUICE_GATE_PREFIX, rate)},
        {"prefix_burst", "of them at once", COLUMN_NUMBER, LIMIT(SLUICE_GATE_PREFIX, burst)},
        {"host_rate", "of all", COLUMN_NUMBER, LIMIT(SLUICE_GATE_HOST, rate)},
        {"host_burst", "of them at once", COLUMN_NUMBER, LIMIT(SLUICE_GATE_HOST, burst)},
        {"verified_rate", "signed requests a second of an address with a nonce of ours",
         COLUMN_NUMBER, LIMIT(SLUICE_GATE_VERIFIED, rate)},
        {"verified_burst", "of them at once", COLUMN_NUMBER, LIMIT(SLUICE_GATE_VERIFIED, burst)},
        {"privileged", "source ports below 1024", COLUMN_CHOICE, ROW(privileged), .choices = ports},
        {"denied", "prefixes", COLUMN_NUMBER, LIST(SLUICE_GATE_DENY)},
        {"trusted", "prefixes", COLUMN_NUMBER, LIST(SLUICE_GATE_TRUST)},
        {"nonce_lifetime", "in seconds", COLUMN_NUMBER, ROW(nonce_lifetime_s)},
        {"nonce_shared", "1: with all hosts that have the same secret", COLUMN_NUMBER,
         ROW(nonce_shared)},
        {"host_attacked", "1: only second arrivals of unverified requests pass", COLUMN_NUMBER,
         ROW(host_attacked)},
        {"host_attacked_for", "seconds until that may be over", COLUMN_NUMBER,
         ROW(host_attacked_s)},
        {"prefixes_attacked", "in which only second arrivals pass", COLUMN_NUMBER,
         ROW(prefixes_attacked)},
        {"passed", "packets, those for the kernel among them", COLUMN_NUMBER, ROW(passed)},
        {"dropped", "packets", COLUMN_NUMBER, ROW(dropped)},
        {0},
};

static const struct reply gate_reply = {sizeof(struct sluice_gate_row), .single = true,
                                        .columns = gate_columns};

#define SOURCE(member) FIELD(sluice_gate_source_row, member)

static const struct column source_columns[] = {
        {"kind", "source or prefix", COLUMN_CHOICE, SOURCE(scope), .choices = scopes},
        {"address", "of the source or prefix", COLUMN_ADDRESS, SOURCE(addr)},
        {"length", "of the prefix", COLUMN_NUMBER, SOURCE(length)},
        {"dropped", "packets, about", COLUMN_NUMBER, SOURCE(dropped)},
        {"seen", "the last one, seconds ago", COLUMN_NUMBER, SOURCE(seen_s)},
        {0},
};

static const struct reply source_reply = {sizeof(struct sluice_gate_source_row),
                                          .columns = source_columns};

#define LIMIT_COMMAND(word, scope_value, text)                                                     \
	{                                                                                          \
		.path = {"gate", "limit", word}, .help = text, .kind = COMMAND_SET,                \
		.type = SLUICE_GATE_LIMIT_SET, .body_size = sizeof(struct sluice_gate_limit),      \
		.sets = FIELD_IS(sluice_gate_limit, scope, scope_value),                           \
		.arguments = {                                                                     \
		        {.key = "rate",                                                            \
		         .help = "requests a second; 0: no limit",                                 \
		         .type = ARGUMENT_NUMBER,                                                  \
		         FIELD(sluice_gate_limit, rate),                                           \
		         .most = RATE_MAX},                                                        \
		        {.key = "burst",                                                           \
		         .help = "so many at once",                                                \
		         .type = ARGUMENT_NUMBER,                                                  \
		         .keyword = true,                                                          \
		         FIELD(sluice_gate_limit, burst),                                          \
		         .least = 1,                                                               \
		         .most = RATE_MAX},                                                        \
		},                                                                                 \
	}

#define PREFIX_ARGUMENT                                                                            \
	{                                                                                          \
		.key = "prefix", .help = "of clients' addresses", .type = ARGUMENT_PREFIX,         \
		.identifies = true, FIELD(sluice_gate_prefix, addr),                               \
		.second = offsetof(struct sluice_gate_prefix, length),                             \
	}

#define LIST_COMMAND(list, verb, text, command_kind, own_type, deleted)                            \
	{                                                                                          \
		.path = {"gate", list, verb}, .help = text, .kind = command_kind,                  \
		.exist_ok = (command_kind) == COMMAND_ADD, .type = own_type, .deletes = deleted,   \
		.body_size = sizeof(struct sluice_gate_prefix), .arguments = {PREFIX_ARGUMENT},    \
	}

static const struct command commands[] = {
        {
                .path = {"gate", "mode"},
                .help = "enforce the rules, only count what they would drop, or neither",
                .kind = COMMAND_SET,
                .type = SLUICE_GATE_MODE_SET,
                .body_size = sizeof(struct sluice_gate_mode_set),
                .arguments =
                        {
                                {.key = "mode",
                                 .help = "enforce unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_gate_mode_set, mode),
                                 .choices = modes},
                        },
        },
        LIMIT_COMMAND("source", SLUICE_GATE_SOURCE,
                      "unverified requests of an address, or an IPv6 /64"),
        LIMIT_COMMAND("prefix", SLUICE_GATE_PREFIX, "unverified requests of a /24, or an IPv6 /48"),
        LIMIT_COMMAND("host", SLUICE_GATE_HOST, "unverified requests of all together"),
        LIMIT_COMMAND("verified", SLUICE_GATE_VERIFIED,
                      "signed requests with a nonce of ours, of an address, or an IPv6 /64"),
        LIST_COMMAND("deny", "add", "drop everything from a prefix", COMMAND_ADD,
                     SLUICE_GATE_DENY_ADD, 0),
        LIST_COMMAND("deny", "delete", "no longer", COMMAND_DELETE, SLUICE_GATE_DENY_DELETE,
                     SLUICE_GATE_DENY_ADD),
        LIST_COMMAND("trust", "add", "no limits for a prefix: a CGNAT's exits, monitoring",
                     COMMAND_ADD, SLUICE_GATE_TRUST_ADD, 0),
        LIST_COMMAND("trust", "delete", "no longer", COMMAND_DELETE, SLUICE_GATE_TRUST_DELETE,
                     SLUICE_GATE_TRUST_ADD),
        {
                .path = {"gate", "ports", "privileged"},
                .help = "requests from source ports below 1024, which are other servers",
                .kind = COMMAND_SET,
                .type = SLUICE_GATE_PORTS_SET,
                .body_size = sizeof(struct sluice_gate_ports),
                .arguments =
                        {
                                {.key = "privileged",
                                 .help = "pass unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_gate_ports, privileged),
                                 .choices = ports},
                        },
        },
        {
                .path = {"gate", "nonce", "lifetime"},
                .help = "how long a nonce lives, and a key makes nonces",
                .kind = COMMAND_SET,
                .type = SLUICE_GATE_NONCE_LIFETIME_SET,
                .body_size = sizeof(struct sluice_gate_nonce_lifetime),
                .arguments =
                        {
                                {.key = "lifetime",
                                 .help = "1 h unless set",
                                 .type = ARGUMENT_DURATION,
                                 FIELD(sluice_gate_nonce_lifetime, lifetime_s),
                                 .least = SLUICE_GATE_LIFETIME_MIN_S,
                                 .most = SLUICE_GATE_LIFETIME_MAX_S},
                        },
        },
        {
                .path = {"gate", "nonce", "secret"},
                .help = "hosts with the same secret take each other's nonces",
                .kind = COMMAND_SET,
                .type = SLUICE_GATE_NONCE_SECRET_SET,
                .body_size = sizeof(struct sluice_gate_nonce_secret),
                .arguments =
                        {
                                {.key = "secret",
                                 .help = "of the fleet: 32 bytes or more that nobody can guess",
                                 .advice = "`sluicectl gate nonce generate` draws them",
                                 .type = ARGUMENT_KEY,
                                 FIELD(sluice_gate_nonce_secret, secret),
                                 .second = offsetof(struct sluice_gate_nonce_secret, length),
                                 .least = SLUICE_GATE_SECRET_MIN},
                        },
        },
        {
                .path = {"gate", "nonce", "generate"},
                .help = "draws a secret for a fleet and prints it; sets nothing",
                .kind = COMMAND_LOCAL,
                .type = LOCAL_NONCE,
        },
        {
                .path = {"gate", "show"},
                .help = "what the gate is set to, and whether an attack is on",
                .kind = COMMAND_SHOW,
                .type = SLUICE_GATE_SHOW,
                .reply = &gate_reply,
        },
        {
                .path = {"gate", "show", "sources"},
                .help = "sources and prefixes that the gate drops most of",
                .kind = COMMAND_SHOW,
                .type = SLUICE_GATE_SOURCES_SHOW,
                .reply = &source_reply,
        },
};

const struct command_group commands_gate = {"The gate", commands, COUNT(commands)};
