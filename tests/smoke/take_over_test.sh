#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A dataplane takes another one's place while calls are up: nobody allocates again, all that there was is there, and the longest gap is
# printed.
# alone: it prints a time
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab heal dataplane
dataplane() { ctl -s /run/sluice/dataplane.sock "$@"; }
value() { dataplane -j counter show | jq --arg name "$1" '[.[] | select(.name == $name).value] | add // 0'; }
relayed() { value turn.channel_to_peer; }
calls() { ctl -j allocation show | jq -S 'map({id, client, server, relayed, user, permissions, channels}) | sort_by(.id)'; }
pins() { in_dp sh -c 'ls /sys/fs/bpf | grep -c ^sluice_gate_'; }
pid() { dataplane -j version | jq 'if type == "array" then .[0] else . end | .pid'; }
# gap_print WHAT LEAST: the longest time between two packets that came back, of LEAST at least
gap_print() {
	tcpdump -r "$WORK/wire.pcap" -n -tt 2>/dev/null |
		awk -v what="$1" -v least="$2" '{ if (last && $1 - last > longest) longest = $1 - last; last = $1 }
			END { printf "%s: longest gap %d ms of %d packets\n", what, longest * 1000, NR; exit NR < least || NR < 2 }'
}

echo_start
start client tcpdump -i eth0 -Z root -n -s 64 -w "$WORK/wire.pcap" 'udp and src host 198.18.1.1'
tcpdump=$STARTED
await 10 test -e "$WORK/wire.pcap"
uclient_run -n 2000 -m 4 -z 5 -c -e $PEER4 $SERVER4 >"$WORK/flow" 2>&1 &
flow=$!
await 10 at_least 400 relayed
before=$(calls)
(($(jq length <<<"$before") >= 4)) || fail "allocations: $before"

for round in 1 2 3; do
	old=$(pid)
	assert lab upgrade dataplane
	await 5 at_least 1 relayed
	[[ $(pid) != "$old" ]] || fail "round $round: the same process serves"
	process_gone "$old" || fail "round $round: the old one is still there"
	assert_equal "$(calls)" "$before" calls
	assert_equal "$(value turn.allocate_success)" 0 "allocations made"
done
assert_equal "$(dataplane -j ledger status | jq -r '.found, .broken, .torn, .foreign' | xargs)" "taken 0 0 0" "what was taken"
assert_match "$(lab log dataplane | tail -n 60)" 'handed over: another process goes on'
wait $flow
child_end $tcpdump
read -r sent received _ <"$WORK/flow" || fail "the clients did not finish"
printf '%d sent, %d received\n' "$sent" "$received"
((received > 0)) || fail "nothing came back"
gap_print "three upgrades" $((received / 2)) || fail "the wire was not seen"

# what cannot start leaves the one that runs as it is
old=$(pid)
output=$(in_dp sluice-dataplane --no-huge --take-over --srtp-engine none 2>&1) && fail "it started"
output=$(in_dp sluice-dataplane --no-huge --take-over --ledger off 2>&1) && fail "it started without a ledger"
assert_match "$output" "a ledger"
assert_equal "$(pid)" "$old" "the process that serves"
assert lab kill dataplane # which the laboratory knows
process_gone "$old" || fail "it killed another one"
assert lab heal dataplane
assert_lossless -n 50 -m 2 -z 5 -c -e $PEER4 $SERVER4

# one that is stopped while it hands over ends as a killed one does: the names of sockets and maps are the other one's
old=$(pid) pinned=$(pins)
assert dp_python hand_over_stop.py /run/sluice/dataplane.sock "$old"
await 5 process_gone "$old"
assert in_dp test -S /run/sluice/dataplane.sock
assert_equal "$(pins)" "$pinned" "pinned maps"
