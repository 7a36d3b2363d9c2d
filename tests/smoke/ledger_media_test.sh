#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the dataplane while ffmpeg publishes SRTP: subscribers of two profiles, GStreamer and ffmpeg, which know nothing of it, go on,
# GStreamer to the last frame, and each SSRC stays. Then the same with a process that takes over.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tools/lib/media.sh
. "$SLUICE_ROOT/tools/lib/media.sh"

missing=$(media_missing)
[[ $missing ]] && skip "not installed: $missing (tools/install-deps test)"
at_exit lab heal dataplane
at_exit media_forget
dataplane() { ctl -s /run/sluice/dataplane.sock "$@"; }
ff_frames() { md5_column "$WORK/ff-video.md5" | wc -l; }
ssrcs() { dataplane -j subscription show | jq -cS 'map({stream, endpoint, ssrc}) | sort_by(.endpoint)'; }
sent() { dataplane -j subscription show | jq 'map(.packets) | min'; }

source_make 24
assert endpoint_add film-video 5000 cm80 publisher
assert endpoint_add film-audio 5002 cm80 publisher
assert ctl stream add video endpoint film-video ssrc 1111
assert ctl stream add audio endpoint film-audio ssrc 2222 clock 48000
assert endpoint_add ff-video 7000 cm80 subscriber
assert endpoint_add ff-audio 7002 cm80 subscriber
assert endpoint_add gst-gcm 7100 gcm128 subscriber
for endpoint in ff-video gst-gcm; do
	assert ctl subscription add video to $endpoint
done
assert ctl subscription add audio to ff-audio ssrc 77
ffmpeg_subscribe ff-video ff-audio
gst_subscribe gst-gcm --codec h264
ffmpeg_publish film-video 1111 film-audio 2222 &
publisher=$!
at_exit child_end $publisher
await 20 at_least 60 lines "$WORK/gst-gcm.lines"
before=$(ssrcs)
assert lab kill dataplane
assert lab heal dataplane
await 5 at_least 1 sent
assert_equal "$(ssrcs)" "$before" "SSRCs after a death"
await 20 at_least $(($(lines "$WORK/gst-gcm.lines") + 60)) lines "$WORK/gst-gcm.lines"
assert lab upgrade dataplane
await 5 at_least 1 sent
upgraded=$(ff_frames)
assert_equal "$(ssrcs)" "$before" "SSRCs after an upgrade"
assert_equal "$(dataplane -j subscription show | jq -c 'map(.needs_key) | unique')" "[0]" "subscriptions that need a key"
wait $publisher || fail "ffmpeg did not publish"
await 15 ends_alike "$WORK/video.want" gst_frames gst-gcm
gst_frames gst-gcm >"$WORK/gst-gcm.got"
read -r first last count gaps strange < <(frames_compare "$WORK/video.want" "$WORK/gst-gcm.got")
wanted=$(lines "$WORK/video.want")
assert_equal "$first $last" "1 $wanted" "first and last frame at GStreamer"
printf 'GStreamer: %s of %s frames, %s gaps, %s broken; ffmpeg: %s frames\n' "$count" "$wanted" "$gaps" "$strange" "$(ff_frames)"
(($(ff_frames) >= wanted / 2 && $(ff_frames) > upgraded)) || fail "ffmpeg decoded $(ff_frames) of $wanted frames"
assert_equal "$(dataplane -j counter show | jq '[.[] | select(.name == "drop.srtp_auth").value] | add // 0')" 0 drop.srtp_auth
