#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Other libraries than browsers' publish and watch by WHIP and WHEP, each to each: libdatachannel, with which OBS publishes, werift, and
# pion where Debian's packages of it are there. What a viewer gets begins with a key frame and is whole. Needs npm's node-datachannel and
# werift (tools/install-deps browser), golang-go and golang-github-pion-webrtc.v3-dev (tools/install-deps peers).
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

# shellcheck source=tools/lib/pion.sh
. "$SLUICE_ROOT/tools/lib/pion.sh"

LIBRARIES=(node-datachannel werift)
BASE=http://198.18.1.1:8080
client() {
	local library=$1
	shift
	if [[ $library == pion ]]; then
		in_client timeout 60 "$WORK/whip_client" "$@"
	else
		in_client timeout 60 node "$SMOKE/whip_client.js" "$library" "$NODE_MODULES" "$@"
	fi
}

command -v node >/dev/null || skip "no node"
for library in "${LIBRARIES[@]}"; do
	[[ -d $NODE_MODULES/$library ]] || skip "node finds no $library (tools/install-deps browser)"
done
missing=$(pion_missing)
if [[ ! $missing ]]; then
	pion_build "$WORK/whip_client" "$WORK/go" "$SMOKE/whip_client.go" && LIBRARIES+=(pion) || fail "pion's client is not built"
fi
publishing() { [[ $(ctl -j session show | jq '[.[] | select(.role == "publish" and .state == "connected" and .rx_packets > 0)] | length') == 1 ]]; }
for publisher in "${LIBRARIES[@]}"; do
	mkfifo "$WORK/$publisher"
	client "$publisher" publish $BASE/whip/$publisher <"$WORK/$publisher" >"$WORK/$publisher.out" 2>&1 &
	at_exit child_end $!
	exec {input}>"$WORK/$publisher"
	await 20 publishing || fail "$(<"$WORK/$publisher.out")"
	declare -A watching=()
	for viewer in "${LIBRARIES[@]}"; do
		client "$viewer" watch $BASE/whep/$publisher 100 >"$WORK/$publisher-$viewer" 2>&1 &
		watching[$viewer]=$!
	done
	for viewer in "${LIBRARIES[@]}"; do
		wait "${watching[$viewer]}" || fail "$publisher to $viewer: $(<"$WORK/$publisher-$viewer")"
		said=$(<"$WORK/$publisher-$viewer")
		printf '%s to %s: %s\n' "$publisher" "$viewer" "$said"
		jq -e '.first_is_key and .missing == 0' <<<"$said" >/dev/null || fail "$publisher to $viewer: $said"
	done
	exec {input}>&-
	await_equal 10 0 sessions
done
[[ ! $missing ]] || skip "the others are right; without pion: $missing"
