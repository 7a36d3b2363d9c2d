#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Noise on the listener, on a relayed port, on the wire and on both sockets: dropped and counted, and nothing else is harmed.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

echo_start
pids=$(lab status | grep -c 'pid [0-9]')
assert client_python garbage.py udp
assert peer_python garbage.py frames eth0
assert client_python garbage.py frames eth0
for socket in dataplane control; do
	assert dp_python garbage.py socket "/run/sluice/$socket.sock"
done
assert_equal "$(lab status | grep -c 'pid [0-9]')" "$pids" "daemons alive"
((($(counter gate.stun_length) + $(counter gate.class)) > 100)) || fail "the noise was not counted"
assert_lossless -n 50 -m 2 -z 5 -c -e $PEER4 $SERVER4
