#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two clients of this host as each other's peers: their datagrams never leave it.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

before=$(in_peer ip -j -s link show eth0 | jq ".[0].stats64.rx.packets")
assert_lossless -y -n 200 -m 4 -z 5 -l 160 $SERVER4
assert_lossless -y -n 200 -m 4 -z 5 -l 160 -s $SERVER4
assert_lossless -y -n 200 -m 4 -z 5 -l 160 -x -c $SERVER6
after=$(in_peer ip -j -s link show eth0 | jq ".[0].stats64.rx.packets")
[[ $before && $after ]] && ((before > 0 && after - before < 50)) || fail "$((after - before)) packets reached the peer's host"
