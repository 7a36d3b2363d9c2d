#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Routes of the kernel, learned and changed at run time: through a gateway, gone, and through another one.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit in_dp ip route del 198.18.64.0/24
at_exit in_peer ip addr del 198.18.64.1/32 dev lo
at_exit in_peer ip addr del 198.18.2.3/24 dev eth0
assert in_peer ip addr add 198.18.64.1/32 dev lo
assert in_peer ip addr add 198.18.2.3/24 dev eth0
start peer turnutils_peer -L 198.18.64.1 -p 3490
await 5 in_peer sh -c 'ss -Huln "sport = :3490" | grep -q .'
reaches() { client_python echo.py 198.18.64.1 3490 3; }

dropped=$(counter drop.no_route)
reaches && fail "there is no route yet"
(($(counter drop.no_route) > dropped)) || fail "drop.no_route did not count"
assert in_dp ip route add 198.18.64.0/24 via 198.18.2.2
await 3 reaches
assert in_dp ip route replace 198.18.64.0/24 via 198.18.2.3
await 3 reaches
assert in_dp ip route del 198.18.64.0/24
await 3 not reaches
