#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# TURN over TCP and TLS with turnutils_uclient; an allocation shows by what its client came, and ends with its connection; a
# certificate is changed under a connection that lives.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
		-keyout "$WORK/new.key" -out "$WORK/new.pem" 2>/dev/null && mv "$WORK/new.key" "$WORK/turn.key" && mv "$WORK/new.pem" "$WORK/turn.pem"
}
shown() { in_client openssl s_client -connect 198.18.1.1:5360 -servername turn.test -alpn stun.turn </dev/null 2>/dev/null; }
subject() { shown | openssl x509 -noout -subject | sed 's/.*= *//'; }

assert certificate one.example.org
assert ctl turn certificate "$WORK/turn.pem" key "$WORK/turn.key" name turn.test
assert ctl turn listen 198.18.1.1:3480 tcp
assert ctl turn listen 198.18.1.1:5360 tls
at_exit ctl turn listen delete 198.18.1.1:3480 tcp
at_exit ctl turn listen delete 198.18.1.1:5360 tls
at_exit ctl turn certificate delete "$WORK/turn.pem"

# plain, and between clients; over TLS with one allocation kept open for what follows
echo_start
assert_lossless -t -p 3480 -n 200 -m 4 -e "$PEER4" "$SERVER4"
assert_lossless -t -p 3480 -n 50 -m 4 -y -s "$SERVER4"
await_equal 5 0 allocations
assert_lossless -t -S -p 5360 -n 300 -m 8 -z 3 -c -e "$PEER4" "$SERVER4"
assert_equal "$(counter stream.closed_garbage)" 0

start client turnutils_uclient -t -S -p 5360 -u demo -w demo -e 198.18.2.2 -n 2000 -m 1 198.18.1.1
uclient=$STARTED
await 10 at_least 1 allocations
assert_equal "$(allocation_of_traffic transport)" tls
assert_match "$(shown)" "ALPN protocol: stun.turn"
assert_equal "$(subject)" one.example.org

# the files are others: new connections see that, the one that is there goes on
assert certificate two.example.org
await_equal 10 two.example.org subject
before=$(allocation_of_traffic to_peer_packets)
await 10 allocation_relays $((before + 10))

# the client dies, and its allocation with it; so it is when the dataplane dies, and nothing of it is taken over
kill -KILL "$(pgrep -P "$uclient" -f turnutils_uclient || echo "$uclient")"
await_equal 10 0 allocations
at_least 1 counter turn.allocation_left || fail "turn.allocation_left does not count"
start client turnutils_uclient -t -u demo -w demo -e 198.18.2.2 -n 2000 -m 1 198.18.1.1
await 10 at_least 1 allocations
assert lab kill dataplane
assert lab heal dataplane
await_equal 20 0 allocations
lab log dataplane | grep "ledger:.*without" && fail "something of it lies in the ledger"
certificates() { ctl -j turn certificate show | jq length; }
await_equal 10 2 certificates
assert client_python aioice_turn.py tls
