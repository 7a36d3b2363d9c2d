#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Next hops that do not answer, and whom the kernel knows on the segment: however many, the next one is resolved.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit in_dp ip neigh flush dev dp1 nud permanent
at_exit in_peer ip addr del 198.18.2.88/24 dev eth0
at_exit in_peer ip addr del 2001:2:0:2::88/64 dev eth0
assert in_peer ip addr add 198.18.2.88/24 dev eth0
assert in_peer ip addr add 2001:2:0:2::88/64 dev eth0 nodad
start peer turnutils_peer -L 198.18.2.88 -L 2001:2:0:2::88 -p 3480
await 5 in_peer sh -c 'ss -Huln "sport = :3480" | grep -q .'

# more than there are slots, all of them good neighbours of the kernel's
for ((i = 0; i < 20000; i++)); do
	printf 'neigh add 2001:2:0:2::2:%x lladdr 02:00:00:00:00:09 dev dp1 nud permanent\n' "$i"
done >"$WORK/neighbours"
assert in_dp ip -batch "$WORK/neighbours"

limited=$(counter drop.neighbour_limit)
assert client_python neighbour_flood.py 4
(($(counter drop.neighbour_limit) > limited)) || fail "drop.neighbour_limit does not count"
# at once, while the others are still waited for
assert client_python echo.py 198.18.2.88 3480
await 5 client_python echo.py 2001:2:0:2::88 3480
