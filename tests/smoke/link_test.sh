#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The emulated link between the client and sluice: its delay, its rate, its loss, changed while it is there, and taken out again.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab link off
is_between() { awk -v value="$1" -v least="$2" -v most="$3" 'BEGIN { exit !(value >= least && value <= most) }'; }
# what the link did in a whole second in which its queue was never empty
full_seconds() { jq -s '[.[] | select(.way == "up" and .full > 0 and .queue_ms > 50)] | length' "$LAB_STATE/link.log"; }

output=$(lab link 4000 25 x 0 2>&1) && fail "a queue of x was taken"
assert_match "$output" "'x' is no number"
output=$(lab link 4000 2>&1) && fail "one value was taken"
assert_match "$output" "RATE DELAY QUEUE LOSS"
output=$(lab link 2>&1) && fail "a link that is not there has done nothing"
assert_match "$output" "there is none"

assert lab link 0 25 300 0
read -r answered least < <(client_python round_trips.py 20)
assert_equal "$answered" 20 "Bindings answered"
is_between "$least" 50 58 || fail "least round trip over twice 25 ms: $least"
echo_start
assert_lossless -n 50 -m 4 -z 20 -c -e $PEER4 $SERVER4

# 6 Mbit/s into 4
assert lab link up 4000 25 100 0
start client "$SLUICE_ROOT/tests/smoke/udp_flow.py" 198.18.1.1 9 6000 1200 6
await 20 at_least 3 full_seconds
rates=$(jq -s '[.[] | select(.way == "up" and .full > 0 and .queue_ms > 50).out_kbps] | .[1:-1] | [min, max] | join(" ")' -r "$LAB_STATE/link.log")
is_between "${rates% *}" 3900 4100 && is_between "${rates#* }" 3900 4100 || fail "least and most of a full second: $rates kbit/s"

# the flow may go on yet
assert lab link up 0 0 300 0
assert lab link down 0 0 300 50
read -r answered least < <(client_python round_trips.py 60)
is_between "$answered" 12 48 || fail "half of 60 is to be lost, and $answered came"

assert lab link off
read -r answered least < <(client_python round_trips.py 20)
assert_equal "$answered" 20 "Bindings answered"
is_between "$least" 0 20 || fail "least round trip of the plain wire: $least"
assert_lossless -n 50 -m 4 -z 20 -c -e $PEER4 $SERVER4
printf 'full seconds: %s kbit/s of 4000\n' "$rates"
