# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# coturn's clients in the laboratory: turnutils_peer echoes at the peer, turnutils_uclient sends from the client.

# shellcheck disable=SC2034 # for those who source this
{
	PEER4=198.18.2.2
	PEER6=2001:2:0:2::2
	SERVER4=198.18.1.1
	SERVER6=2001:2:0:1::1
}

# echo_start: the echoing peer, on ports 3480 and 3481 of both families; its id is in ECHO_PID
echo_start() {
	"$SLUICE_ROOT/tools/lab" exec peer turnutils_peer -L $PEER4 -L $PEER6 -p 3480 >/dev/null 2>&1 &
	ECHO_PID=$!
	wait_for 30 echo_listens || die "turnutils_peer did not start"
}

echo_listens() {
	(($("$SLUICE_ROOT/tools/lab" exec peer ss -Huln 'sport = :3480' | wc -l) >= 2))
}

echo_stop() {
	[[ $ECHO_PID ]] && child_end "$ECHO_PID"
	ECHO_PID=
}

# Where turnutils_uclient runs.
UCLIENT_AT=("$SLUICE_ROOT/tools/lab" exec client)

uclient_once() { "${UCLIENT_AT[@]}" timeout 90 turnutils_uclient -u demo -w demo "$@" 2>&1; }

# uclient_run ARGS...: prints "SENT RECEIVED LOST ROUND-TRIP-MS"; fails with the end of its output when it did not finish.
# Each client of it binds two channels of one allocation, to the peer's two ports, and draws both numbers: once in 16384 times the
# same one, which is refused (RFC 8656, 12.2), and it gives up.
uclient_run() {
	local output
	output=$(uclient_once "$@")
	[[ $output != *'channel bind: error 400'* ]] || {
		echo "uclient $*: a channel's number was drawn twice, or refused; once more" >&2
		output=$(uclient_once "$@")
	}
	awk '
		/start_mclient: tot_send_msgs=/ { gsub(/.*tot_send_msgs=|tot_recv_msgs=|,/, ""); sent = $1; received = $2 }
		/Total lost packets/ { lost = $6 }
		/Average round trip delay/ { trip = $7 }
		END { if (sent == "" || lost == "") exit 1; printf "%d %d %d %.1f\n", sent, received, lost, trip }
	' <<<"$output" && return
	printf 'turnutils_uclient %s:\n%s\n' "$*" "$(tail -n 5 <<<"$output")" >&2
	return 1
}
