#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the dataplane under clients of other makes: aioice's TURN client, and Chromium's call over the relay. Media go on within 2 s
# of an idle machine, and nobody allocates again. Chromium's part needs chromium, and npm's playwright-core; it is left out without.
# alone: it holds a time
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PLAYWRIGHT_CORE=${PLAYWRIGHT_CORE:-$SLUICE_ROOT/build-node/node_modules/playwright-core}
at_exit lab heal dataplane
dataplane() { ctl -s /run/sluice/dataplane.sock "$@"; }
value() { dataplane -j counter show | jq --arg name "$1" '[.[] | select(.name == $name).value] | add // 0'; }
relayed() { value turn.channel_to_peer; }
calls() { ctl -j allocation show | jq -S 'map({id, client, server, relayed, user, permissions, channels}) | sort_by(.id)'; }
progress() { tail -n 1 "$WORK/$1" 2>/dev/null | cut -d' ' -f1 | grep -E '^[0-9]+$' || echo 0; }

# dies WHO LEAST: the dataplane, under the clients that write their progress to $WORK/WHO
dies() {
	local before
	await 20 at_least "$2" progress "$1"
	before=$(calls)
	(($(jq length <<<"$before") == 2)) || fail "allocations of $1: $before"
	assert lab kill dataplane
	clock_start
	assert lab heal dataplane
	await 5 at_least 1 relayed
	assert_within 2000 "$1"
	await 20 at_least $(($(progress "$1") + $2)) progress "$1"
	assert_equal "$(calls)" "$before" "calls of $1"
	assert_equal "$(value turn.allocate_success)" 0 "allocations that $1 made"
}

ran=0
allocations_end
if /usr/bin/python3 -c 'import aioice' 2>/dev/null; then
	in_client /usr/bin/python3 "$SMOKE/aioice_death.py" >"$WORK/aioice" 2>"$WORK/aioice.err" &
	client=$!
	at_exit child_end $client
	dies aioice 100
	ran=$((ran + 1))
	child_end $client
	grep . "$WORK/aioice.err" && fail "aioice said something"
	ctl -j allocation show | jq -r '.[].id' | while read -r id; do ctl allocation delete "$id"; done
	await_equal 10 0 allocations
else
	printf 'no python3-aioice here: left out\n'
fi

if command -v chromium >/dev/null && node -e 'require(process.argv[1])' "$PLAYWRIGHT_CORE" 2>/dev/null; then
	in_client node "$SMOKE/chromium_death.js" 198.18.1.1:3478 "$PLAYWRIGHT_CORE" >"$WORK/chromium" 2>"$WORK/chromium.err" &
	client=$!
	at_exit child_end $client
	dies chromium 20
	ran=$((ran + 1))
	assert_match "$(tail -n 1 "$WORK/chromium")" 'connected'
	child_end $client
else
	printf 'no chromium, or no playwright-core here: left out\n'
fi
((ran)) || skip "neither python3-aioice nor chromium with playwright-core here"
