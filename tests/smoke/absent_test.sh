#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An address that the host does not have: accepted with a warning, shown as absent, served as soon as it is there.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit in_dp ip addr del 198.18.1.44/24 dev dp0
at_exit in_dp ip addr del 198.18.2.44/24 dev dp1
at_exit ctl turn listen delete 198.18.1.44
at_exit ctl turn relay delete 198.18.2.44
at_exit ctl turn relay 198.18.2.1 ports 49152-65535
state() { ctl -j turn "$1" show | jq -r --arg address "$2" '.[] | select(.address == $address and (.transport // "udp") == "udp").state'; }

log_mark
warning=$(ctl turn listen 198.18.1.44 2>&1) || fail "refused: $warning"
assert_equal "$warning" "warning: no interface of a port has the address 198.18.1.44; it is served once one has"
assert_match "$(ctl -j turn relay 198.18.2.44 ports 50000-50099)" '"warning":"no interface of a port'
assert_equal "$(ctl turn listen 198.18.1.1 2>&1)" ""
assert_equal "$(state listen 198.18.1.44:3478)" absent
assert_equal "$(state relay 198.18.2.44)" absent
assert_equal "$(state listen 198.18.1.1:3478)" present
assert_match "$(log_since)" "turn relay 198.18.2.44: absent"
binding() { client_python binding.py 198.18.1.44; }
binding && fail "who answers for an address that nobody has?"

assert in_dp ip addr add 198.18.1.44/24 dev dp0
assert in_dp ip addr add 198.18.2.44/24 dev dp1
await_equal 5 present state listen 198.18.1.44:3478
await_equal 5 present state relay 198.18.2.44
await 10 binding
assert ctl turn relay delete 198.18.2.1
echo_start
await 10 client_python echo.py 198.18.2.2 3480
assert in_dp ip addr del 198.18.1.44/24 dev dp0
await_equal 5 absent state listen 198.18.1.44:3478
