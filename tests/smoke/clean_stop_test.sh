#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# After a stop, by SIGTERM or by SIGKILL and a new start and SIGTERM, nothing of ours hangs from the interfaces.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab heal dataplane
attached() { in_dp ip -d link show | grep -c 'prog/xdp'; }
pins() { in_dp find /sys/fs/bpf -mindepth 1 -not -name '*.debug' | wc -l; }
stop() {
	local pid
	pid=$(ctl -j -s /run/sluice/dataplane.sock version | jq 'if type == "array" then .[0] else . end | .pid')
	log_mark
	kill -TERM "$pid"
	await 5 process_gone "$pid"
	assert_equal "$(attached)" 0 "programs attached"
	assert_equal "$(pins)" 0 "pins left"
}

assert_equal "$(attached)" 2 "programs attached while it runs"
stop
assert lab heal dataplane
assert lab kill dataplane
assert lab heal dataplane
await_equal 3 2 attached
stop
