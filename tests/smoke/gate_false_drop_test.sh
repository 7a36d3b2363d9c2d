#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The gate drops nothing of what real clients send.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

dropped() {
	ctl -j counter show | jq '[.[] | select(.name | startswith("gate.")) | select(.help | startswith("dropped:")).value] | add // 0'
}

await 15 eval '[[ $(ctl -j gate show | jq .host_attacked) == 0 ]]'
before=$(dropped)
echo_start
assert_lossless -n 50 -m 5 -z 5 -l 160 -e $PEER4 $SERVER4
assert_lossless -n 50 -m 5 -z 5 -l 160 -s -c -e $PEER4 $SERVER4
assert_lossless -n 50 -m 5 -z 5 -l 160 -x -c -e $PEER6 $SERVER6
assert client_python aioice_turn.py
assert client_python errors.py
assert_equal "$(dropped)" "$before" "packets of real clients that were dropped"
