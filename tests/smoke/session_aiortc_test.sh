#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# aiortc, another stack than the browsers', publishes and watches, DTLS in either role; what it closes is gone. A flood of ClientHellos
# and checks that belong to no session gets no answer, and its counters.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_session.sh
. "$SMOKE/_session.sh"

/usr/bin/python3 -c 'import aiortc' 2>/dev/null || skip "no python3-aiortc"
at_exit sessions_end
objects() { ctl -j media show | jq '.endpoints + .streams + .subscriptions'; }

for role in passive active; do
	done=$(counter dtls.done)
	assert client_python session_aiortc.py "$SESSION_SOCKET" 20 $role $role
	assert_equal $(($(counter dtls.done) - done)) 2 handshakes
	await_equal 10 0 sessions_connected
	await_equal 5 0 objects
done

started=$(counter dtls.started) dropped=$(counter drop.session_no_path)
answers=$(client_python session_flood.py 198.18.1.1 500)
assert_equal "$answers" 0 answers
assert_equal "$(counter dtls.started)" "$started" handshakes
await 5 at_least $((dropped + 300)) counter drop.session_no_path
(($(counter gate.check_unknown) + $(counter gate_node.check_unknown) >= 400)) || fail "the gate has let checks pass"
