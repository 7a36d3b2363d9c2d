#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A browser that publishes and one that watches, behind a NAT that takes another address and other ports, as where a phone leaves its
# network: their sessions go on from there, and frames with them. The browsers themselves know of nothing.
# long
#
#   browsers -- 198.18.1.2:5371 [ rebind.py ] 198.18.1.2, then 198.18.1.3 -- 198.18.1.1:5371 [ dp ]
#
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

PORT=5371
OTHERS=(198.18.1.1:3478 '[2001:2:0:1::1]:3478') # of the laboratory
IFACE=$(in_client ip -j route get 198.18.1.1 | jq -r '.[0].dev')
# sessions_at ADDRESS: all of them have the address
sessions_at() { ctl -j session show | jq -e --arg at "$1:" 'length == 2 and all(.state == "connected" and (.remote | startswith($at)))'; }

browsers_need chromium
await_equal 40 0 sessions # of browsers that were killed before
at_exit ctl config reload
for listener in "${OTHERS[@]}"; do
	assert ctl webrtc listen delete "$listener"
done
assert ctl webrtc listen 198.18.1.1:$PORT announce 198.18.1.2
at_exit in_client ip addr del 198.18.1.3/24 dev "$IFACE"
assert in_client ip addr add 198.18.1.3/24 dev "$IFACE"
coproc NAT { exec 2>"$WORK/nat"; client_python rebind.py 198.18.1.2 $PORT 198.18.1.2 198.18.1.1; }
at_exit child_end "$NAT_PID"
read -r -t 20 -u "${NAT[0]}" said && [[ $said == ready ]] || fail "no NAT: $(cat "$WORK/nat")"

browser_start publisher chromium
browser_start viewer chromium
assert_match "$(browser_publish publisher cam)" '/whip/cam/'
assert_match "$(browser_watch viewer cam)" '/whep/cam/'
await 30 has_frames viewer 30
assert sessions_at 198.18.1.2
moved=$(counter ice.moved)
echo 198.18.1.3 >&"${NAT[1]}"
read -r -t 20 -u "${NAT[0]}" said && [[ $said == moved ]] || fail "the NAT: $(cat "$WORK/nat")"
await 15 sessions_at 198.18.1.3
frames=$(stat_of viewer frames)
await 30 has_frames viewer $((frames + 30))
assert at_least $((moved + 2)) counter ice.moved
browser viewer 'sluice.stats()'
assert_equal "$(browser viewer 'sluice.stop()')" null
assert_equal "$(browser publisher 'sluice.stop()')" null
await_equal 5 0 sessions
