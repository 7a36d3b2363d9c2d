#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A client that renews nothing but its channel, as aioice does, goes on for half an hour of the dataplane's clock.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

/usr/bin/python3 -c 'import aioice' 2>/dev/null || skip "python3-aioice is not installed"
echo_start
coproc CLIENT { in_client /usr/bin/python3 -u "$SMOKE/aioice_half_hour.py" 2>"$WORK/client"; }
at_exit child_end "$CLIENT_PID"
steps=0
while read -r -t 60 line <&"${CLIENT[0]}" && [[ $line == next ]]; do
	assert dp_python clock.py 490
	echo >&"${CLIENT[1]}"
	steps=$((steps + 1))
done
[[ $line == "done" ]] || fail "after $((steps * 490)) s: $(cat "$WORK/client")"
((steps * 490 >= 1800)) || fail "$steps steps are no half hour"
printf 'channels renewed each 490 s, no permission: 20 of 20 after each, %s s\n' $((steps * 490))
