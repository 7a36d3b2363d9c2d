#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Other libraries than browsers' publish and watch by WHIP and WHEP, each to each: libdatachannel, with which OBS publishes, and werift.
# What a viewer gets begins with a key frame and is whole. Needs npm's node-datachannel and werift (tools/install-deps browser).
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

LIBRARIES=(node-datachannel werift)
BASE=http://198.18.1.1:8080
client() { in_client timeout 60 node "$SMOKE/whip_client.js" "$1" "$NODE_MODULES" "${@:2}"; }

command -v node >/dev/null || skip "no node"
for library in "${LIBRARIES[@]}"; do
	[[ -d $NODE_MODULES/$library ]] || skip "node finds no $library (tools/install-deps browser)"
done
publishing() { [[ $(ctl -j session show | jq '[.[] | select(.role == "publish" and .state == "connected" and .rx_packets > 0)] | length') == 1 ]]; }
for publisher in "${LIBRARIES[@]}"; do
	mkfifo "$WORK/$publisher"
	client "$publisher" publish $BASE/whip/$publisher <"$WORK/$publisher" >"$WORK/$publisher.out" 2>&1 &
	at_exit child_end $!
	exec {input}>"$WORK/$publisher"
	await 20 publishing || fail "$(<"$WORK/$publisher.out")"
	for viewer in "${LIBRARIES[@]}"; do
		said=$(client "$viewer" watch $BASE/whep/$publisher 100 2>&1) || fail "$publisher to $viewer: $said"
		printf '%s to %s: %s\n' "$publisher" "$viewer" "$said"
		jq -e '.first_is_key and .missing == 0' <<<"$said" >/dev/null || fail "$publisher to $viewer: $said"
	done
	exec {input}>&-
	await_equal 10 0 sessions
done
