#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Chromium publishes VP8 and Opus, another connection of it watches: ICE and DTLS come about at once, frames and sound come; a
# publisher that closes and comes back under its name finds its viewer there; a session that is deleted is gone with all that hung on it.
# Needs chromium, and npm's playwright-core, which tools/install-deps puts into build-node; skipped without.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_session.sh
. "$SMOKE/_session.sh"

session_needs
at_exit sessions_end
started=$(counter dtls.started) failed=$(counter dtls.failed)
session_browser 3 room comeback
await 30 prints 2 sessions_connected
await 10 at_least 100 session_field room-watch tx_packets
# one port for all: TURN is served beside them
assert in_client turnutils_stunclient 198.18.1.1
assert_equal "$(session_field room-watch role)" watch role
assert_equal "$(session_field room-watch profile)" gcm128 profile
# whichever of its two publishers has them by now
streams() { ctl -j stream show | jq -r '[.[].name] | sort | join(" ")'; }
await_equal 20 "room/0 room/1" streams
wait $BROWSER || fail "the browser: $(cat "$WORK/room.errors")"
cat "$WORK/room.json"
assert_equal "$(saw room .publisher) $(saw room .viewer)" "connected connected" connections
assert_equal "$(saw room .outbound.transport.srtp)" SRTP_AEAD_AES_128_GCM profile
assert_equal "$(saw room .again.publisher)" connected "the publisher that came back"
assert at_least $(($(saw room .again.gone) + 20)) saw room .inbound.video.frames
assert at_least 100 saw room .inbound.audio.packets
assert_equal "$(($(counter dtls.started) - started)) $(($(counter dtls.failed) - failed))" "3 0" handshakes
(($(counter gate.check) + $(counter gate_node.check) > 0)) || fail "the gate has seen no check"

assert ctl session delete room-watch
assert ctl session delete room-publish2
assert_equal "$(ctl -j session show | jq length)" 0 sessions
objects() { ctl -j media show | jq '.endpoints + .streams + .subscriptions'; }
await_equal 5 0 objects
