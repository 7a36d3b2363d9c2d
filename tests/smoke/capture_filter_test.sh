#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What chooses packets: port, user, allocation, reason, direction, a pcap expression, a sample; files that follow each other.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_capture.sh
. "$SMOKE/_capture.sh"

call() { assert client_python echo.py $PEER4 3480 20 >/dev/null; }
strays() { in_peer bash -c 'for port in {50000..50020}; do echo stray >"/dev/udp/198.18.2.1/$port"; done'; }
refused() { lab exec dp sluice-capture -w "$WORK/none" "$@" 2>&1 && fail "$* was not refused"; }

echo_start

capture "$WORK/port" --port dp1
call
assert capture_end
assert_no_frames "$WORK/port" 'frame.interface_name != "dp1"'
assert_frames "$WORK/port" 'udp.dstport == 3480'

capture "$WORK/user" --user demo
call
strays
assert capture_end
assert_frames "$WORK/user" 'stun.channel'
assert_frames "$WORK/user" 'udp.dstport == 3480'
assert_no_frames "$WORK/user" 'frame.comment contains "turn_no_allocation"'
capture "$WORK/nobody" --user nobody
call
assert capture_end
assert_no_frames "$WORK/nobody" frame

# one of two allocations, by the id that `allocation show` has; a call whose last Refresh was lost has left one that is silent
allocations_end
start client turnutils_uclient -u demo -w demo -n 30000 -m 1 -z 20 -l 100 -c -e $PEER4 $SERVER4
start client turnutils_uclient -u demo -w demo -n 30000 -m 1 -z 20 -l 200 -c -e $PEER4 $SERVER4
await 20 at_least 2 allocations
await 20 allocation_relays 10
row=$(ctl -j allocation show | jq 'max_by(.to_peer_packets)')
id=$(jq .id <<<"$row") client=$(jq -r .client <<<"$row") relayed=$(jq -r .relayed <<<"$row")
client=${client##*:} relayed=${relayed##*:}
capture "$WORK/allocation" --allocation "$id" -c 200
wait "$CAPTURE"
assert_equal "$(frames "$WORK/allocation" frame)" 200
assert_no_frames "$WORK/allocation" "!(udp.port == $client || udp.port == $relayed)"
assert_frames "$WORK/allocation" "udp.port == $client"
assert_frames "$WORK/allocation" "udp.port == $relayed"

capture "$WORK/expression" --direction out udp dst port 3480
await 20 at_least 50 frames "$WORK/expression" frame
assert capture_end
assert_no_frames "$WORK/expression" '!(udp.dstport == 3480)'
assert_no_frames "$WORK/expression" '!(frame.comment contains "sent")'

capture "$WORK/reason" --reason turn_no_allocation
strays
await 10 at_least 15 frames "$WORK/reason" frame
assert capture_end
assert_no_frames "$WORK/reason" '!(frame.comment contains "reason turn_no_allocation")'

# a sample: it says so in the file, and is one in ten
capture "$WORK/sample" --sample 10 -p received
await 20 at_least 100 frames "$WORK/sample" frame
assert capture_end
assert_match "$(capinfos "$WORK/sample")" 'sample 1 in 10, points received'

# --snap, --bytes, --seconds, --buffer
capture "$WORK/snap" --snap 64 --buffer 64 -c 100
wait "$CAPTURE"
assert_no_frames "$WORK/snap" 'frame.cap_len > 64'
assert_frames "$WORK/snap" 'frame.len > 64 && frame.cap_len == 64'
capture "$WORK/bytes" --bytes 20k
wait "$CAPTURE"
size=$(stat -c %s "$WORK/bytes")
((size >= 20480 && size < 2 * 20480)) || fail "$size bytes"
capture "$WORK/seconds" --seconds 1
wait "$CAPTURE" || fail "a capture of a second"
assert_frames "$WORK/seconds" 'udp'

# of many files two are kept
lab exec dp sluice-capture -q -w "$WORK/ring.pcapng" --file-size 20k --files 2 -c 400 || fail "files"
files=("$WORK"/ring-*)
assert_equal "${#files[@]}" 2 "files"
[[ ! -e $WORK/ring-00001.pcapng ]] || fail "the first file is still there"
# the last one may have begun just before the end
assert_frames "${files[0]}" 'udp'
assert capinfos "${files[@]}" >/dev/null
lab exec dp sluice-capture -q -w "$WORK/time.pcapng" --file-seconds 1 --seconds 3 || fail "files by time"
files=("$WORK"/time-*)
((${#files[@]} >= 2 && ${#files[@]} <= 4)) || fail "files: ${files[*]}"

# a capture that is refused leaves what was there
echo old >"$WORK/none"
assert_match "$(refused --port nobody)" 'no port nobody'
assert_equal "$(<"$WORK/none")" old "an older file"
assert_equal "$(echo "$WORK"/none*)" "$WORK/none" "files"
assert_match "$(refused --reason drop.nothing)" 'no reason to drop'
assert_match "$(refused --port nobody)" 'no port nobody'
assert_match "$(refused --reason nothing)" 'no reason to drop'
assert_match "$(refused --decrypted)" 'runs without --allow-decrypted'
assert_match "$(refused --stream x)" 'no stream x'
assert_match "$(refused udp port port)" 'udp port port'
assert_match "$(refused --packets many)" 'expected a number'
