#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A browser publishes and another watches, by two HTTP requests of sluice's page: VP8 and Opus arrive whole, a second publisher is turned
# away, and DELETE leaves nothing. Needs chromium, and npm's playwright-core, which tools/install-deps puts into build-node.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

STREAM=550e8400-e29b-41d4-a716-446655440000
browsers_need chromium
assert_equal "$(sessions)" 0 "sessions"
browser_start publisher chromium
browser_start viewer chromium
assert_match "$(browser_watch viewer $STREAM)" '409: nobody publishes'
resource=$(browser_publish publisher $STREAM | jq -r .)
assert_match "$resource" '^http://198\.18\.1\.1:8080/whip/'$STREAM'/[A-Za-z0-9_-]{22}$'
assert_match "$(browser_watch viewer $STREAM)" "/whep/$STREAM/"
await 30 has_frames viewer 60
assert_match "$(browser_publish viewer $STREAM)" '409: '
assert_match "$(browser_watch viewer $STREAM)" "/whep/$STREAM/"
await 30 has_frames viewer 60
stats=$(browser viewer 'sluice.stats()')
printf '%s\n' "$stats"
jq -e '.codec == "VP8" and .lost == 0 and .freezes <= 1 and .width > 0' <<<"$stats" >/dev/null || fail "the viewer: $stats"
ctl -j session show | jq -e 'length == 2 and all(.state == "connected" and .profile == "gcm128" and .tracks == 2)' >/dev/null ||
	fail "$(ctl session show)"
browser publisher 'sluice.session().restart()' >/dev/null
frames=$(stat_of viewer frames)
await 30 has_frames viewer $((frames + 30))
assert_equal "$(browser viewer 'sluice.stop()')" null
assert_equal "$(browser publisher 'sluice.stop()')" null
await_equal 5 0 sessions
assert_equal "$(ctl -j endpoint show | jq length)" 0 "endpoints"
status=$(in_client curl -s -o /dev/null -w '%{http_code}' -X DELETE -H 'Authorization: Bearer lab' "$resource")
assert_equal "$status" 404 "DELETE again"
