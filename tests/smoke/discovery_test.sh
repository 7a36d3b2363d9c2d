#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A client finds out how its NAT behaves (RFC 5780): coturn's own, which is told that there is none, and what answers it has.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

SECOND=198.18.1.3
OWN=198.18.1.2
which turnutils_natdiscovery >/dev/null || skip "coturn-utils is not installed"

assert in_dp ip addr add $SECOND/24 dev dp0
at_exit in_dp ip addr del $SECOND/24 dev dp0
for addr in $SERVER4:3479 $SECOND:3478 $SECOND:3479; do
	assert ctl turn listen $addr
	at_exit ctl turn listen delete $addr
done
find() { in_client timeout 30 turnutils_natdiscovery "$@" -L $OWN $SERVER4 2>&1; }

said=$(find -m)
assert_match "$said" "UDP reflexive addr"
[[ $said != *"Other addr"* ]] || fail "it is off, and says: $said"
assert ctl turn discovery $SERVER4:3478 other $SECOND:3479
at_exit ctl turn discovery delete $SERVER4:3478
said=$(find -m -f)
assert_match "$said" "Other addr: : *$SECOND:3479"
assert_match "$said" "No NAT!"
assert_match "$said" "Endpoint Independent Filtering!"
