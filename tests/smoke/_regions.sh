# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Three regions, a, b and c, each a host with its own Redis.

REGIONS=(a b c)
declare -A SERVER=([a]=198.18.1.1 [b]=198.18.11.1 [c]=198.18.21.1)

# at REGION sluicectl-ARGS...
at() { lab ctl -r "$@"; }
redis() { lab exec "$1/dp" redis-cli "${@:2}"; }

# http_get REGION PATH: the body; the status is in the last line
http_get() { lab exec client curl -s -m 2 -H 'Authorization: Bearer lab' -w '\n%{http_code}\n' "http://${SERVER[$1]}:8080$2"; }
http_status() { http_get "$@" | tail -n 1; }

# steer REGION SESSION [FIELD]: what that region's host answers
steer() { http_get "$1" "/v1/steer?session=$2" | head -n -1 | jq -r ".${3:-region}"; }

# nodes REGION: the nodes that it sees, with their verdicts, in one line
nodes() { at "$1" -j node show | jq -r 'sort_by(.id) | [.[] | "\(.id) \(.verdict)"] | join(", ")'; }
verdict() { at "$1" -j region show | jq -r --arg name "$2" '.[] | select(.name == $name).verdict'; }
reason() { at "$1" -j region show | jq -r --arg name "$2" '.[] | select(.name == $name).reason'; }
all_healthy() {
	local region
	for region in "${REGIONS[@]}"; do
		[[ $(nodes "$region") == "a1 healthy, b1 healthy, c1 healthy" ]] || return 1
	done
}

# sessions_of REGION HOST [PREFIX]: of the sessions s1 to s30 (PREFIX instead of s), those that HOST's host steers to REGION
sessions_of() {
	local n
	for ((n = 1; n <= 30; n++)); do
		[[ $(steer "$2" "${3:-s}$n") == "$1" ]] && echo "${3:-s}$n"
	done
	return 0
}

# made REGION...: how many allocations were made there
made() {
	local region
	for region; do
		at "$region" -j counter show | jq '.[] | select(.name == "turn.allocate_success").value'
	done | jq -s add
}

# flow_start REGION SECONDS: TURN traffic through that region's host, in the background; flow_end: all of it came back, but for what the far ends had no room for
flow_start() {
	FLOW_THEIRS=$(far_ends_lost)
	uclient_run -n $((20 * $2)) -m 2 -y -c "${SERVER[$1]}" >"$WORK/flow" 2>&1 &
	FLOW=$!
	at_exit child_end $FLOW
}

flow_end() {
	local sent received lost trip theirs
	wait $FLOW || fail "$(cat "$WORK/flow")"
	read -r sent received lost trip <"$WORK/flow"
	theirs=$(($(far_ends_lost) - FLOW_THEIRS))
	((sent > 0 && sent == received + lost && lost <= theirs)) || fail "$lost of $sent packets lost, $theirs by the far ends"
	printf 'media: %s sent, %s received, %s lost (%s for want of room at the far ends), %s ms\n' "$sent" "$received" "$lost" "$theirs" "$trip"
}
