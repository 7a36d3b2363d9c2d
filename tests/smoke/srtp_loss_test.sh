#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# 2 % of the packets are lost on one subscriber's leg, and six in a row on two others, of which one is sent repeats as RTX (RFC 4588):
# each is repaired from the cache, the publisher is not asked, and nobody else sees anything of it.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tools/lib/media.sh
. "$SLUICE_ROOT/tools/lib/media.sh"

missing=$(media_missing)
[[ $missing ]] && skip "not installed: $missing (tools/install-deps test)"
at_exit media_forget
source_make 10
n=0
assert endpoint_add film-video 5000 cm80 publisher
assert endpoint_add film-audio 5002 cm80 publisher
assert ctl stream add video endpoint film-video ssrc 1111
for endpoint in lossy burst rtx clean; do
	assert endpoint_add $endpoint 71$((n++))0 gcm128 subscriber
	options=()
	[[ $endpoint == rtx ]] && options=(rtx-ssrc 7777 rtx-pt 98)
	assert ctl subscription add video to $endpoint "${options[@]}"
done
# GStreamer asks at its own pace, and four players share this machine's cores: they wait longer than half a second for a
# retransmission.
gst_subscribe lossy --codec h264 --nack --latency 2000 --drop 0.02
subscribers=("$STARTED")
gst_subscribe burst --codec h264 --nack --latency 2000 --burst 6
subscribers+=("$STARTED")
gst_subscribe rtx --codec h264 --nack --latency 2000 --burst 6 --rtx 98
subscribers+=("$STARTED")
gst_subscribe clean --codec h264

ffmpeg_publish film-video 1111 film-audio 2222 || fail "ffmpeg did not publish"
wanted=$(lines "$WORK/video.want")
for endpoint in lossy burst rtx clean; do
	await 15 ends_alike "$WORK/video.want" gst_frames $endpoint
	gst_frames $endpoint >"$WORK/$endpoint.got"
	assert_equal "$(frames_compare "$WORK/video.want" "$WORK/$endpoint.got")" "1 $wanted $wanted 0 0" "frames at $endpoint"
done
for pid in "${subscribers[@]}"; do
	child_end "$pid"
done
# GStreamer also asks for what is merely late. A repeat may be lost as well.
for endpoint in lossy burst rtx; do
	repaired=$(subscription_field video $endpoint retransmitted)
	dropped=$(gst_total $endpoint dropped)
	printf '%s: %s lost, %s sent again\n' $endpoint "$dropped" "$repaired"
	((dropped >= 6 && repaired >= dropped)) || fail "$dropped lost at $endpoint, $repaired sent again"
	assert_equal "$(subscription_field video $endpoint retransmit_missed)" 0 "not in the cache for $endpoint"
done
taken=$(gst_total rtx rtx)
((taken > 0 && taken <= repaired && taken >= repaired - dropped)) || fail "$taken of $repaired repeats were taken as RTX"
assert_equal "$(subscription_field video clean retransmitted)" 0 "sent again to clean"
assert_equal "$(stream_field video nacks_sent)" 0 "asked of the publisher"
printf '%s of %s frames at each of 4\n' "$wanted" "$wanted"
