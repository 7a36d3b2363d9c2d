# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# SRTP publishers and subscribers in the laboratory: ffmpeg and GStreamer (gst_media.py), with keys made here.
# The publishers are at the client, the subscribers at the peer; frames are compared by the MD5 of each decoded picture.
# Who sources this has WORK, a folder, and start HOST COMMAND..., which leaves COMMAND running and its id in STARTED.

PUBLISHER=198.18.1.2
PUBLISHED_AT=198.18.1.1
SUBSCRIBER=198.18.2.2
SENT_FROM=198.18.2.1
# shellcheck disable=SC2034 # for those who source this
declare -A KEY_SIZE=([cm80]=30 [cm256]=46 [gcm128]=28) GST_CIPHER=([cm80]=aes-128-icm [cm256]=aes-256-icm [gcm128]=aes-128-gcm)

media_ctl() { "$SLUICE_ROOT/tools/lab" ctl "$@"; }
media_at() { "$SLUICE_ROOT/tools/lab" exec "$@"; }

# media_missing: prints what is not installed
media_missing() {
	local program
	for program in ffmpeg gst-inspect-1.0; do
		command -v $program >/dev/null || printf '%s\n' $program
	done
}

# What the test has configured, and only that.
media_forget() {
	local name
	for name in $(media_ctl -j endpoint show | jq -r '.[].name'); do
		media_ctl endpoint delete "$name"
	done
}

key_make() { head -c "${KEY_SIZE[$1]}" /dev/urandom | base64 -w0; }
key_hex() { base64 -d <<<"$1" | od -An -v -tx1 | tr -d ' \n'; }

declare -A PROFILE RX_KEY TX_KEY PORT

# endpoint_add NAME PORT PROFILE publisher|subscriber: with the same port at both ends
endpoint_add() {
	local far=$PUBLISHER near=$PUBLISHED_AT
	[[ $4 == subscriber ]] && far=$SUBSCRIBER near=$SENT_FROM
	PORT[$1]=$2 PROFILE[$1]=$3 RX_KEY[$1]=$(key_make "$3") TX_KEY[$1]=$(key_make "$3")
	media_ctl endpoint add "$1" remote "$far:$2" local "$near:$2" profile "$3" rx-key "${RX_KEY[$1]}" tx-key "${TX_KEY[$1]}"
}

# source_make SECONDS: a film with a key frame each half a second; its frames in $WORK/video.want and audio.want
source_make() {
	ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 -t "$1" \
		-c:v libx264 -preset veryfast -threads 1 -bf 0 -g 15 -pix_fmt yuv420p -c:a libopus -b:a 64k "$WORK/film.mkv" &&
		ffmpeg -v error -threads 1 -i "$WORK/film.mkv" -map 0:v -f framemd5 "$WORK/video.md5" &&
		ffmpeg -v error -i "$WORK/film.mkv" -map 0:a -c copy -f framemd5 "$WORK/audio.md5" || die "ffmpeg made no film"
	md5_column "$WORK/video.md5" >"$WORK/video.want"
	md5_column "$WORK/audio.md5" >"$WORK/audio.want"
}

md5_column() { awk -F', *' '!/^#/ { print $6 }' "$1"; }

# ffmpeg_publish VIDEO-ENDPOINT SSRC AUDIO-ENDPOINT SSRC: the film, in real time; returns when it is over. Its packets leave room for
# a longer tag.
ffmpeg_publish() {
	media_at client ffmpeg -nostdin -v error -re -i "$WORK/film.mkv" \
		-map 0:v -c copy -bsf:v h264_mp4toannexb -f rtp -ssrc "$2" -payload_type 96 \
		-srtp_out_suite AES_CM_128_HMAC_SHA1_80 -srtp_out_params "${RX_KEY[$1]}" \
		"srtp://$PUBLISHED_AT:${PORT[$1]}?rtcpport=${PORT[$1]}&localport=${PORT[$1]}&pkt_size=1200" \
		-map 0:a -c copy -f rtp -ssrc "$4" -payload_type 97 \
		-srtp_out_suite AES_CM_128_HMAC_SHA1_80 -srtp_out_params "${RX_KEY[$3]}" \
		"srtp://$PUBLISHED_AT:${PORT[$3]}?rtcpport=${PORT[$3]}&localport=${PORT[$3]}&pkt_size=1200" >/dev/null
}

# ffmpeg_subscribe VIDEO-ENDPOINT AUDIO-ENDPOINT: in the background, until ffmpeg_end; what it decodes is in $WORK/ENDPOINT.md5
ffmpeg_subscribe() {
	local sdp=$WORK/$1.sdp
	cat >"$sdp" <<-END
		v=0
		o=- 0 0 IN IP4 $SENT_FROM
		s=film
		c=IN IP4 $SENT_FROM
		t=0 0
		m=video ${PORT[$1]} RTP/SAVP 96
		a=rtpmap:96 H264/90000
		a=fmtp:96 packetization-mode=1
		a=rtcp-mux
		a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${TX_KEY[$1]}
		m=audio ${PORT[$2]} RTP/SAVP 97
		a=rtpmap:97 opus/48000/2
		a=rtcp-mux
		a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${TX_KEY[$2]}
	END
	start peer ffmpeg -nostdin -v error -protocol_whitelist file,udp,rtp,srtp,crypto -analyzeduration 500000 -max_delay 500000 \
		-threads 1 -flags low_delay -i "$sdp" -map 0:v -fps_mode passthrough -flush_packets 1 -f framemd5 -y "$WORK/$1.md5" \
		-map 0:a -c copy -flush_packets 1 -f framemd5 -y "$WORK/$2.md5"
	wait_for 30 media_listens peer "${PORT[$1]}"
}

# gst_publish ENDPOINT SSRC FRAMES: VP8 with key frames on demand alone, in the background; its frames in $WORK/ENDPOINT.lines
gst_publish() {
	start client /usr/bin/python3 "$SLUICE_ROOT/tools/lib/gst_media.py" publish "$PUBLISHER:${PORT[$1]}" "$PUBLISHED_AT:${PORT[$1]}" \
		"${GST_CIPHER[${PROFILE[$1]}]}" "$(key_hex "${RX_KEY[$1]}")" "$(key_hex "${TX_KEY[$1]}")" --ssrc "$2" --frames "$3" \
		--lines "$WORK/$1.lines"
}

# gst_subscribe ENDPOINT ARGS...: in the background; its frames in $WORK/ENDPOINT.lines
gst_subscribe() {
	start peer /usr/bin/python3 "$SLUICE_ROOT/tools/lib/gst_media.py" subscribe "$SUBSCRIBER:${PORT[$1]}" "$SENT_FROM:${PORT[$1]}" \
		"${GST_CIPHER[${PROFILE[$1]}]}" "$(key_hex "${RX_KEY[$1]}")" "$(key_hex "${TX_KEY[$1]}")" \
		--lines "$WORK/$1.lines" "${@:2}"
	wait_for 60 media_listens peer "${PORT[$1]}"
}

media_listens() { media_at "$1" ss -Huln "sport = :$2" | grep -q .; }

# gst_frames ENDPOINT: the MD5 of each picture
gst_frames() { awk '$1 == "frame" { print $2 }' "$WORK/$1.lines"; }
gst_total() { awk -v word="$2" '$1 == word { print $2 }' "$WORK/$1.lines"; }

# frames_compare WANT GOT (files of hashes): "FIRST LAST COUNT GAPS STRANGE": positions in WANT of the first and last frame of GOT,
# how many there are, how often one or more are left out between, and how many WANT does not have
frames_compare() {
	awk 'NR == FNR { at[$1] = FNR; next }
		!($1 in at) { strange++; next }
		{ if (last && at[$1] != last + 1) gaps++; if (!first) first = at[$1]; last = at[$1]; count++ }
		END { print first + 0, last + 0, count + 0, gaps + 0, strange + 0 }' "$1" "$2"
}

# subscription_field STREAM ENDPOINT FIELD
subscription_field() {
	media_ctl -j subscription show | jq -r --arg s "$1" --arg e "$2" --arg f "$3" '.[] | select(.stream == $s and .endpoint == $e)[$f]'
}
# stream_field STREAM FIELD
stream_field() { media_ctl -j stream show | jq -r --arg s "$1" --arg f "$2" '.[] | select(.name == $s)[$f]'; }
lines() { wc -l <"$1"; }
# ends_alike FILE COMMAND...: the last line that COMMAND prints is FILE's last
ends_alike() { [[ $("${@:2}" | tail -n 1) == "$(tail -n 1 "$1")" ]]; }
