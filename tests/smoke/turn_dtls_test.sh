#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# TURN over DTLS with turnutils_uclient and openssl: what is relayed, by which certificate, an address that is forged, a client that
# leaves and the dataplane's death.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

shown() { in_client openssl s_client -dtls1_2 -connect 198.18.1.1:5361 -servername turn.test </dev/null 2>/dev/null; }
subject() { shown | openssl x509 -noout -subject | sed 's/.*= *//'; }
connections() { ctl -j turn listen show | jq 'map(select(.transport == "dtls").connections) | add'; }

assert openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=dtls.example.org \
	-keyout "$WORK/turn.key" -out "$WORK/turn.pem" 2>/dev/null
assert ctl turn certificate "$WORK/turn.pem" key "$WORK/turn.key" name turn.test
at_exit ctl turn certificate delete "$WORK/turn.pem"
assert ctl turn listen 198.18.1.1:5361 dtls
at_exit ctl turn listen delete 198.18.1.1:5361 dtls
ctl webrtc listen 198.18.1.1:5361 2>"$WORK/why" && fail "sessions are served at a port of DTLS"
assert_match "$(<"$WORK/why")" "by DTLS"

assert_match "$(shown)" "DTLSv1.2"
assert_equal "$(subject)" dtls.example.org
echo_start
assert_lossless -S -p 5361 -n 200 -m 4 -z 5 -e "$PEER4" "$SERVER4"
assert_lossless -S -p 5361 -n 200 -m 4 -z 5 -c -s -e "$PEER4" "$SERVER4"
assert_lossless -S -p 5361 -n 100 -m 2 -z 10 -c -l 1300 -e "$PEER4" "$SERVER4"
assert ctl turn listen "[$SERVER6]:5361" dtls
at_exit ctl turn listen delete "[$SERVER6]:5361" dtls
assert_lossless -S -x -p 5361 -n 100 -m 2 -z 10 -c -e "$PEER6" "$SERVER6"
# it leaves without a word; what says nothing any more and has no allocation is closed
allocations_end
assert ctl turn stream idle 1
at_exit ctl config reload
await_equal 20 0 connections

# nobody is there who could come back with the cookie: nothing is held, and little is answered
before=$(counter stream.connection) refused=$(counter stream.verify_refused)
assert client_python hello_flood.py 198.18.1.1 5361 2000
await 10 at_least $((refused + 1000)) counter stream.verify_refused
assert_equal "$(counter stream.connection)" "$before" "connections without a cookie"

start client turnutils_uclient -S -p 5361 -u demo -w demo -e 198.18.2.2 -n 4000 -m 1 198.18.1.1
await 20 at_least 1 allocations
await 20 allocation_relays 5
assert_equal "$(allocation_of_traffic transport)" dtls
assert lab kill dataplane
assert lab heal dataplane
await_equal 20 0 allocations
lab log dataplane | grep "ledger:.*without" && fail "something of it lies in the ledger"
# a client that comes again is served
certificates() { ctl -j turn certificate show | jq length; }
await 10 at_least 1 certificates
await_equal 10 dtls.example.org subject
assert_lossless -S -p 5361 -n 50 -m 1 -z 5 -c -e "$PEER4" "$SERVER4"
