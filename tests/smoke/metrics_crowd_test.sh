#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# 100,000 allocations are no new series of the metrics, and none of what asks about them is slow or short of room.
# shellcheck source=tests/smoke/_init.sh
export LAB_ALLOCATIONS=110000
"${BASH_SOURCE[0]%/*}/../../tools/lab" down 2>/dev/null
. "${BASH_SOURCE[0]%/*}/_init.sh"

CROWD=100000
metrics() { in_dp curl -s -m 20 -H 'Authorization: Bearer lab' http://127.0.0.1:8080/metrics; }
series() { metrics | sed -n 's/^\(sluice_[^ ]*\) .*/\1/p' | sort; }

at_exit lab down # nobody else wants so many
for address in 198.18.1.11 198.18.1.12; do
	assert in_client ip addr add $address/24 dev eth0
done
assert ctl gate trust add 198.18.1.0/24
assert ctl turn relay 198.18.2.11 ports 1024-65535
assert ctl turn relay 198.18.2.12 ports 1024-65535
# what has never happened yet has a series all the same
assert client_python allocate_many.py 1 0
before=$(series)

assert_equal "$(client_python allocate_crowd.py $CROWD 198.18.1.11 198.18.1.12)" $CROWD "allocations that were made"
assert at_least $CROWD allocations
series | diff <(echo "$before") - || fail "other series with $CROWD allocations"
assert_equal "$(metrics | sed -n 's/^sluice_turn_allocations //p')" "$(allocations)" "sluice_turn_allocations"
assert_equal "$(metrics | sed -n 's/^sluice_turn_allocations_max //p')" $LAB_ALLOCATIONS "sluice_turn_allocations_max"
at_least $CROWD eval 'ctl -j allocation show | jq length' || fail "allocation show"
top_allocations() { ctl top --once | sed -n 's/.* allocations \([0-9]*\)\/[0-9]* .*/\1/p'; }
assert_equal "$(top_allocations)" "$(allocations)" "allocations in top"
