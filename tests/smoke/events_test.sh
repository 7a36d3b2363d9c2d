#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Events: ports that go down and up, an allocation, the dataplane's end, as lines and in JSON; a listener may leave.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

# listen FILE ARGS...: until the test ends; waits until it hears
listen() {
	"$SLUICE_ROOT/tools/lab" ctl "${@:2}" >"$1" 2>&1 &
	at_exit process_end $!
}
heard() { grep -q -- "$2" "$WORK/$1"; }

listen "$WORK/lines" events
listen "$WORK/json" -j events allocations
# nothing is told of what was before; a port that goes shows that both listen
at_exit in_peer ip link set eth0 up
flap() {
	in_peer ip link set eth0 down
	wait_for 3 heard lines 'Z port dp1 down$'
	in_peer ip link set eth0 up
	wait_for 3 heard lines 'Z port dp1 up$'
}
heard_both() { flap; heard lines 'Z port dp1 down$' && heard lines 'Z port dp1 up$'; }
await 20 heard_both
await 5 heard json '"area":"port","subject":"dp1","state":"down"'

assert client_python allocate_many.py 3 1
start client /usr/bin/python3 "$SMOKE/allocate_many.py" 20 4
await 15 heard json '"area":"allocation","subject":"[0-9]*","state":"began"'
await 15 heard json '"area":"allocation","subject":"[0-9]*","state":"ended"'
heard lines ' allocation ' && fail "allocations are told to who did not ask"
jq -es 'all(.[]; .lost == 0 and (.time | endswith("Z")))' "$WORK/json" >/dev/null || fail "JSON: $(cat "$WORK/json")"

at_exit lab heal dataplane
assert lab kill dataplane
await 10 heard lines 'dataplane sluice-dataplane ended'
assert lab heal dataplane
await 20 heard lines 'dataplane sluice-dataplane began'
