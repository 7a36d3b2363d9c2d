#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each codec that the browsers have, from each to each: Chromium's VP8, VP9, H.264 and AV1, Firefox's VP8 and VP9. A viewer that cannot
# play what is sent is told so. Needs chromium and firefox-esr, and what drives them (tools/install-deps browser).
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

browsers_need chromium firefox
for name in one two; do
	browser_start chromium_$name chromium
	browser_start firefox_$name firefox
done
# passes PUBLISHER VIEWER CODEC
passes() {
	local stream="$1-$3" stats
	assert_match "$(browser_publish "$1" "$stream" "codec: '$3'")" '/whip/'
	assert_match "$(browser_watch "$2" "$stream")" '/whep/'
	await 40 has_frames "$2" 40
	stats=$(browser "$2" 'sluice.stats()')
	printf '%s to %s: %s\n' "$1" "$2" "$stats"
	assert_equal "$(jq -r .codec <<<"$stats")" "$3" "codec"
	assert_equal "$(jq -r .lost <<<"$stats")" 0 "packets lost"
	browser "$2" 'sluice.stop()' >/dev/null
	browser "$1" 'sluice.stop()' >/dev/null
}
for codec in VP8 VP9 H264 AV1; do
	passes chromium_one chromium_two $codec
done
for codec in VP8 VP9; do
	passes chromium_one firefox_one $codec
	passes firefox_one chromium_one $codec
	passes firefox_one firefox_two $codec
done
browser_publish chromium_one plain "codec: 'H264'" >/dev/null
assert_match "$(browser_watch firefox_one plain)" '422: the publisher sends H264'
browser chromium_one 'sluice.stop()' >/dev/null
await_equal 5 0 sessions
