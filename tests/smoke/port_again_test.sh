#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A port is deleted and added again, many times: it serves each time, and nothing is lost of the daemon's buffers and
# descriptors.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

TIMES=24 # a ring full of buffers lost each time would empty the pool before

pid=$(ctl -j version | jq '.[] | select(.program == "sluice-dataplane").pid')
fds() { find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l; }
again() {
	assert ctl port delete dp0
	assert ctl port add dp0 xdp dp0
}
again
before=$(fds)
for ((i = 0; i < TIMES; i++)); do
	again
done
assert_equal "$(fds)" "$before" "descriptors"
assert_equal "$(ctl -j port show | jq length)" 2 "ports"
assert_equal "$(client_python allocate.py demo demo)" allocated "over the port that came back"
