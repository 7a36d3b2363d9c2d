#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# ffmpeg publishes SRTP video and audio; ffmpeg (AES-CM) and GStreamer (GCM, AES-CM with 256 bits) decode each frame that was sent, and one of them leaves
# out what was sent while it was paused.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tools/lib/media.sh
. "$SLUICE_ROOT/tools/lib/media.sh"

missing=$(media_missing)
[[ $missing ]] && skip "not installed: $missing (tools/install-deps test)"
at_exit media_forget
config_lines() { ctl config show | grep -c "$1"; }
ff_packets() { md5_column "$WORK/ff-audio.md5" | wc -l; }
ff_frames() { md5_column "$WORK/ff-video.md5" | wc -l; }
source_make 14
assert endpoint_add film-video 5000 cm80 publisher
assert endpoint_add film-audio 5002 cm80 publisher
assert ctl stream add video endpoint film-video ssrc 1111
assert ctl stream add audio endpoint film-audio ssrc 2222 clock 48000
assert endpoint_add ff-video 7000 cm80 subscriber
assert endpoint_add ff-audio 7002 cm80 subscriber
assert endpoint_add gst-gcm 7100 gcm128 subscriber
assert endpoint_add gst-paused 7102 cm256 subscriber
for endpoint in ff-video gst-gcm gst-paused; do
	assert ctl subscription add video to $endpoint
done
assert ctl subscription add audio to ff-audio
ffmpeg_subscribe ff-video ff-audio
gst_subscribe gst-gcm --codec h264
gst_subscribe gst-paused --codec h264

losses >"$WORK/losses"
ffmpeg_publish film-video 1111 film-audio 2222 &
publisher=$!
at_exit child_end $publisher
await 10 at_least 60 lines "$WORK/gst-paused.lines"
assert ctl subscription pause video to gst-paused
await 10 at_least $(($(lines "$WORK/gst-gcm.lines") + 90)) lines "$WORK/gst-gcm.lines"
assert ctl subscription resume video to gst-paused
wait $publisher || fail "ffmpeg did not publish"
wanted=$(lines "$WORK/video.want")
for endpoint in gst-gcm gst-paused; do
	await 5 ends_alike "$WORK/video.want" gst_frames $endpoint
	gst_frames $endpoint >"$WORK/$endpoint.got"
done
# ffmpeg keeps the last frames back until it hears more.
await 5 at_least $((wanted - 5)) ff_frames
audio=$(lines "$WORK/audio.want")
await 5 at_least $((audio - 5)) ff_packets
md5_column "$WORK/ff-video.md5" >"$WORK/ff-video.got"
md5_column "$WORK/ff-audio.md5" >"$WORK/ff-audio.got"

assert_equal "$(frames_compare "$WORK/video.want" "$WORK/gst-gcm.got")" "1 $wanted $wanted 0 0" "frames at GStreamer, GCM; losses: $(losses_since "$WORK/losses")"
read -r first last count gaps strange < <(frames_compare "$WORK/video.want" "$WORK/ff-video.got")
assert_equal "$first $count $gaps $strange" "1 $last 0 0" "frames at ffmpeg, AES-CM; losses: $(losses_since "$WORK/losses")"
read -r first last count gaps strange < <(frames_compare "$WORK/audio.want" "$WORK/ff-audio.got")
assert_equal "$first $count $gaps $strange" "1 $last 0 0" "audio at ffmpeg"
printf 'audio: %s of %s\n' "$count" "$audio"
# From the resume to the next key frame, at most 15 frames on, pictures are made of what is missing.
read -r first last count gaps strange < <(frames_compare "$WORK/video.want" "$WORK/gst-paused.got")
assert_equal "$first $last $gaps" "1 $wanted 1" "frames of the one that paused"
((strange <= 15 && count < wanted - 30)) || fail "$count frames and $strange broken ones where one paused"
assert_equal "$(counter drop.srtp_auth)" 0 drop.srtp_auth
printf 'video %s frames, audio %s packets at ffmpeg, paused: %s and %s broken\n' "$wanted" "$(lines "$WORK/ff-audio.got")" "$count" "$strange"

# What hung on the publisher is no longer configured either: it would be refused at the next start.
assert_equal "$(config_lines 'add video ')" 4 "lines about the film"
assert ctl endpoint delete film-video
assert_equal "$(config_lines 'add video ')" 0 "lines about what has gone"
assert_equal "$(config_lines 'add audio ')" 2 "lines about the other publisher"
