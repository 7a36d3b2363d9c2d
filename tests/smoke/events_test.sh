#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Events: ports that go down and up, an allocation, a drain, the dataplane's end, as lines and in JSON; a listener may leave.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

# shellcheck source=tests/smoke/_events.sh
. "$SMOKE/_events.sh"

value() { in_dp curl -s -m 5 -H 'Authorization: Bearer lab' http://127.0.0.1:8080/metrics | sed -n "s/^$1 //p"; }

listen lines events
listen both events allocations
listen json -j events allocations
await_listening lines
await_listening both
await 5 heard json '"area":"port","subject":"dp1","state":"down"'

assert client_python allocate_many.py 3 1
start client /usr/bin/python3 "$SMOKE/allocate_many.py" 20 4
await 15 heard json '"area":"allocation","subject":"[0-9]*","state":"began","user":"demo","client":"198.18.1.2:[0-9]*"'
await 15 heard json '"area":"allocation","subject":"[0-9]*","state":"ended","user":"demo","client":"198.18.1.2:[0-9]*"'
await 5 heard both ' allocation [0-9]* began demo 198.18.1.2:[0-9]*$'
heard lines ' allocation ' && fail "allocations are told to who did not ask"
jq -es 'all(.[]; .lost == 0 and (.time | endswith("Z")))' "$WORK/json" >/dev/null || fail "JSON: $(cat "$WORK/json")"

# this host is in no region, and drains all the same
at_exit ctl node undrain
assert ctl node drain
await 5 heard lines 'Z node host draining$'
assert_equal "$(value sluice_node_draining)" 1 sluice_node_draining
assert ctl node undrain
await 5 heard lines 'Z node host active$'
assert_equal "$(value sluice_node_draining)" 0 sluice_node_draining

at_exit lab heal dataplane
assert lab kill dataplane
await 10 heard lines 'dataplane sluice-dataplane ended'
assert lab heal dataplane
await 20 heard lines 'dataplane sluice-dataplane began'
