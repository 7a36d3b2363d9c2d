#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Other ports for a relay under traffic, wider, elsewhere, several ranges: no allocation ends and nothing is lost.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl turn relay 198.18.2.1 ports 49152-65535
echo_start
await_equal 5 0 allocations
assert ctl turn relay 198.18.2.1 ports 50000-50999
coproc STEADY { exec 2>"$WORK/steady"; client_python steady.py 5 198.18.2.2 3480; }
read -r -t 30 line <&"${STEADY[0]}" || fail "no clients: $(cat "$WORK/steady")"
assert_equal "$line" ready
ports() { ctl -j allocation show | jq -r '.[].relayed' | sort | tr '\n' ' '; }
held=$(ports)

log_mark
for range in 40000-65535 2000-2099 3000-3099,40000-40003,65535-65535; do
	assert ctl turn relay 198.18.2.1 ports $range
	assert_equal "$(allocations)" 5 "allocations after $range"
	assert_equal "$(ports)" "$held" "relayed addresses after $range"
	assert_match "$(ctl config show)" "turn relay 198.18.2.1 ports $range"
	assert client_python relay_port.py "$range"
done
assert_match "$(log_since)" "5 ports outside of its new ranges are in use"
echo >&"${STEADY[1]}"
read -r -t 30 sent lost <&"${STEADY[0]}" || fail "the clients died: $(cat "$WORK/steady")"
printf '5 clients: %s sent, %s lost\n' "$sent" "$lost"
((sent > 50 && lost == 0)) || fail "$lost of $sent lost"
