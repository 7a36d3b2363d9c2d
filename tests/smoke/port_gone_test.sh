#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel takes a port's interface away: one line in the log, a port that is gone, and the rest goes on.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab down # the pair of interfaces is destroyed: the next test makes a new lab
gone() { [[ $(ctl -j port show | jq -r '.[] | select(.name == "dp1").state') == gone ]]; }
log_mark
assert in_dp ip link del dp1
await 5 gone
assert_equal "$(log_since | grep -c 'dp1.*gone')" 1 "lines about it"
assert_equal "$(client_python allocate.py demo demo)" allocated "over the other port"
assert ctl port delete dp1
assert_equal "$(ctl -j port show | jq length)" 1 "ports"
