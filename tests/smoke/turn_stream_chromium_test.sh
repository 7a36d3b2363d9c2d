#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A browser whose network has no UDP toward the server: its peer connections are relayed over TCP, and over TLS.
# Needs chromium, and npm's playwright-core, which tools/install-deps puts into build-node; skipped without.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PLAYWRIGHT_CORE=${PLAYWRIGHT_CORE:-$SLUICE_ROOT/build-node/node_modules/playwright-core}

command -v chromium >/dev/null || skip "no chromium here"
node -e 'require(process.argv[1])' "$PLAYWRIGHT_CORE" 2>/dev/null || skip "node finds no playwright-core"
for url in "turn:198.18.1.1:3478?transport=tcp" "turns:198.18.1.1:5349?transport=tcp"; do
	before=$(counter stream.to_client)
	call=$(in_client timeout 90 node "$SMOKE/chromium_call.js" "$url" "$PLAYWRIGHT_CORE") || fail "$url: $call"
	printf '%s: %s\n' "$url" "$call"
	jq -e '.connection == "connected" and .messages == 200 and .video.frames > 50 and .video.lost == 0' <<<"$call" >/dev/null ||
		fail "$url: $call"
	(($(counter stream.to_client) >= before + 400)) || fail "$url: it did not come by a stream"
	await_equal 10 0 allocations
done
assert_equal "$(counter stream.slow)" 0 "messages that a browser read too slowly"
