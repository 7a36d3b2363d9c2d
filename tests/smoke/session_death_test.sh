#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the dataplane while Chromium publishes and watches: neither connection notices, no handshake is made again, and media go on.
# alone: it holds a time
# Needs chromium, and npm's playwright-core, which tools/install-deps puts into build-node; skipped without.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_session.sh
. "$SMOKE/_session.sh"

session_needs
at_exit lab heal dataplane
at_exit sessions_end
forwarded() { ctl -s /run/sluice/dataplane.sock -j counter show | jq '[.[] | select(.name == "media.forwarded").value] | add // 0'; }
known() { ctl -j session show | jq -S 'map({id, role, stream, state, remote, local, profile, tracks}) | sort_by(.id)'; }

session_browser 12 room
await 30 prints 2 sessions_connected
await 10 at_least 100 session_field room-watch tx_packets
before=$(known)
assert lab kill dataplane
clock_start
assert lab heal dataplane
await 5 at_least 1 forwarded
assert_within 2000 "media go on"
await 5 at_least 50 forwarded
assert_equal "$(known)" "$before" sessions
assert_equal "$(counter dtls.started)" 0 handshakes
wait $BROWSER || fail "the browser: $(cat "$WORK/room.errors")"
cat "$WORK/room.json"
assert_equal "$(saw room .publisher) $(saw room .viewer)" "connected connected" connections
# a control plane that comes back takes what is there
assert lab kill controlplane
assert lab heal controlplane
await 10 prints 2 sessions_connected
