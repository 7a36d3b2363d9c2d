#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A viewer's link gets narrow and wide again: of three layers it gets one that fits, and the decoder goes on. The publisher is on
# the other side, where no link is in its way. Needs chromium, and npm's playwright-core, which tools/install-deps puts into
# build-node.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

# column NAME: of the viewer's row
column() { ctl -j session show | jq -r ".[] | select(.role == \"watch\").$1"; }
# layers_send N: so many streams of the publisher's video have sent something
layers_send() { (($(ctl -j stream show | jq '[.[] | select((.name | test("^cam/.*/[qhf]$")) and .packets > 100)] | length') >= $1)); }
is_above_lowest() { [[ $(column layer) == [hf] ]]; }
is_lowest() { [[ $(column layer) == q && $(column layer_reason) == estimate ]]; }
goes_on() { has_frames viewer $(($1 + 10)); }
frames() { stat_of viewer frames; }

browsers_need chromium
at_exit lab link off
assert lab link 0 0 300 0
assert ctl webrtc listen 198.18.2.1:3478
at_exit ctl webrtc listen delete 198.18.2.1:3478
assert ctl http listen 198.18.2.1:8080
at_exit ctl http listen delete 198.18.2.1:8080
film=$WORK/film.y4m
ffmpeg -v error -f lavfi -i testsrc2=size=960x540:rate=15 -vf noise=alls=40:allf=t -t 2 -pix_fmt yuv420p "$film" || skip "no ffmpeg here"
BROWSER_HOST=peer BROWSER_FILM=$film browser_start publisher chromium http://198.18.2.1:8080/
browser_start viewer chromium
assert_match "$(browser_publish publisher cam "source: 'camera', simulcast: true, width: 960, height: 540")" '/whip/cam/'
await 60 layers_send 2
assert_match "$(browser_watch viewer cam)" '/whep/cam/'
await 30 has_frames viewer 10
await 30 is_above_lowest
printf 'a wide link: layer %s, %s kbit/s\n' "$(column layer)" "$(column estimate_kbps)"

assert lab link down 300 25 300 0
clock_start
await 30 is_lowest
printf '0.3 Mbit/s: layer %s, %s kbit/s, after %d ms\n' "$(column layer)" "$(column estimate_kbps)" $(($(now_ms) - CLOCK_START))
await 30 goes_on "$(frames)"

assert lab link down 4000 25 300 0
clock_start
await 60 is_above_lowest
printf '4 Mbit/s: layer %s, %s kbit/s, after %d ms\n' "$(column layer)" "$(column estimate_kbps)" $(($(now_ms) - CLOCK_START))
await 30 goes_on "$(frames)"
assert_equal "$(stat_of viewer codec)" VP8 "what is decoded"
(($(counter media.probe_packets) > 0 && $(counter media.viewer_feedback) > 0)) || fail "$(ctl counter show nonzero)"
assert_equal "$(counter media.viewer_unmatched)" 0 "packets that it tells of and that were not sent"
