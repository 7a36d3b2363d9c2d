#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A TURN call captured as it is received, sent and dropped: tshark decodes it, and each packet says where it was seen.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_capture.sh
. "$SMOKE/_capture.sh"

echo_start
all=$WORK/all.pcapng
capture "$all"
assert_lossless -n 50 -m 2 -z 5 -l 160 -c -e $PEER4 $SERVER4
assert_lossless -n 20 -m 1 -z 5 -l 160 -x -s -e $PEER6 $SERVER6
strays=$(counter drop.turn_no_allocation)
in_peer bash -c 'for port in {50000..50020}; do echo stray >"/dev/udp/198.18.2.1/$port"; done'
await 5 at_least $((strays + 15)) counter drop.turn_no_allocation
assert capture_end

assert_match "$(capinfos "$all" 2>&1)" 'application: +sluice-dataplane'
comments "$all" >"$WORK/comments"
assert grep -q 'received, node port_rx' "$WORK/comments"
assert grep -q 'sent, node port_tx' "$WORK/comments"
assert grep -q 'dropped, node turn_to_client, reason turn_no_allocation: ' "$WORK/comments"

# what tshark makes of it
assert_frames "$all" 'stun.type == 0x0003 && frame.comment contains "received"'
assert_frames "$all" 'stun.type == 0x0103 && frame.comment contains "sent"'
assert_frames "$all" 'stun.type == 0x0113 && stun.att.error.class == 4'
assert_frames "$all" 'stun.channel && frame.comment contains "received" && frame.interface_name == "dp0"'
assert_frames "$all" 'stun.channel && frame.comment contains "sent" && frame.interface_name == "dp0"'
assert_frames "$all" 'udp.dstport == 3480 && frame.comment contains "sent" && frame.interface_name == "dp1"'
assert_frames "$all" 'ipv6 && stun.type == 0x0016'
assert_no_frames "$all" 'frame.comment contains "received" && !(frame.packet_flags_direction == 1)'
assert_no_frames "$all" 'frame.comment contains "sent" && !(frame.packet_flags_direction == 2)'
# What clients relay is theirs, and a port that was drawn may be another protocol's: no port but 3478 says what it is.
assert_no_frames "$all" _ws.malformed -d udp.port==3480-3481,data -d udp.port==50000-50020,data

# a relayed packet is in there twice: with its channel header, and without
inbound=$(frames "$all" 'stun.channel && frame.comment contains "received" && ip.dst == 198.18.1.1')
outbound=$(frames "$all" 'udp.dstport == 3480 && frame.comment contains "sent" && ip.dst == 198.18.2.2')
((inbound >= 100)) || fail "$inbound packets on channels"
assert_equal "$outbound" "$inbound" "packets to the peer"

# the same through a pipe
in_client turnutils_uclient -u demo -w demo -n 20 -m 1 -z 5 -c -e $PEER4 $SERVER4 >/dev/null 2>&1 &
at_exit child_end $!
piped=$("$SLUICE_ROOT/tools/lab" exec dp sluice-capture -q -c 10 -p received udp port 3478 | tshark -r - 2>/dev/null | wc -l)
assert_equal "$piped" 10 "packets through a pipe"
