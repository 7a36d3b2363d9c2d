#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the dataplane, and of both daemons at once, while calls are up: media go on within 2 s of an idle machine, nobody allocates again, and all that there was is there.
# alone: it holds a time
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab heal dataplane
at_exit lab heal controlplane
dataplane() { ctl -s /run/sluice/dataplane.sock "$@"; }
value() { dataplane -j counter show | jq --arg name "$1" '[.[] | select(.name == $name).value] | add // 0'; }
relayed() { value turn.channel_to_peer; }
# what must be the same before and after
calls() { ctl -j allocation show | jq -S 'map({id, client, server, relayed, user, permissions, channels}) | sort_by(.id)'; }
sum() { ctl -j allocation show | jq "map(.$1) | add"; }

echo_start
uclient_run -n 3000 -m 4 -z 5 -c -e $PEER4 $SERVER4 >"$WORK/flow" 2>&1 &
flow=$!
await 10 at_least 400 relayed
before=$(calls)
(($(jq length <<<"$before") >= 4)) || fail "allocations: $before"

for dead in dataplane dataplane "dataplane controlplane"; do
	counted=$(sum to_peer_packets)
	for daemon in $dead; do assert lab kill "$daemon"; done
	clock_start
	for daemon in $dead; do assert lab heal "$daemon"; done
	await 5 at_least 1 relayed
	assert_within 2000 "media after the death of $dead"
	assert_equal "$(calls)" "$before" calls
	assert_equal "$(value turn.allocate_success)" 0 "allocations made"
	# accounting is written each 30 s: what it lacks is less than that
	(($(sum to_peer_packets) <= counted + 3000)) || fail "accounting goes wrong"
done
assert_match "$(lab log dataplane | tail -n 40)" 'ledger: took over [0-9]+ records'
wait $flow
read -r sent received lost trip <"$WORK/flow" || fail "the clients did not finish"
printf '%d sent, %d received\n' "$sent" "$received"
# 4 clients, a packet each 5 ms, away for 2 s at most, three times
((received > 0 && lost <= 3 * 2000 / 5 * 4)) || fail "$lost of $sent packets lost"

# off: nothing is left, and nothing is taken over
assert lab stop dataplane
LAB_DATAPLANE_ARGS="--ledger off" assert lab heal dataplane
await 5 dataplane turn show
assert_equal "$(in_dp ls /run/sluice/ledger 2>&1 | grep -c 'No such file')" 1 "ledger files"
assert lab stop dataplane
assert lab heal dataplane
await 5 in_dp test -s /run/sluice/ledger
assert_equal "$(in_dp stat -c %a /run/sluice/ledger)" 600
assert_equal "$(allocations)" 0
