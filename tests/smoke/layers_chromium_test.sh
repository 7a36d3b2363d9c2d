#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A browser publishes three layers, and its viewer gets one after the other by command: each comes, nothing is lost and the decoder
# goes on. The publisher is told when its packets came, and what its path has proven to carry. Needs chromium, and npm's
# playwright-core, which tools/install-deps puts into build-node.
# What its path carries has no say: tests/smoke/layers_estimate_test.sh.
export LAB_DATAPLANE_ARGS="--no-viewer-estimate"
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

# layers_send N: so many streams of the publisher's video have sent something
layers_send() { (($(ctl -j stream show | jq '[.[] | select((.name | test("^cam/.*/[qhf]$")) and .packets > 100)] | length') >= $1)); }
# is_wide N: the viewer decodes frames of this width
is_wide() { [[ $(stat_of viewer width) == "$1" ]]; }
# One reply has both: what is proven grows.
is_told() {
	ctl -j endpoint show | jq -e --arg name "$publisher" '.[] | select(.name == $name) | .proven_kbps > 0 and .lower_kbps >= .proven_kbps'
}

browsers_need chromium
browser_start publisher chromium
browser_start viewer chromium
assert_match "$(browser_publish publisher cam 'simulcast: true, width: 960, height: 540')" '/whip/cam/'
await 60 layers_send 3
assert_match "$(browser_watch viewer cam)" '/whep/cam/'
publisher=$(ctl -j session show | jq -r '.[] | select(.role == "publish").id')
viewer=$(ctl -j session show | jq -r '.[] | select(.role == "watch").id')
await 30 has_frames viewer 10
mid=$(ctl -j subscription show | jq -r '.[] | select(.stream | test("/[qhf]$")).stream | split("/")[1]')
for layer in f:960 q:240 h:480 f:960; do
	assert ctl session layer "$viewer" "$mid" "${layer%:*}"
	await 30 is_wide "${layer#*:}"
	await 10 has_frames viewer $(($(stat_of viewer frames) + 10))
done
stats=$(browser viewer 'sluice.stats()')
jq -e '.lost == 0 and .codec == "VP8"' <<<"$stats" >/dev/null || fail "the viewer: $stats"
assert_match "$(ctl -j counter show)" '"media.transport_feedback_sent"'
(($(counter media.transport_feedback_sent) > 50)) || fail "feedback: $(counter media.transport_feedback_sent)"
await 30 is_told
