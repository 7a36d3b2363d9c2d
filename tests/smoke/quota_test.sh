#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Quotas: allocations of a user, of the host, and bits a second of an allocation.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl config reload
echo_start
assert ctl turn quota user 2
assert_equal "$(client_python quota.py demo demo demo)" "allocated allocated 486"
await_equal 5 0 allocations
assert ctl turn quota user 0 host 1
assert_equal "$(client_python quota.py demo demo)" "allocated 486" "the host's quota"
assert ctl turn quota user 0 host 0 max-bps 800000
before=$(counter drop.turn_rate)
assert client_python flood_channel.py 3000 1000
(($(counter drop.turn_rate) > before + 1000)) || fail "nothing was dropped above max-bps"
