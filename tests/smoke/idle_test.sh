#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Workers with nothing to do sleep on their sockets: by their own counters, whatever else the machine does. Packets and
# messages of other threads wake them.
LAB_UP=(--workers 2)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

SLEEPS=150 # of each worker, at most 20 ms long
at_exit lab down

workers() { ctl -j worker show; }
sum() { workers | jq "[.[].$1] | add"; }
slept() { workers | jq "[.[].sleeps] | min"; }

before=$(slept) cpu=$(sum cpu_ns) start=$(now_ms)
await 60 at_least $((before + SLEEPS)) slept
cpu=$(($(sum cpu_ns) - cpu)) took=$(($(now_ms) - start))
printf 'two workers: %d us of CPU in %d ms\n' $((cpu / 1000)) $took
# one per cent of a core each; a shared machine makes cold caches of each sleep, so that the bound is wider here
((cpu / 10000 <= took * 2 * 5)) || fail "two idle workers took $((cpu / 1000)) us of CPU in $took ms"

echo_start
assert_lossless -n 50 -m 4 -z 5 -c -e $PEER4 $SERVER4
