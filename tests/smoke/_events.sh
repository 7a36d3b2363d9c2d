# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Listening to events: FILE is in $WORK.

# listen FILE ARGS...: until the test ends
listen() {
	"$SLUICE_ROOT/tools/lab" ctl "${@:2}" >"$WORK/$1" 2>&1 &
	at_exit child_end $!
}
heard() { grep -q -- "$2" "$WORK/$1"; }

# Nothing is told of what was before: a port that goes and comes shows that FILE's listener listens.
flap() {
	in_peer ip link set eth0 down
	wait_for 5 heard "$1" 'port dp1 down$'
	in_peer ip link set eth0 up
	wait_for 5 heard "$1" 'port dp1 up$'
}
heard_flap() { flap "$1"; heard "$1" 'Z port dp1 down$' && heard "$1" 'Z port dp1 up$'; }
# await_listening FILE: lines, not JSON
await_listening() {
	at_exit in_peer ip link set eth0 up
	await 20 heard_flap "$1"
}
