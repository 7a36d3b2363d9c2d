#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A thousand allocations of 0.1 s: a thousand accounts among the events, in the log and in what is kept, with sums right to the byte.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_events.sh
. "$SMOKE/_events.sh"

LIVES=1000
at_exit ctl accounting log off
at_exit ctl accounting keep rows 0
at_exit ctl gate trust delete 198.18.1.2/32
ended() { jq -s '[.[] | select(.area == "allocation" and .state == "ended")] | length' "$WORK/events"; }
event_sums() { jq -rs '[.[] | select(.state == "ended")] | "\(map(.to_peer_bytes) | add) \(map(.to_client_bytes) | add)"' "$WORK/events"; }
history() { ctl -j allocation history "$@"; }
deleted() { history | jq 'map(select(.reason == "deleted")) | length'; }
kept() { history | jq 'map(select(.reason != "lives")) | length'; }

echo_start
assert ctl gate trust add 198.18.1.2/32
assert ctl accounting log on
assert ctl accounting keep rows 5000 days 30
listen events -j events allocations
flapped() {
	in_peer ip link set eth0 down
	wait_for 5 heard events '"state":"down"'
	in_peer ip link set eth0 up
	wait_for 5 heard events '"state":"up"' && heard events '"state":"down"'
}
at_exit in_peer ip link set eth0 up
await 20 flapped
read -r count to_peer to_client < <(client_python short_lives.py $LIVES $PEER4 3480)
assert_equal "$count" $LIVES "allocations made"
await_equal 30 $LIVES ended
assert_equal "$(event_sums)" "$to_peer $to_client" "bytes of the events"
await_equal 10 $LIVES kept
assert_equal "$(history | jq -r '"\(map(.to_peer_bytes) | add) \(map(.to_client_bytes) | add)"')" "$to_peer $to_client" "bytes of what is kept"
assert_equal "$(history | jq 'map(.id) | unique | length')" $LIVES "different allocations"
assert_equal "$(lab log controlplane | grep -c 'allocation [0-9]* ended: relayed .*, user demo, realm sluice, udp, .* closed$')" $LIVES "lines of the log"
assert_equal "$(counter turn.account_lost)" 0

# who had it then? also while it lives, and after the control plane's restart
read -r relayed began < <(history | jq -r '.[500] | "\(.relayed) \(.began)"')
assert_match "$(history relayed "$relayed" at "$began" | jq -r '.[0] | "\(.user) \(.reason)"')" '^demo closed$'
cp "$LAB_STATE/dp/sluice.conf" "$WORK/sluice.conf"
at_exit cp "$WORK/sluice.conf" "$LAB_STATE/dp/sluice.conf"
assert ctl config save
assert lab kill controlplane
assert lab heal controlplane
await 10 ctl version
await_equal 10 $LIVES kept
start client turnutils_uclient -u demo -w demo -n 3000 -m 2 -z 10 -c -e $PEER4 $SERVER4
await 15 at_least 4 allocations
lives=$(history user demo since "$(date -u +%Y-%m-%dT%H:%M:%SZ)" | jq 'map(select(.reason == "lives")) | length')
assert_equal "$lives" "$(allocations)" "those that live"
assert_equal "$(ctl -j allocation delete user demo | jq .ended)" "$lives" "those that were ended"
await_equal 10 "$lives" deleted

# off: the file goes
assert ctl accounting keep rows 0
assert_equal "$(history | jq length)" 0
