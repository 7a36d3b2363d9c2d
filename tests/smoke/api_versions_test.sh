#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A dataplane of the API version before this one under this control plane: it gets its configuration and relays; then one of this
# version takes its place, with its calls.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab heal dataplane
at_exit lab stop dataplane
version() { ctl -j version | jq 'map(select(.program == "sluice-dataplane"))[0].api'; }
# the configuration, since the connection to one of the version before
replayed() {
	lab log controlplane | awk '/of the API version before ours/ { whole = 0 } /has the whole configuration/ { whole = 1 } END { exit !whole }'
}
relayed() { counter turn.channel_to_peer; }

own=$(sed -n 's/^#define SLUICE_API_VERSION *\([0-9]*\)$/\1/p' "$SLUICE_ROOT/include/sluice/api.h")
await_equal 5 "$own" version
assert lab stop dataplane
LAB_DATAPLANE_ARGS="--api-version $((own - 1))" assert lab heal dataplane
await_equal 10 $((own - 1)) version
assert_match "$(lab log controlplane | tail -n 40)" 'of the API version before ours'
await 20 replayed
assert_equal "$(ctl -j config refused | jq length)" 0 "refused lines"
echo_start
uclient_run -n 6000 -m 2 -z 10 -c -e $PEER4 $SERVER4 >"$WORK/flow" 2>&1 &
flow=$!
at_exit child_end $flow
await 20 at_least 100 relayed
before=$(ctl -j allocation show | jq -S 'map({id, client, relayed, channels}) | sort_by(.id)')
assert lab upgrade dataplane
await_equal 10 "$own" version
await 10 at_least 1 relayed
assert_equal "$(ctl -j allocation show | jq -S 'map({id, client, relayed, channels}) | sort_by(.id)')" "$before" calls
