#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A client that changes its network keeps its relay (RFC 8016), be the server killed meanwhile; coturn's client as well.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

ELSEWHERE=198.18.1.66

echo_start
at_exit ctl config reload
at_exit lab heal dataplane
assert in_client ip addr add $ELSEWHERE/24 dev eth0
at_exit in_client ip addr del $ELSEWHERE/24 dev eth0
coproc PHONE { exec 2>"$WORK/phone"; client_python mobility.py $PEER4 3480 $ELSEWHERE; }
next() { # next WANTED: the client's next line
	local line
	read -r -t 60 line <&"${PHONE[0]}" || fail "the client died: $(cat "$WORK/phone")"
	assert_equal "$line" "$1"
}
go() { echo >&"${PHONE[1]}"; }
# the last line of the configuration, which a dataplane that comes back is given
mobility() { ctl -j turn show | jq '[.] | flatten | .[0].mobility'; }
address() { ctl -j allocation show | jq -r '[.[].client] | join(" ")'; }

next "while it is off: 405"
assert ctl turn mobility on
go && next allocated
before=$(address)
go && next both
assert_equal "$(address)" "$before" "the client's address"
moved=$(counter turn.allocation_moved)
go && next moved
assert_equal "$(counter turn.allocation_moved)" $((moved + 1)) turn.allocation_moved
assert_match "$(address)" "^$ELSEWHERE:"
assert lab kill dataplane
assert lab heal dataplane
await 20 at_least 1 mobility
go && next "still there"
assert_match "$(address)" "^$ELSEWHERE:"
go && next "the ticket before: 437"
go && next again
go && next deleted
await_equal 5 "" address

moved=$(counter turn.allocation_moved)
assert_lossless -M -c -n 50 -m 4 -z 5 -e $PEER4 $SERVER4
assert_equal "$(counter turn.allocation_moved)" $((moved + 4)) "clients of coturn's that moved"

# by TCP a move is another connection
moved=$(counter turn.allocation_moved)
assert_lossless -M -t -c -n 50 -m 4 -z 5 -e $PEER4 $SERVER4
assert_equal "$(counter turn.allocation_moved)" $((moved + 4)) "clients of coturn's that moved"
