# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Captures of the smoke tests, read by tshark.

# capture FILE ARGS...: runs until capture_end; its id is in CAPTURE
capture() {
	local file=$1
	shift
	"$SLUICE_ROOT/tools/lab" exec dp sluice-capture -w "$file" "$@" 2>"$file.said" &
	CAPTURE=$!
	at_exit child_end $CAPTURE
	wait_for 60 grep -q 'runs' "$file.said" || fail "sluice-capture $*: $(<"$file.said")"
}

# capture_end: stops it; its file is whole
capture_end() {
	kill -TERM "$CAPTURE"
	wait "$CAPTURE"
}

# frames FILE FILTER: how many there are
frames() { tshark -r "$1" -Y "$2" 2>/dev/null | wc -l; }

# comments FILE [FILTER]: each with its number
comments() { tshark -r "$1" -Y "${2:-frame}" -T fields -e frame.comment 2>/dev/null | sort | uniq -c; }

# assert_frames FILE FILTER: there are some
assert_frames() { (($(frames "$1" "$2") > 0)) || fail "no frames of $1 are '$2'"; }

# assert_no_frames FILE FILTER [OPTION]...: there are none in a file that is whole, and tshark understood what it was asked
assert_no_frames() {
	local shown
	shown=$(tshark -r "$1" "${@:3}" -Y "$2" 2>"$WORK/tshark") || fail "tshark, $1, '$2': $(tail -n 2 "$WORK/tshark")"
	[[ -z $shown ]] || fail "$(wc -l <<<"$shown") frames of $1 are '$2'"
}
