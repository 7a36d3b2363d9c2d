#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The control plane is killed 20 times while 50 calls are up that were made over HTTP: each is there, and a film goes through without a
# missing frame.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tools/lib/media.sh
. "$SLUICE_ROOT/tools/lib/media.sh"

missing=$(media_missing)
[[ $missing ]] && skip "not installed: $missing (tools/install-deps test)"
CALLS=50
at_exit lab heal controlplane
media_ctl() { lab ctl -s /run/sluice/dataplane.sock "$@"; } # what a call has, whoever makes it
at_exit media_forget

# post NOUN VERB JSON
post() { in_dp curl -sf -X POST -H 'Authorization: Bearer lab' -d "$3" "http://127.0.0.1:8080/v1/$1/$2" >/dev/null; }
# call_make NUMBER: who speaks, who hears, and what is sent
call_make() {
	local end key
	key=$(head -c 28 /dev/urandom | base64 -w0)
	for end in speaks:$((20000 + $1)) hears:$((21000 + $1)); do
		post endpoint add "$(jq -nc --arg name "call$1-${end%:*}" --arg port "${end#*:}" --arg key "$key" \
			'{name: $name, remote: "198.18.1.2:\($port)", local: "198.18.1.1:6000", profile: "gcm128", "rx-key": $key, "tx-key": $key}')" || return
	done
	post stream add "{\"name\": \"call$1\", \"endpoint\": \"call$1-speaks\"}" &&
		post subscription add "{\"stream\": \"call$1\", \"to\": \"call$1-hears\"}"
}
calls() { media_ctl -j subscription show | jq -cS 'map(select(.stream | startswith("call")) | {stream, endpoint, ssrc, origin}) | sort_by(.stream)'; }
answers() { ctl -j subscription show | jq -e 'length > 50'; }

source_make 30
for ((i = 1; i <= CALLS; i++)); do
	call_make $i || fail "call $i"
done
before=$(calls)
assert_equal "$(jq -c '[length, (map(.origin) | unique)]' <<<"$before")" "[$CALLS,[\"api\"]]" "calls that were made"
assert endpoint_add film-video 5000 cm80 publisher
assert endpoint_add film-audio 5002 cm80 publisher
assert media_ctl stream add video endpoint film-video ssrc 1111
assert endpoint_add gst-gcm 7100 gcm128 subscriber
assert media_ctl subscription add video to gst-gcm
gst_subscribe gst-gcm --codec h264
losses >"$WORK/losses"
ffmpeg_publish film-video 1111 film-audio 2222 &
publisher=$!
at_exit child_end $publisher
await 20 at_least 30 lines "$WORK/gst-gcm.lines"
for ((death = 1; death <= 20; death++)); do
	assert lab kill controlplane
	assert lab heal controlplane
	await 5 answers
	assert_equal "$(calls)" "$before" "calls after death $death"
done
wait $publisher || fail "ffmpeg did not publish"
wanted=$(lines "$WORK/video.want")
await 15 ends_alike "$WORK/video.want" gst_frames gst-gcm
gst_frames gst-gcm >"$WORK/gst-gcm.got"
assert_equal "$(frames_compare "$WORK/video.want" "$WORK/gst-gcm.got")" "1 $wanted $wanted 0 0" "frames at GStreamer; losses: $(losses_since "$WORK/losses")"
printf '20 deaths: %d calls are there, %d of %d frames came\n' "$(jq length <<<"$(calls)")" "$wanted" "$wanted"
