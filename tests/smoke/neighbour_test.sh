#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A peer that changes its MAC, and one that is not there yet: packets wait a little, are counted, and then arrive.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

MAC=$(in_peer ip -j link show eth0 | jq -r ".[0].address") # /sys is the host's there
at_exit in_peer ip addr del 198.18.2.77/24 dev eth0
at_exit in_peer ip link set eth0 address "$MAC"
echo_start

# Linux tells its neighbours when arp_notify is set, as a gateway that fails over does
assert in_peer sysctl -qw net.ipv4.conf.eth0.arp_notify=1
assert_lossless -n 100 -m 1 -z 5 -c -e $PEER4 $SERVER4
assert in_peer ip link set eth0 address 02:00:00:00:00:77
await 5 client_python echo.py 198.18.2.2 3480
assert_lossless -n 100 -m 2 -z 5 -c -e $PEER4 $SERVER4

dropped=$(counter drop.neighbour_failed)
client_python echo.py 198.18.2.77 3480 && fail "nobody is there"
client_python echo.py 198.18.2.77 3480 && fail "nobody is there"
((($(counter drop.neighbour_failed) + $(counter drop.neighbour_pending)) > dropped)) || fail "not counted"
assert in_peer ip addr add 198.18.2.77/24 dev eth0
echo_stop
start peer turnutils_peer -L 198.18.2.77 -p 3480
await 10 client_python echo.py 198.18.2.77 3480
