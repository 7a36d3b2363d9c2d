#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The way of the next packets through the graph, and none for nobody; a client that leaves ends its trace.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

# way PACKET...: nodes and ends of the traced packets, a line each
ways() {
	jq -r 'group_by(.packet)[] | map(.node + if .decided | startswith("to ") then "" else ": " + .decided end) | join(" ")' "$1" |
		sort | uniq -c
}

echo_start
start client turnutils_uclient -u demo -w demo -n 30000 -m 1 -z 20 -l 100 -c -e $PEER4 $SERVER4
await 20 allocation_relays 100
id=$(allocation_of_traffic)
# the kernel may look for the peer's MAC again meanwhile: nothing waits for it now
known() { ctl -j trace count 5 port dp0 | jq -e 'any(.decided == "sent by dp1") and all(.node != "neighbour_wait")'; }
await 10 known
assert ctl -j trace count 40 port dp0 >"$WORK/client"
assert_equal "$(jq 'map(.packet) | max' "$WORK/client")" 40 packets
ways "$WORK/client" >"$WORK/ways"
assert grep -q 'port_rx classify turn_to_peer ip_output port_tx: sent by dp1$' "$WORK/ways"
assert_match "$(jq -r '.[] | select(.node == "turn_to_peer") | .saw' "$WORK/client" | head -1)" \
	'198.18.1.2:[0-9]+ > 198.18.1.1:3478 ChannelData 0x[4-7][0-9a-f]{3}, 104 bytes'
assert_match "$(jq -r '.[] | select(.node == "port_tx") | .saw' "$WORK/client" | head -1)" \
	'198.18.2.1:[0-9]+ > 198.18.2.2:3480 .*, 100 bytes'
said() { jq -r --arg node "$1" '.[] | select(.node == $node).decided' "$2" | sort -u; }
assert_equal "$(said classify "$WORK/client")" "to turn_to_peer: ChannelData at a TURN listener"
assert_match "$(said turn_to_peer "$WORK/client")" '^to ip_output: channel 0x[4-7][0-9a-f]{3} is peer 198.18.2.2:3480'
assert_match "$(said ip_output "$WORK/client" | grep -v '^to neighbour_wait: ')" '^to port_tx: next hop 198.18.2.2 on dp1, [0-9a-f:]{17}$'
ctl -j trace count 5 port dp1 >"$WORK/peer"
assert_match "$(said turn_to_client "$WORK/peer")" '^to ip_output: channel 0x[4-7][0-9a-f]{3} of client 198.18.1.2:'

# a request without a nonce, and with one
ctl -j trace count 4 filter "udp dst port 3478 and udp[8:2] == 3" >"$WORK/allocate" &
tracer=$!
allocates() { client_python allocate.py demo demo && process_gone $tracer; }
await 10 allocates
assert_equal "$(said stun_input "$WORK/allocate")" "to turn_request: Allocate request"
assert_equal "$(said turn_request "$WORK/allocate")" $'to ip_output: Allocate error 401\nto ip_output: Allocate success'

# the same over HTTP: one answer, once it has ended; what is wrong is one line
post_trace() { in_dp curl -s -m 20 -X POST -H 'Authorization: Bearer lab' -d "$1" http://127.0.0.1:8080/v1/trace; }
post_trace '{"count":5,"port":"dp0"}' >"$WORK/http"
assert_equal "$(jq 'map(.packet) | max' "$WORK/http")" 5 "packets over HTTP"
assert_equal "$(jq -c '.[0] | keys' "$WORK/http")" "$(jq -c '.[0] | keys' "$WORK/client")" "columns over HTTP"
ways "$WORK/http" >"$WORK/ways"
assert grep -q 'port_rx classify turn_to_peer ip_output port_tx: sent by dp1$' "$WORK/ways"
assert_equal "$(post_trace '{"count":5,"seconds":1,"user":"nobody"}' | jq length)" 0 "packets of nobody over HTTP"
assert_match "$(post_trace '{"port":"nobody"}' | jq -r .error)" 'no port nobody'
assert_match "$(post_trace '{"count":1001}' | jq -r .error)" 'expected: .*1000'

# of one user, one allocation, one reason
assert_equal "$(ctl -j trace count 5 user demo allocation "$id" | jq 'map(.packet) | max')" 5
assert_equal "$(ctl -j trace count 5 seconds 1 user nobody | jq length)" 0
# of an expression of pcap; over HTTP without one
ctl -j trace count 5 filter "udp dst port 3478 and src host 198.18.1.2" |
	jq -r '.[] | select(.node == "port_rx").saw' >"$WORK/filtered"
assert_equal "$(grep -c '198.18.1.2:[0-9]* > 198.18.1.1:3478' "$WORK/filtered") of $(wc -l <"$WORK/filtered")" "5 of 5" "$(<"$WORK/filtered")"
assert_equal "$(ctl -j trace count 5 filter "udp src port 3480" port dp1 | jq 'map(.packet) | max')" 5
assert_equal "$(ctl -j trace count 5 seconds 1 filter "tcp port 1" | jq length)" 0
assert_match "$(ctl trace filter "udp port" 2>&1)" 'filter .*udp port.*syntax error'
hosts() { seq -f 'host 2001:db8::%g' "$1" | paste -sd, | sed 's/,/ or /g'; }
assert_equal "$(ctl -j trace count 1 seconds 1 filter "$(hosts 9)" | jq length)" 0 "packets of hosts that are not there"
assert_match "$(ctl trace filter "$(hosts 40)" 2>&1)" 'the filter takes [0-9]+ instructions: expected 256 at most'
# what a port received, and what others gave to be sent
assert_equal "$(ctl -j trace count 5 direction in | jq -r '.[] | select(.node == "classify").packet' | wc -l)" 5 "packets that came in"
assert_equal "$(ctl -j trace count 5 seconds 1 direction out user demo | jq length)" 0 "packets that did not come in by a port"
http_trace() {
	in_client curl -s -m 20 -X POST -H 'Authorization: Bearer lab' http://198.18.1.1:8080/v1/trace -d "$1"
}
assert_equal "$(http_trace '{"count":4,"port":"dp0"}' | jq 'map(.packet) | max')" 4 "packets over HTTP"
assert_match "$(http_trace '{"count":4,"filter":"udp"}')" '"error":.*sluicectl on the host'
ctl -j trace count 3 seconds 10 reason drop.turn_no_allocation >"$WORK/dropped" &
tracer=$!
strays() {
	# shellcheck disable=SC2016 # expanded there
	in_peer bash -c 'for port in {50000..50020}; do echo stray >"/dev/udp/198.18.2.1/$port"; done'
	process_gone $tracer
}
await 10 strays
wait $tracer || fail "trace"
assert_equal "$(jq 'map(.packet) | max' "$WORK/dropped")" 3
assert_equal "$(jq -r '.[] | select(.node == "drop").decided' "$WORK/dropped" | sort -u)" \
	'dropped, turn_no_allocation: no allocation for this client or relayed address'

# one at a time; who is killed makes room
hold() {
	until timeout 4 "$SLUICE_ROOT/tools/lab" ctl -s /run/sluice/dataplane.sock trace seconds 15 user nobody; (($? == 124)); do
		:
	done
}
refused() { [[ $(ctl trace count 1 seconds 1 2>&1) == *'somebody traces already' ]]; }
hold >/dev/null 2>&1 &
await 10 refused
await 8 ctl trace count 1 seconds 1
assert_match "$(ctl trace port nobody 2>&1)" 'no port nobody'
assert_match "$(ctl trace stream nobody 2>&1)" 'no stream nobody'
assert_match "$(ctl trace direction up 2>&1)" 'up.*expected.*both.*in.*out'
