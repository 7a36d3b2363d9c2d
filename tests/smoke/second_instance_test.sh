#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A second instance on the same socket is refused with a clear line and harms nothing.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

echo_start
refused() {
	local output
	output=$(in_dp timeout 15 "$@" 2>&1) && fail "a second $1 started"
	grep -q "$WANTED" <<<"$output" || fail "$1 said: $output"
}
WANTED=/run/sluice/dataplane.sock refused sluice-dataplane --no-huge --max-allocations 100
WANTED=/run/sluice/control.sock refused sluice-controlplane --config "$LAB_STATE/dp/sluice.conf"
assert_lossless -n 50 -m 2 -z 5 -c -e $PEER4 $SERVER4
