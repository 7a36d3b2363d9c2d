#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A thousand allocations of 0.1 s: a thousand accounts among the events, over HTTP, in the log, in Redis, at a webhook and in what is
# kept, with sums right to the byte.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_events.sh
. "$SMOKE/_events.sh"

LIVES=1000
at_exit ctl config reload
ended() { jq -s '[.[] | select(.area == "allocation" and .state == "ended")] | length' "$WORK/events"; }
event_sums() { jq -rs '[.[] | select(.state == "ended")] | "\(map(.to_peer_bytes) | add) \(map(.to_client_bytes) | add)"' "$WORK/events"; }
# what is published, a line each of what redis-cli writes: its channel's end, its message
published() { awk '/^pmessage$/ { getline; getline at; getline; print at, $0 }' "$WORK/published" | grep "/$1 "; }
published_sums() { published total_traffic | tr -d , | awk -F'[ =]' '{ peer += $5; client += $9 } END { print peer, client }'; }
subscribed() { grep -q '^psubscribe$' "$WORK/published"; }
# posted FILTER: an array was posted twice where its answer was lost
posted() { jq -rs "add // [] | unique_by(.id) | $1" "$WORK/posted"; }
streamed() { sed -n 's/^data: //p' "$WORK/streamed" | jq -rs "map(select(.state == \"ended\")) | $1"; }
SUMS='"\(map(.to_peer_bytes) | add) \(map(.to_client_bytes) | add)"'
history() { ctl -j allocation history "$@"; }
deleted() { history | jq 'map(select(.reason == "deleted")) | length'; }
kept() { history | jq 'map(select(.reason != "lives")) | length'; }

echo_start
assert ctl gate trust add 198.18.1.2/32
assert ctl accounting log on
assert ctl accounting keep rows 5000 days 30
: >"$WORK/posted" && : >"$WORK/published" && : >"$WORK/streamed" && chmod 755 "$WORK"
start dp /usr/bin/python3 "$SMOKE/posts.py" 9099 "$WORK/posted"
start dp redis-server --bind 127.0.0.1 --port 6391 --save '' --dir "$WORK"
await 10 prints PONG in_dp redis-cli -p 6391 ping
start dp sh -c "exec redis-cli -p 6391 psubscribe 'turn/*' >$WORK/published"
await 10 subscribed
assert ctl region add home redis 127.0.0.1:6391
assert ctl node set here region home
await 10 prints 1 eval "ctl -j region show | jq '.[0].connected'"
assert ctl accounting redis on
assert ctl accounting webhook http://127.0.0.1:9099/turn
start client curl -sN -H 'Authorization: Bearer lab' -o "$WORK/streamed" "http://198.18.1.1:8080/v1/events?allocations=1"
await 10 grep -q '^:' "$WORK/streamed"
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
await_equal 10 $LIVES streamed length
assert_equal "$(streamed "$SUMS")" "$to_peer $to_client" "bytes of the events over HTTP"
await_equal 10 $LIVES eval "published status | grep -c 'allocation/[0-9]*/status deleted'"
await_equal 10 "$to_peer $to_client" published_sums
await_equal 20 $LIVES posted length
assert_equal "$(posted "$SUMS")" "$to_peer $to_client" "bytes of what is posted"
assert_equal "$(ctl -j accounting show | jq 'map(.lost) | add')" 0 "accounts that were lost"
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
