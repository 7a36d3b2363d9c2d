#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An SRTP fan-out to two subscribers in one capture: as it came, decrypted, as it left for each; and what nobody wanted as it was dropped.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_capture.sh
. "$SMOKE/_capture.sh"

/usr/bin/python3 -c 'import pylibsrtp' 2>/dev/null || skip "python3-pylibsrtp is not installed"
at_exit lab up
lab down
LAB_DATAPLANE_ARGS=--allow-decrypted lab up || fail "the lab did not come up"

key=$(head -c 30 /dev/urandom | base64 -w0)
gcm=$(head -c 28 /dev/urandom | base64 -w0)
assert ctl endpoint add alice remote 198.18.1.2:5000 local 198.18.1.1:5000 profile cm80 rx-key "$key" tx-key "$key"
assert ctl endpoint add bob remote 198.18.2.2:7000 local 198.18.2.1:7000 profile cm80 rx-key "$key" tx-key "$key"
assert ctl endpoint add carol remote 198.18.2.2:7002 local 198.18.2.1:7002 profile gcm128 rx-key "$gcm" tx-key "$gcm"
assert ctl stream add voice endpoint alice ssrc 1111
assert ctl stream add unheard endpoint alice ssrc 2222
assert ctl subscription add voice to bob
assert ctl subscription add voice to carol

# rtp FILTER [FILE]: how many, decoded as RTP
rtp() {
	tshark -r "$WORK/${2:-all}" -d udp.port==5000,rtp -d udp.port==7000,rtp -d udp.port==7002,rtp -Y "rtp && $1" 2>/dev/null | wc -l
}

assert_match "$(in_dp sluice-capture -w "$WORK/none" --decrypted 2>&1)" 'of a stream or of an endpoint: name one'
[[ ! -e $WORK/none ]] || fail "a capture that was refused left a file"
capture "$WORK/unheard" --points received,dropped --endpoint alice
unheard=$CAPTURE
capture "$WORK/all" --points received,sent,dropped --decrypted --stream voice udp
client_python srtp_send.py "$key" 1111 100 >"$WORK/sent" || fail "sender"
client_python srtp_send.py "$key" 2222 30 >/dev/null || fail "sender"
# of voice 100 received, 100 decrypted, 200 sent; of alice 130 received, 30 dropped
await 10 eval '[[ $(ctl -j capture show | jq -c "[.[].packets] | sort") == "[160,400]" ]]'
assert capture_end
CAPTURE=$unheard
assert capture_end

for subscriber in 7000 7002; do
	got=$(rtp "udp.dstport == $subscriber && frame.interface_name == \"dp1\" && frame.comment contains \"sent, node port_tx\"")
	assert_equal "$got" 100 "sent to $subscriber"
done
assert_equal "$(rtp 'udp.dstport == 5000 && rtp.ssrc == 1111 && frame.interface_name == "dp0" && frame.comment contains "received, node port_rx"')" 100 "received of voice"
assert_equal "$(rtp 'rtp.ssrc == 2222')" 0 "unheard among voice"
assert_equal "$(rtp 'udp.dstport == 5000 && rtp.ssrc == 2222 && frame.comment contains "received, node port_rx"' unheard)" 30 "received of unheard"
assert_equal "$(frames "$WORK/unheard" 'frame.comment contains "reason media_no_subscription"')" 30 "dropped"
assert_no_frames "$WORK/all" '!frame.comment'
assert_no_frames "$WORK/all" 'frame.interface_name == "dp0" && frame.comment contains "received" && !(frame.packet_flags_direction == 1)'

# the payloads of voice: the sender's, and what goes over the wire is not
hashes() {
	tshark -r "$WORK/all" -d udp.port==5000,rtp -Y "rtp.ssrc == 1111 && $1" -T fields -e rtp.payload 2>/dev/null |
		/usr/bin/python3 -c 'import hashlib, sys
for line in sys.stdin: print(hashlib.sha256(bytes.fromhex(line.strip().replace(":", ""))).hexdigest())'
}
hashes 'frame.interface_name == "dp0 decrypted"' >"$WORK/decrypted"
assert diff "$WORK/sent" "$WORK/decrypted"
hashes 'frame.comment contains "received, node port_rx"' >"$WORK/received"
assert_equal "$(grep -cxFf "$WORK/sent" "$WORK/received")" 0 "plaintext on the wire"
