#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An office behind one address: keepalives of those who have an allocation pass XDP and are answered, and so it is at the next dataplane;
# Bindings of strangers from that address are within its bound. The node has the same rules: unit test gate.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PEOPLE=120
at_exit lab down
office() { client_python office.py $PEOPLE 3; }
check_office() {
	local people kept strangers
	read -r people kept strangers < <(office)
	assert_equal "$people" $PEOPLE "people with an allocation, $1"
	((kept >= 3 * PEOPLE - 3)) || fail "$1: $kept of $((3 * PEOPLE)) keepalives were answered"
	((strangers <= 60)) || fail "$1: $strangers of $PEOPLE strangers were answered at once"
	printf '%s: %s people, %s of %s keepalives, %s of %s strangers at once\n' "$1" "$people" "$kept" $((3 * PEOPLE)) "$strangers" $PEOPLE
}

lab down >/dev/null 2>&1
assert lab up
check_office XDP
((($(counter gate.client)) > 0)) || fail "no Binding passed as a client's"
allocations_end # or the next dataplane takes them over, and new people may draw their ports
assert lab kill dataplane
assert lab heal dataplane
await 10 client_python bindings.py 1
check_office "a new dataplane"
