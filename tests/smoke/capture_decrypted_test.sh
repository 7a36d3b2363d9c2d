#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Plaintext RTP of a stream: the payloads are the sender's. It takes a permission, it is logged, and no other point shows it.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_capture.sh
. "$SMOKE/_capture.sh"

/usr/bin/python3 -c 'import pylibsrtp' 2>/dev/null || skip "python3-pylibsrtp is not installed"
at_exit lab up
lab down
LAB_DATAPLANE_ARGS=--allow-decrypted lab up || fail "the lab did not come up"

key=$(head -c 30 /dev/urandom | base64 -w0)
assert ctl endpoint add alice remote 198.18.1.2:5000 local 198.18.1.1:5000 profile cm80 rx-key "$key" tx-key "$key"
assert ctl endpoint add bob remote 198.18.2.2:7000 local 198.18.2.1:7000 profile cm80 rx-key "$key" tx-key "$key"
assert ctl stream add voice endpoint alice ssrc 1111
assert ctl stream add other endpoint alice ssrc 2222
assert ctl subscription add voice to bob

# payloads FILE: the hash of each, decoded as RTP
payloads() {
	tshark -r "$1" -d udp.port==5000,rtp -Y rtp -T fields -e rtp.payload 2>/dev/null |
		/usr/bin/python3 -c 'import hashlib, sys
for line in sys.stdin: print(hashlib.sha256(bytes.fromhex(line.strip().replace(":", ""))).hexdigest())'
}
written() { ctl -j capture show | jq '.[0].packets'; }
both_at_least() { [[ $(ctl -j capture show | jq "[.[] | select(.packets >= $1)] | length") == 2 ]]; }

log_mark
capture "$WORK/stream" --decrypted --stream voice
assert grep -q 'looks at packets DECRYPTED, stream voice' <(log_since)
client_python srtp_send.py "$key" 1111 200 >"$WORK/sent" || fail "sender"
client_python srtp_send.py "$key" 2222 50 >/dev/null || fail "sender"
await 5 at_least 200 written
assert capture_end
payloads "$WORK/stream" >"$WORK/captured"
assert_equal "$(wc -l <"$WORK/captured")" 200 packets
assert diff "$WORK/sent" "$WORK/captured"
assert_equal "$(frames "$WORK/stream" 'frame.interface_name == "dp0 decrypted" && ip.src == 198.18.1.2 && ip.dst == 198.18.1.1')" 200
assert_equal "$(frames "$WORK/stream" 'frame.comment contains "decrypted, node media_route"')" 200

# what the subscriber is sent: RTP, under another key
capture "$WORK/sent.pcapng" --points sent --endpoint bob
client_python srtp_send.py "$key" 1111 100 2000 >"$WORK/sent" || fail "sender"
await 5 at_least 100 written
assert capture_end
rtp=$(tshark -r "$WORK/sent.pcapng" -d udp.port==7000,rtp -Y 'rtp && ip.dst == 198.18.2.2 && frame.interface_name == "dp1"' 2>/dev/null | wc -l)
((rtp >= 100)) || fail "$rtp packets to the subscriber"

# what does not authenticate is never shown
capture "$WORK/wrong" --decrypted --stream voice
failed=$(counter drop.srtp_auth)
client_python srtp_send.py "$(head -c 30 /dev/urandom | base64 -w0)" 1111 5 3000 >/dev/null || fail "sender"
await 5 at_least $((failed + 5)) counter drop.srtp_auth
assert capture_end
assert_no_frames "$WORK/wrong" frame

# an endpoint and a stream that are made anew are followed by their names
capture "$WORK/endpoint" --decrypted --endpoint alice
endpoint=$CAPTURE
capture "$WORK/anew" --decrypted --stream voice
assert ctl endpoint delete alice
assert ctl endpoint add alice remote 198.18.1.2:5000 local 198.18.1.1:5000 profile cm80 rx-key "$key" tx-key "$key"
assert ctl stream add voice endpoint alice ssrc 1111
client_python srtp_send.py "$key" 1111 50 >"$WORK/sent" || fail "sender"
await 5 both_at_least 50
assert capture_end
CAPTURE=$endpoint
assert capture_end
for file in endpoint anew; do
	payloads "$WORK/$file" >"$WORK/captured"
	assert diff "$WORK/sent" "$WORK/captured"
done

# as it is dropped: its RTP header, and nothing behind it
capture "$WORK/dropped" --points dropped,received --endpoint alice
client_python srtp_send.py "$key" 1111 50 4000 >"$WORK/sent" || fail "sender"
await 5 at_least 100 written
assert capture_end
assert_equal "$(frames "$WORK/dropped" 'frame.comment contains "media_no_subscription"')" 50
assert_no_frames "$WORK/dropped" 'frame.comment contains "dropped" && frame.cap_len > 54'
assert_no_frames "$WORK/dropped" 'frame.comment contains "received" && frame.len != frame.cap_len'
