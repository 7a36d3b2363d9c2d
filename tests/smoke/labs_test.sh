#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Another laboratory beside this one, of the same addresses: neither sees the other's clients; it goes without a trace.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

other() (
	export LAB=x${LAB-}
	lab "$@"
)
namespaces() { ip netns list | grep -c "^sluice-lab-x${LAB-}-"; }

at_exit other down
assert other up
assert_equal "$(namespaces)" 3 namespaces
start client turnutils_uclient -u demo -w demo -n 30000 -m 1 -z 20 -l 100 -y -c $SERVER4
await 15 at_least 2 allocations
assert_equal "$(other ctl -j turn show | jq 'if type == "array" then .[0] else . end | .allocations')" 0 "allocations of the other lab"
assert other kill dataplane
assert at_least 2 allocations
assert other down
assert_equal "$(namespaces)" 0 "namespaces that are left"
[[ -e /run/sluice-lab-x${LAB-} ]] && fail "a folder is left"
assert_lossless -n 50 -m 2 -z 5 -y -c $SERVER4
