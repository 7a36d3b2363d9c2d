#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A control plane that ends cleanly says so: a last beat, and "stop" behind it; it does so at once where its Redis is away or stuck.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

control_pid() { at a -j version | jq '.[] | select(.program == "sluice-controlplane").pid'; }
beat_seq() { redis a --raw HGET 'sluice:{a}:node:a1' seq; }
state() { at b -j node show | jq -r '.[] | select(.id == "a1").state'; }
# stop SECONDS: ends within them
stop() {
	local pid
	pid=$(control_pid)
	[[ $pid =~ ^[1-9][0-9]*$ ]] || fail "no control plane: '$pid'"
	kill -TERM "$pid"
	await "$1" process_gone "$pid"
}
told() { grep -qx "$1 a1" "$WORK/told"; }

at_exit lab heal a
await 15 all_healthy
"$SLUICE_ROOT/tools/lab" exec a/dp stdbuf -oL redis-cli --raw SUBSCRIBE 'sluice:{a}:events' >"$WORK/told" 2>&1 &
at_exit child_end $!
await 5 grep -qx subscribe "$WORK/told"
before=$(beat_seq)
stop 2
await 2 told stop
(($(beat_seq) > before)) || fail "no last beat: seq $(beat_seq) after $before"
await_equal 2 stopped state
[[ $(steer b moved) != a ]] || fail "b steers to a"
assert_equal "$(grep -cx 'stop a1' "$WORK/told")" 1 "stops that were told"
assert lab heal controlplane a
await_equal 5 active state
await 15 all_healthy

# a Redis that is stuck holds up no stop
server=$(redis a --raw INFO server | tr -d '\r' | sed -n 's/^process_id://p')
kill -STOP "$server"
at_exit kill -CONT "$server"
stop 1
kill -CONT "$server"
assert lab heal controlplane a
await 15 all_healthy
