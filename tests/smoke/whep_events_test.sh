#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# WHEP's server-sent events with curl: a viewer finds the channel in its Link, hears who watches, hears when another one comes.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

BASE=http://198.18.1.1:8080
http() { in_client curl -s -m 10 -H 'Authorization: Bearer lab' "$@"; }
# offer NAME PATH: headers of the answer in $WORK/headers
offer() {
	http -D "$WORK/headers" -o /dev/null -w '%{http_code}' -H 'Content-Type: application/sdp' \
		--data-binary "@$SLUICE_ROOT/tests/unit/offers/$1.sdp" "$BASE$2"
}
header() { tr -d '\r' <"$WORK/headers" | sed -n "s/^$1: *//Ip"; }
absolute() { [[ $1 == http* ]] && echo "$1" || echo "$BASE$1"; }
heard() { grep -q "$1" "$WORK/heard"; }

assert_equal "$(offer chromium-publish /whip/room)" 201 "a publisher"
publisher=$(absolute "$(header location)")
at_exit http -o /dev/null -X DELETE "$publisher"
assert_equal "$(offer firefox-watch /whep/room)" 201 "a viewer"
viewer=$(absolute "$(header location)")
at_exit http -o /dev/null -X DELETE "$viewer"
channels=$(header link | sed -n 's/^<\([^>]*\)>.*server-sent-events.*/\1/p')
assert_match "$channels" '/whep-sse/room/'
assert_equal "$(http -D "$WORK/headers" -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '["viewercount"]' "$(absolute "$channels")")" 201 "a channel"
channel=$(absolute "$(header location)")
start client curl -sN -m 60 -o "$WORK/heard" "$channel"
await 10 heard '^event: viewercount'
await 10 heard '"viewercount":1}'
assert_equal "$(offer firefox-watch /whep/room)" 201 "another viewer"
at_exit http -o /dev/null -X DELETE "$(absolute "$(header location)")"
await 10 heard '"viewercount":2}'
http -o /dev/null -X DELETE "$viewer"
await 10 process_gone "$STARTED"
cat "$WORK/heard"
