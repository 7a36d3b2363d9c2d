#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel loses every buffer that it had for the ports: packets come and none is received. Each port notices, says so
# and is opened again; allocations stay, what was lost is counted, and nothing is lost any more.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab down
dataplane_pid() { ctl -j version | jq '.[] | select(.program == "sluice-dataplane").pid'; }
port_sum() { ctl -j port show | jq "[.[].$1] | add"; }
ids() { ctl -j allocation show | jq -r '.[].id' | sort; }
echoed() { client_python echo.py 198.18.2.2 3480; }

echo_start
coproc STEADY { exec 2>"$WORK/steady"; client_python steady.py 1 198.18.2.2 3480; }
read -r -t 30 _ <&"${STEADY[0]}" || fail "no clients: $(cat "$WORK/steady")"
held=$(ids)
assert echoed
missed=$(port_sum rx_missed)
log_mark
assert_equal "$(dp_python fill_ring_spoil.py "$(dataplane_pid)")" 2 "sockets whose buffers were taken"
echoed && fail "the port still receives: nothing is tested"

await 20 echoed
for port in dp0 dp1; do
	assert_match "$(log_since)" "port $port queue 0: packets come and the kernel has no buffer for them"
	assert_match "$(log_since)" "port $port: opened again: 1 queue"
done
(($(port_sum rx_missed) > missed)) || fail "packets that were lost are not counted"
assert_equal "$(ids | grep -cxF "$held")" 1 "allocations that stayed"
echo >&"${STEADY[1]}"
read -r -t 60 sent lost <&"${STEADY[0]}" || fail "the clients died: $(cat "$WORK/steady")"
((lost < sent)) || fail "none of the clients' packets came back"
assert_lossless -n 50 -m 4 -z 5 -c -e $PEER4 $SERVER4
