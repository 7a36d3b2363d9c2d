/* SPDX-License-Identifier: BSD-3-Clause */
#include "command/commands.h"
#include "command/field.h"
#include "command/local.h"
#include "common/words.h"

#include <sluice/gate.h>

#define RATE_MAX 100000000

#define LIMIT_COMMAND(word, scope_value, text)                                                     \
	{                                                                                          \
		.type = SLUICE_GATE_LIMIT_SET, .path = {"gate", "limit", word}, .help = text,      \
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

static const struct command commands[] = {
        {
                .type = SLUICE_GATE_MODE_SET,
                .help = "enforce the rules, only count what they would drop, or neither",
                .arguments =
                        {
                                {.key = "mode",
                                 .help = "enforce unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_gate_mode_set, mode),
                                 .choices = gate_mode_words},
                        },
        },
        LIMIT_COMMAND("source", SLUICE_GATE_SOURCE,
                      "unverified requests of an address, or an IPv6 /64"),
        LIMIT_COMMAND("prefix", SLUICE_GATE_PREFIX, "unverified requests of a /24, or an IPv6 /48"),
        LIMIT_COMMAND("host", SLUICE_GATE_HOST, "unverified requests of all clients together"),
        LIMIT_COMMAND("verified", SLUICE_GATE_VERIFIED,
                      "signed requests with a nonce of ours, of an address, or an IPv6 /64"),
        {
                .type = SLUICE_GATE_DENY_ADD,
                .help = "drop everything from a prefix",
                .arguments = {PREFIX_ARGUMENT},
        },
        {
                .type = SLUICE_GATE_DENY_DELETE,
                .help = "no longer",
                .arguments = {PREFIX_ARGUMENT},
        },
        {
                .type = SLUICE_GATE_TRUST_ADD,
                .help = "no limits for a prefix: a CGNAT's exits, monitoring",
                .arguments = {PREFIX_ARGUMENT},
        },
        {
                .type = SLUICE_GATE_TRUST_DELETE,
                .help = "no longer",
                .arguments = {PREFIX_ARGUMENT},
        },
        {
                .type = SLUICE_GATE_PORTS_SET,
                .help = "requests from source ports below 1024, which are other servers",
                .arguments =
                        {
                                {.key = "privileged",
                                 .help = "pass unless set",
                                 .type = ARGUMENT_CHOICE,
                                 FIELD(sluice_gate_ports, privileged),
                                 .choices = gate_ports_words},
                        },
        },
        {
                .type = SLUICE_GATE_NONCE_LIFETIME_SET,
                .help = "how long a nonce lives, and a key makes nonces",
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
                .type = SLUICE_GATE_NONCE_SECRET_SET,
                .help = "hosts with the same secret take each other's nonces",
                .arguments =
                        {
                                {.key = "secret",
                                 .help = "of the fleet: 32 random bytes or more",
                                 .advice = "`sluicectl gate nonce generate` draws them",
                                 .type = ARGUMENT_KEY,
                                 FIELD(sluice_gate_nonce_secret, secret),
                                 .second = offsetof(struct sluice_gate_nonce_secret, length),
                                 .least = SLUICE_GATE_SECRET_MIN},
                        },
        },
        {
                .type = LOCAL_NONCE,
                .help = "draws a secret for a fleet and prints it; sets nothing",
        },
        {
                .type = SLUICE_GATE_SHOW,
                .help = "what the gate is set to, and whether an attack is on",
        },
        {
                .type = SLUICE_GATE_SOURCES_SHOW,
                .help = "sources and prefixes that the gate drops most of",
        },
};

const struct command_group commands_gate = {"The gate", commands, COUNT(commands)};
