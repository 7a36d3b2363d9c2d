# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Chromium as publisher and viewer, by sessions of the dataplane's own socket.

PLAYWRIGHT_CORE=${PLAYWRIGHT_CORE:-$SLUICE_ROOT/build-node/node_modules/playwright-core}
SESSION_SOCKET=$LAB_STATE/dp/run/dataplane.sock

session_needs() {
	command -v chromium >/dev/null && command -v node >/dev/null || skip "no chromium or no node (tools/install-deps browser)"
	node -e 'require(process.argv[1])' "$PLAYWRIGHT_CORE" 2>/dev/null || skip "node finds no playwright-core"
}
# session_browser SECONDS STREAM [comeback]: in the background; what it saw is in $WORK/STREAM.json, its id in BROWSER
session_browser() {
	client_python session_chromium.py "$SESSION_SOCKET" "$PLAYWRIGHT_CORE" "$@" >"$WORK/$2.json" 2>"$WORK/$2.errors" &
	BROWSER=$!
	at_exit child_end $BROWSER
}
# saw STREAM FIELD
saw() { jq -r "$2" "$WORK/$1.json"; }
session_field() { ctl -j session show | jq -r --arg id "$1" ".[] | select(.id == \$id).$2"; }
sessions_connected() { ctl -j session show | jq '[.[] | select(.state == "connected")] | length'; }
sessions_end() { ctl -j session show | jq -r '.[] | "session delete \(.id)"' | ctl -f - >/dev/null 2>&1; }
