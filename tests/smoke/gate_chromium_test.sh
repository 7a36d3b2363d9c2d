#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A browser's peer connections through the relay: video and messages arrive, and the gate drops nothing of them.
# Needs chromium, and npm's playwright-core, which tools/install-deps puts into build-node; skipped without.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PLAYWRIGHT_CORE=${PLAYWRIGHT_CORE:-$SLUICE_ROOT/build-node/node_modules/playwright-core}

command -v chromium >/dev/null || skip "no chromium here"
node -e 'require(process.argv[1])' "$PLAYWRIGHT_CORE" 2>/dev/null || skip "node finds no playwright-core"
at_exit ctl config reload
assert ctl gate mode enforce
before=$(ctl -j gate show | jq .dropped)
call=$(in_client timeout 90 node "$SMOKE/chromium_call.js" 198.18.1.1:3478 "$PLAYWRIGHT_CORE") || fail "the call: $call"
printf '%s\n' "$call"
jq -e '.connection == "connected" and .messages == 200 and .video.frames > 50 and .video.lost == 0' <<<"$call" >/dev/null ||
	fail "the call: $call"
assert_equal "$(ctl -j gate show | jq .dropped)" "$before" "dropped by the gate"
