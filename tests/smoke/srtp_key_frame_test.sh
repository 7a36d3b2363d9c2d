#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A publisher that makes key frames on demand alone: who joins late, and who resumes, gets one by PLI at once; requests of several
# subscribers at the same time become one upstream.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tools/lib/media.sh
. "$SLUICE_ROOT/tools/lib/media.sh"

FRAMES=3000 # at most: it ends when all has been seen
key_frames() { grep -c ' KEY$' "$WORK/camera.lines"; }
# first_is_key ENDPOINT: the first picture that it decoded was a key frame
first_is_key() { grep -q "^frame $(gst_frames "$1" | head -n 1) KEY$" "$WORK/camera.lines"; }

missing=$(media_missing)
[[ $missing ]] && skip "not installed: $missing (tools/install-deps test)"
at_exit media_forget
assert endpoint_add camera 5000 gcm128 publisher
assert ctl stream add camera endpoint camera ssrc 1111
assert endpoint_add early 7000 gcm128 subscriber
assert ctl subscription add camera to early
gst_subscribe early
gst_publish camera 1111 $FRAMES
publisher=$STARTED
await 10 at_least 60 lines "$WORK/early.lines"

assert endpoint_add late 7002 cm80 subscriber
assert endpoint_add later 7004 gcm128 subscriber
gst_subscribe late
gst_subscribe later
start=$(now_ms)
before=$(key_frames) requests=$(stream_field camera key_frame_requests)
assert ctl subscription add camera to late
assert ctl subscription add camera to later
await 5 at_least 30 lines "$WORK/late.lines"
await 5 at_least 30 lines "$WORK/later.lines"
requests=$(($(stream_field camera key_frame_requests) - requests)) came=$(($(key_frames) - before))
took=$(($(now_ms) - start))
# At most one request upstream in a second, however many ask, and one more within it for the second of them, which begins.
((came > 0 && requests > 0 && requests <= 2 + took / 1000)) || fail "$requests requests, $came key frames in $took ms for two that joined"
assert first_is_key late
assert first_is_key later

kill -TERM $publisher
wait $publisher
awk '$1 == "frame" { print $2 }' "$WORK/camera.lines" >"$WORK/camera.want"
sent=$(lines "$WORK/camera.want")
assert_equal "$(gst_total camera sent)" "$sent" "frames sent"
for endpoint in early late later; do
	await 5 ends_alike "$WORK/camera.want" gst_frames $endpoint
	gst_frames $endpoint >"$WORK/$endpoint.got"
	read -r first last count gaps strange < <(frames_compare "$WORK/camera.want" "$WORK/$endpoint.got")
	printf '%s: frames %s to %s, %s gaps, %s broken\n' $endpoint "$first" "$last" "$gaps" "$strange"
	assert_equal "$last $count $gaps $strange" "$sent $((last - first + 1)) 0 0" "frames at $endpoint"
done
((first > 1)) || fail "later did not join late"
