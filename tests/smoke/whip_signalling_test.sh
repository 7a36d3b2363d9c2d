#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/examples/signalling.py: a service with a protocol of its own makes sessions from its clients' offers, shows and ends them.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

start dp /usr/bin/python3 "$SLUICE_ROOT/docs/examples/signalling.py" http://198.18.1.1:8080 lab 9000
# service METHOD PATH [OFFER]: what it answers
service() {
	local body=()
	[[ ${3-} ]] && body=(--data-binary "$(jq -Rs '{sdp: .}' "$SLUICE_ROOT/tests/unit/offers/$3.sdp")")
	in_dp curl -s -m 10 -X "$1" "http://127.0.0.1:9000/rooms/room$2" "${body[@]}"
}
await_equal 10 '[]' service GET ''
assert_match "$(service POST /watch chromium-watch)" 'nobody publishes'
publisher=$(service POST /publish chromium-publish)
assert_match "$(jq -r .sdp <<<"$publisher")" 'a=candidate:1 1 udp [0-9]+ 198\.18\.1\.1 3478 typ host'
viewer=$(service POST /watch firefox-watch)
assert_match "$(jq -r .sdp <<<"$viewer")" 'a=sendonly'
assert_equal "$(service GET '' | jq -c '[.[].role] | sort')" '["publish","watch"]' "who is there"
service DELETE "/$(jq -r .id <<<"$viewer")" >/dev/null
service DELETE "/$(jq -r .id <<<"$publisher")" >/dev/null
await_equal 5 '[]' service GET ''
