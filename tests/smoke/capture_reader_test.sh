#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A reader that is killed, and one that takes nothing, end the capture and nothing else; so does the death of the tool.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_capture.sh
. "$SMOKE/_capture.sh"

captures() { ctl -s /run/sluice/dataplane.sock -j capture show | jq length; }
call() { assert_equal "$(client_python windowed.py 3000)" 3000 "packets that came back"; }

echo_start
mkfifo "$WORK/pipe"

# stuck: the pipe is full after 64 KiB, and nobody reads
# shellcheck disable=SC2217 # it shall not read
sleep 60 <"$WORK/pipe" &
reader=$!
at_exit child_end $reader
"$SLUICE_ROOT/tools/lab" exec dp sluice-capture >"$WORK/pipe" 2>"$WORK/said" &
tool=$!
at_exit child_end $tool
await 10 grep -qs runs "$WORK/said"
call
await 10 process_gone $tool
wait $tool && fail "a stuck reader is a failure"
assert grep -q 'the reader is stuck' "$WORK/said"
child_end $reader
await_equal 5 0 captures
call

# killed: what writes to it is told so
rm "$WORK/said"
cat "$WORK/pipe" >/dev/null &
reader=$!
at_exit child_end $reader
"$SLUICE_ROOT/tools/lab" exec dp sluice-capture >"$WORK/pipe" 2>"$WORK/said" &
tool=$!
at_exit child_end $tool
await 10 grep -qs runs "$WORK/said"
kill -KILL $reader
call
await 10 process_gone $tool
assert wait $tool
assert grep -q 'the reader has gone' "$WORK/said"
await_equal 5 0 captures

# slow: what the smallest buffer has no room for is in the file's statistics, and in the last line
rm "$WORK/said"
exec 3<>"$WORK/pipe" # held open, and nobody reads from it yet
"$SLUICE_ROOT/tools/lab" exec dp sluice-capture --buffer 64 >"$WORK/pipe" 2>"$WORK/said" 3>&- &
tool=$!
at_exit child_end $tool
await 10 grep -qs runs "$WORK/said"
lost() { ctl -s /run/sluice/dataplane.sock -j capture show | jq '.[0].lost'; }
in_client turnutils_uclient -u demo -w demo -n 1000 -m 4 -z 1 -l 1000 -c -e $PEER4 $SERVER4 >/dev/null 2>&1 3>&- &
load=$!
at_exit child_end $load
await 10 at_least 1 lost
cat <"$WORK/pipe" >"$WORK/slow" 3>&- &
reader=$!
at_exit child_end $reader
kill -TERM $tool
assert wait $tool
exec 3>&-
assert wait $reader
assert_match "$(<"$WORK/said")" '[1-9][0-9]* packets lost'
# sum FIELD: of the file's blocks, as tshark reads them
sum() {
	tshark -r "$WORK/slow" -X 'read_format:MIME Files Format' -T fields -E occurrence=a -e "pcapng.options.option.data.interface.$1" 2>/dev/null |
		tr -s ',\n' '\n' | awk '{ sum += $1 } END { print sum + 0 }'
}
assert_equal "$(sum dropped)" "$(sed -n 's/.* written, \([0-9]*\) packets lost.*/\1/p' "$WORK/said")" "lost"
assert_equal "$(($(sum received) - $(sum dropped)))" "$(frames "$WORK/slow" frame)" "written"
child_end $load

# the tool killed: the file is whole
capture "$WORK/file"
call
kill -KILL "$CAPTURE"
await_equal 5 0 captures
assert capinfos "$WORK/file" >/dev/null
assert_frames "$WORK/file" 'stun.channel'

# the tool stopped: the capture goes on, and the plane with it
capture "$WORK/stopped"
kill -STOP "$CAPTURE"
at_exit kill -CONT "$CAPTURE"
call
assert_equal "$(captures)" 1
kill -CONT "$CAPTURE"
assert capture_end
assert_frames "$WORK/stopped" 'stun.channel'
