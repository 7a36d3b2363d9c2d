#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A node that drains sends clients on with its first answer: uclient and Chromium go where they are sent, with nonces of each
# region's own and with shared ones. Chromium needs npm's playwright-core, which tools/install-deps puts into build-node.
# long
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

PLAYWRIGHT_CORE=${PLAYWRIGHT_CORE:-$SLUICE_ROOT/build-node/node_modules/playwright-core}

sent_away() { [[ $(client_python first.py) == "300 40" ]]; }

follow_uclient() {
	local sent received lost trip
	read -r sent received lost trip < <(uclient_run -n 20 -m 1 -y -c "${SERVER[a]}") || fail "uclient, $1"
	((sent > 0 && lost == 0)) || fail "uclient, $1: $lost of $sent lost after a 300"
	printf 'uclient, %s: %s sent, %s received\n' "$1" "$sent" "$received"
}

follow_chromium() {
	local call
	if ! { command -v chromium && node -e 'require(process.argv[1])' "$PLAYWRIGHT_CORE"; } >/dev/null 2>&1; then
		printf 'Chromium, %s: not here\n' "$1"
		return
	fi
	call=$(in_client timeout 120 node "$SMOKE/chromium_call.js" "${SERVER[a]}:3478" "$PLAYWRIGHT_CORE") || fail "Chromium, $1: $call"
	printf 'Chromium, %s: %s\n' "$1" "$call"
	jq -e '.connection == "connected" and .messages == 200 and .video.frames > 20' <<<"$call" >/dev/null ||
		fail "Chromium, $1: $call"
}

follow() {
	local client here there
	for client in uclient chromium; do
		here=$(made a) there=$(made b c)
		"follow_$client" "$1"
		assert_equal "$(made a)" "$here" "allocations at the node that drains"
		[[ $client != uclient ]] || (($(made b c) > there)) || fail "nobody allocated at b or c"
	done
}

at_exit at a node undrain
await 15 all_healthy
assert_equal "$(client_python first.py)" "401 56" "the first answer"
assert at a node drain
await 5 sent_away
follow "each region with its own nonces"
secret=$(at a gate nonce generate)
for region in "${REGIONS[@]}"; do
	at_exit at "$region" config reload
	assert at "$region" gate nonce secret "$secret"
done
assert sent_away
follow "with shared nonces"
