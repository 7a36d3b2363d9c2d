#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# No hugepages, two workers: as many packets as turn the packet pool over several times are relayed, and as many wait for
# a next hop in the control thread; nothing is lost and no buffer. SLUICE_PACKETS=500000 is the whole of it.
LAB_UP=(--workers 2)
export LAB_DATAPLANE_ARGS="--no-huge --mbufs 8191"
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PACKETS=${SLUICE_PACKETS:-20000}
at_exit lab down
missed() { ctl -j port show | jq '[.[] | .rx_missed + .tx_full + .tx_errors] | add'; }
drops() { ctl -j counter show | jq '[.[] | select(.name | startswith("drop.")).value] | add'; }

assert ctl gate trust add 198.18.1.2/32
echo_start
dropped=$(drops)
assert_equal "$(client_python windowed.py "$PACKETS")" "$PACKETS" "packets that came back"
assert_equal "$(missed)" 0 "packets lost at the ports"
assert_equal "$(drops)" "$dropped" "packets dropped"

# to a neighbour that never answers: each goes through the control thread
client_python windowed.py "$PACKETS" 198.18.2.77 >/dev/null
assert_equal "$(missed)" 0 "packets lost at the ports"
assert_equal "$(client_python windowed.py 1000)" 1000 "packets that came back after these"
