#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `turn peer deny` and `allow`, the longest prefix wins, also for allocations that are there already.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl turn peer delete 198.18.2.2/32
try() { client_python permit.py 198.18.2.2; }

assert_equal "$(try)" permitted
assert ctl turn peer deny 198.18.2.2/32
assert_equal "$(try)" 403
assert ctl turn peer delete 198.18.2.2/32
assert_equal "$(try)" permitted
