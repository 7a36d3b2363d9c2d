#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Browsers whose network lets no UDP through to the server: one publishes and another watches by TCP, at the port of TURN's clients.
# Needs chromium, and npm's playwright-core, which tools/install-deps puts into build-node.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

STREAM=over-tcp
browsers_need chromium
no_udp() { in_client ip rule "$1" to 198.18.1.1 ipproto udp blackhole && in_client ip -6 rule "$1" to 2001:2:0:1::1 ipproto udp blackhole; }
# what the browser says of the pair that it has chosen
pair() {
	browser "$1" "(async () => { const all = [...(await sluice.session().peer.getStats()).values()], pair = all.find((one) => one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded'); return all.filter((one) => pair && (one.id === pair.localCandidateId || one.id === pair.remoteCandidateId)).map((one) => one.protocol + ' ' + (one.tcpType || '')).sort().join(', '); })()"
}

at_exit no_udp del
assert no_udp add
assert ctl webrtc listen 198.18.1.1:3478 tcp
at_exit ctl webrtc listen delete 198.18.1.1:3478 tcp
await_equal 40 0 sessions # of browsers that were killed before
strangers=$(counter stream.closed_stranger)
browser_start publisher chromium
browser_start viewer chromium
assert_match "$(browser_publish publisher $STREAM)" "/whip/$STREAM/"
await 30 has_frames publisher 1
assert_match "$(browser_watch viewer $STREAM)" "/whep/$STREAM/"
await 30 has_frames viewer 60
for name in publisher viewer; do
	assert_equal "$(pair $name)" '"tcp active, tcp passive"' "the pair of the $name"
done
ctl -j session show | jq -e 'length == 2 and all(.state == "connected" and .transport == "tcp")' >/dev/null || fail "$(ctl -j session show)"
assert_equal "$(counter stream.closed_stranger)" "$strangers" "strangers"
