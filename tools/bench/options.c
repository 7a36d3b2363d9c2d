/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#define AT(member) offsetof(struct bench_options, member)

static const struct option_row rows[] = {
        {'j', "json", NULL, "one JSON object instead of a table", AT(json)},
        {'q', "quick", NULL, "each case once, in few rounds: whether it runs; no figures to quote",
         AT(quick)},
        {'V', "version", NULL, "print the version", AT(version)},
        {'h', "help", NULL, "print this help", AT(help)},
        {0},
};

const struct program_word bench_words[] = {
        [BENCH_TURN] = {"turn", "TURN relaying, requests and memory"},
        [BENCH_GATE] = {"gate", "verdicts of the gate, in XDP and in C"},
        [BENCH_REGIONS] = {"regions", "steering among 100 regions and 10,000 nodes"},
        [BENCH_SRTP] = {"srtp", "SRTP fan-out, beside the cipher alone and libsrtp2"},
        [BENCH_WEBRTC] = {"webrtc", "sessions of browsers: handshakes, memory, packets"},
        [BENCHES] = {NULL},
};

const struct program program_bench = {
        .name = "sluice-bench",
        .synopsis = "turn|gate|regions|srtp|webrtc [-j] [-q] [CASE-GLOB]",
        .summary = "measure sluice's nodes on ports that the program owns at both ends",
        .options = rows,
        .words_title = "benches",
        .words = bench_words,
        .options_anywhere = true,
};
