#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# a sees nobody any more: it holds its view, says so, and goes on serving its own; when the network is back, nothing has changed. And
# clocks an hour apart on the three hosts change nothing at all.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

# Redis and probes alike go over wan0; routes go with a link that goes down.
cut_off() { lab exec a/dp ip link set wan0 down; }
joined() {
	lab exec a/dp ip link set wan0 up
	lab exec a/dp ip route replace 198.18.11.0/24 via 198.18.100.2
	lab exec a/dp ip route replace 198.18.21.0/24 via 198.18.100.3
}
holds() { [[ $(reason a b) == *"we see nobody"* && $(reason a c) == *"we see nobody"* ]]; }

at_exit joined
at_exit 'for region in a b c; do lab clock $region 0; done'
await 15 all_healthy
before=$(nodes a)
flow_start a 25
cut_off
await 15 holds
assert_equal "$(nodes a)" "$before" "a's view"
for n in 1 2 3 4 5; do
	assert_equal "$(client_python allocate.py demo demo)" allocated "cut off"
	[[ $(steer a "split$n" node) =~ ^[abc]1$ ]] || fail "a does not steer"
done
assert_equal "$(http_status a /readyz)" 200 readyz
joined
await 20 not holds
await 20 all_healthy
flow_end

# Probes that a busy machine lost are over in a moment; what clocks would do lasts.
as_before() { [[ $(nodes a) == "$before" && $(nodes b) == "$before" && $(nodes c) == "$before" ]]; }
unlike=0
assert lab clock b 3600
assert lab clock c -3600
for n in 1 2 3 4 5 6 7 8 9 10; do
	as_before || ((++unlike))
	await 15 as_before
	[[ $(steer a "clock$n" node) == "$(steer c "clock$n" node)" ]] || fail "a and c differ for clock$n"
	assert_equal "$(client_python allocate.py demo demo)" allocated "clock"
done
((unlike <= 3)) || fail "verdicts were others at $unlike of 10 looks"
