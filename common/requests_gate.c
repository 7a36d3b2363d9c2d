/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/request.h"
#include "common/words.h"

#include <sluice/gate.h>

#include <gate_state.h>

#define GATE(member) FIELD(sluice_gate_row, member)
#define LIMIT(scope, member)                                                                       \
	.offset = offsetof(struct sluice_gate_row, limits) +                                       \
	          (scope) * sizeof(struct sluice_gate_limit) +                                     \
	          offsetof(struct sluice_gate_limit, member),                                      \
	.size = FIELD_SIZE(sluice_gate_limit, member)
#define LIST(list)                                                                                 \
	.offset = offsetof(struct sluice_gate_row, prefixes) + (list) * sizeof(uint32_t),          \
	.size = sizeof(uint32_t)

static const struct column gate_columns[] = {
        {"mode", "what the gate does with what its rules would drop", COLUMN_CHOICE, GATE(mode),
         .choices = gate_mode_words, .metric = "sluice_gate_mode",
         .metric_help = "1 for the mode that the gate is in", .form = METRIC_STATES},
        {"xdp", "1: the XDP program holds the configuration", COLUMN_NUMBER, GATE(xdp),
         .metric = "sluice_gate_xdp"},
        {"source_rate", "unverified requests a second of an address", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_SOURCE, rate)},
        {"source_burst", "unverified requests of an address at once", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_SOURCE, burst)},
        {"prefix_rate", "unverified requests a second of a /24, or an IPv6 /48", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_PREFIX, rate)},
        {"prefix_burst", "unverified requests of a /24, or an IPv6 /48, at once", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_PREFIX, burst)},
        {"host_rate", "unverified requests a second of all clients", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_HOST, rate)},
        {"host_burst", "unverified requests of all clients at once", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_HOST, burst)},
        {"verified_rate", "signed requests a second of an address with a nonce of ours",
         COLUMN_NUMBER, LIMIT(SLUICE_GATE_VERIFIED, rate)},
        {"verified_burst", "signed requests of an address at once", COLUMN_NUMBER,
         LIMIT(SLUICE_GATE_VERIFIED, burst)},
        {"privileged", "requests from source ports below 1024", COLUMN_CHOICE, GATE(privileged),
         .choices = gate_ports_words},
        {"denied", "prefixes that everything is dropped from", COLUMN_NUMBER,
         LIST(SLUICE_GATE_DENY)},
        {"trusted", "prefixes without a limit", COLUMN_NUMBER, LIST(SLUICE_GATE_TRUST)},
        {"nonce_lifetime", "of a nonce", COLUMN_NUMBER, GATE(nonce_lifetime_s), .unit = "seconds"},
        {"nonce_shared", "1: with all hosts that have the same secret", COLUMN_NUMBER,
         GATE(nonce_shared)},
        {"host_attacked", "1: only second arrivals of unverified requests pass", COLUMN_NUMBER,
         GATE(host_attacked), .metric = "sluice_gate_host_attacked"},
        {"host_attacked_for", "seconds until that may be over", COLUMN_NUMBER,
         GATE(host_attacked_s)},
        {"prefixes_attacked", "prefixes of which only second arrivals pass", COLUMN_NUMBER,
         GATE(prefixes_attacked), .metric = "sluice_gate_prefixes_attacked"},
        {"passed", "packets that the gate passed, those for the kernel among them", COLUMN_NUMBER,
         GATE(passed), .counter = true, .unit = "packets", .metric = "sluice_gate_passed_total"},
        {"dropped", "packets that the gate dropped", COLUMN_NUMBER, GATE(dropped), .counter = true,
         .unit = "packets", .metric = "sluice_gate_dropped_total"},
        {0},
};

static const struct reply gate_reply = {REPLY(sluice_gate_row, gate_columns), .single = true};

#define SOURCE(member) FIELD(sluice_gate_source_row, member)

static const struct column source_columns[] = {
        {"kind", "what is limited", COLUMN_CHOICE, SOURCE(scope), .choices = gate_scope_words},
        {"address", "of the source or prefix", COLUMN_ADDRESS, SOURCE(addr)},
        {"length", "of the prefix", COLUMN_NUMBER, SOURCE(length)},
        {"dropped", "packets, about", COLUMN_NUMBER, SOURCE(dropped)},
        {"seen", "seconds since the last packet", COLUMN_NUMBER, SOURCE(seen_s)},
        {0},
};

static const struct reply source_reply = {REPLY(sluice_gate_source_row, source_columns),
                                          .none = "no source is remembered"};

static const struct request requests[] = {
        REQUEST(SLUICE_GATE_LIMIT_SET, {"gate", "limit"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_gate_limit)),
        REQUEST(SLUICE_GATE_DENY_ADD, {"gate", "deny", "add"}, REQUEST_ADD, BY_CONTROL,
                .exist_ok = true, BODY(sluice_gate_prefix)),
        REQUEST(SLUICE_GATE_DENY_DELETE, {"gate", "deny", "delete"}, REQUEST_DELETE, BY_CONTROL,
                .deletes = SLUICE_GATE_DENY_ADD, BODY(sluice_gate_prefix)),
        REQUEST(SLUICE_GATE_TRUST_ADD, {"gate", "trust", "add"}, REQUEST_ADD, BY_CONTROL,
                .exist_ok = true, BODY(sluice_gate_prefix)),
        REQUEST(SLUICE_GATE_TRUST_DELETE, {"gate", "trust", "delete"}, REQUEST_DELETE, BY_CONTROL,
                .deletes = SLUICE_GATE_TRUST_ADD, BODY(sluice_gate_prefix)),
        REQUEST(SLUICE_GATE_PORTS_SET, {"gate", "ports", "privileged"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_gate_ports)),
        REQUEST(SLUICE_GATE_MODE_SET, {"gate", "mode"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_gate_mode_set)),
        REQUEST(SLUICE_GATE_NONCE_LIFETIME_SET, {"gate", "nonce", "lifetime"}, REQUEST_SET,
                BY_CONTROL, BODY(sluice_gate_nonce_lifetime)),
        REQUEST(SLUICE_GATE_NONCE_SECRET_SET, {"gate", "nonce", "secret"}, REQUEST_SET, BY_CONTROL,
                BODY(sluice_gate_nonce_secret)),
        /* From the control plane, which has compiled it. */
        REQUEST(SLUICE_GATE_SET, {"gate", "set"}, REQUEST_ACT, BY_DIRECT, BODY(gate_compiled)),
        /* The control plane's where XDP decides, the dataplane's where it alone does. */
        REQUEST(SLUICE_GATE_SHOW, {"gate", "show"}, REQUEST_SHOW, BY_BOTH, .reply = &gate_reply),
        REQUEST(SLUICE_GATE_SOURCES_SHOW, {"gate", "show", "sources"}, REQUEST_SHOW, BY_CONTROL,
                .reply = &source_reply),
};

const struct request_table requests_gate = REQUEST_TABLE(requests);
