#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A region dies with a publisher and a viewer in it. sluice's page notices it within 2 s, where a browser by itself takes more than 10,
# and both are back within 5 s, in another region. The viewer had asked region c, which had sent it to where the stream is.
# long
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

# page_state NAME: what its page says of the session, at one moment
page_state() {
	browser "$1" '(async (one) => ({begun: one.begun, where: new URL(one.resource).hostname, ...one.lapse, frames: (await one.stats()).frames}))(sluice.session())'
}
# came_back NAME: in another region, where frames pass; how is in $WORK/NAME.state
came_back() {
	page_state "$1" >"$WORK/$1.state"
	jq -e --arg dead "${SERVER[b]}" '.where != $dead and .back > 0 and .frames >= 15' "$WORK/$1.state"
}
region_sessions() { at "$1" -j session show | jq '[.[] | select(.state == "connected")] | length'; }

browsers_need chromium
at_exit lab heal b
await 15 all_healthy
browser_start publisher chromium "http://${SERVER[b]}:8080/"
browser_start viewer chromium "http://${SERVER[c]}:8080/"
assert_match "$(browser_publish publisher cam)" "//${SERVER[b]}:8080/whip/cam/"
assert_match "$(browser_watch viewer cam)" "//${SERVER[b]}:8080/whep/cam/"
await 30 has_frames viewer 30
assert_equal "$(region_sessions b)" 2 "sessions in b"
clock_start
assert lab kill b
for name in publisher viewer; do
	await 20 came_back $name
	printf '%s: %s\n' $name "$(<"$WORK/$name.state")"
done
waited=$(($(waited_ms) - CLOCK_WAITED))
for name in publisher viewer; do
	jq -e --argjson waited $waited '.noticed <= 2000 + $waited and .back <= 5000 + $waited' "$WORK/$name.state" >/dev/null ||
		fail "$name: $(<"$WORK/$name.state"), processes waited $waited ms for a processor"
done
assert_equal "$(jq -r .where "$WORK/viewer.state")" "$(jq -r .where "$WORK/publisher.state")" "where the viewer is"
assert_equal "$(browser viewer 'sluice.stop()')" null
assert_equal "$(browser publisher 'sluice.stop()')" null
await_equal 5 0 region_sessions a
await_equal 5 0 region_sessions c
