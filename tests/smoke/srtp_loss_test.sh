#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# 2 % of the packets are lost on one subscriber's leg: each is repaired from the cache, the publisher is not asked, and nobody else
# sees anything of it.
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
for endpoint in lossy clean other; do
	assert endpoint_add $endpoint 71$((n++))0 gcm128 subscriber
	assert ctl subscription add video to $endpoint
done
gst_subscribe lossy --codec h264 --nack --drop 0.02
gst_subscribe clean --codec h264
gst_subscribe other --codec h264

ffmpeg_publish film-video 1111 film-audio 2222 || fail "ffmpeg did not publish"
wanted=$(lines "$WORK/video.want")
for endpoint in lossy clean other; do
	await 5 ends_alike "$WORK/video.want" gst_frames $endpoint
	gst_frames $endpoint >"$WORK/$endpoint.got"
	assert_equal "$(frames_compare "$WORK/video.want" "$WORK/$endpoint.got")" "1 $wanted $wanted 0 0" "frames at $endpoint"
done
repaired=$(subscription_field video lossy retransmitted)
((repaired > 0)) || fail "nothing was lost"
assert_equal "$(subscription_field video lossy retransmit_missed)" 0 "not in the cache"
for endpoint in clean other; do
	assert_equal "$(subscription_field video $endpoint retransmitted)" 0 "sent again to $endpoint"
done
assert_equal "$(stream_field video nacks_sent)" 0 "asked of the publisher"
printf '%s of %s frames at each of 3; sent again: %s\n' "$wanted" "$wanted" "$repaired"
