#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# No hugepages, two workers: as many packets as turn the packet pool over several times are relayed; as many wait in the
# control thread for a next hop that the kernel forgets again and again; as many end there, for one that never answers.
# Nothing is lost of the first two, and no buffer of any. SLUICE_PACKETS=500000 is the whole of it.
LAB_UP=(--workers 2)
export LAB_DATAPLANE_ARGS="--no-huge --mbufs 8191"
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PACKETS=${SLUICE_PACKETS:-20000}
at_exit lab down
missed() { ctl -j port show | jq '[.[] | .rx_missed + .tx_full + .tx_errors] | add'; }
drops() { ctl -j counter show | jq '[.[] | select(.name | startswith("drop.")).value] | add'; }
waited() { ctl -j graph show | jq '[.[] | select(.node == "neighbour_wait").packets] | add // 0'; }

assert ctl gate trust add 198.18.1.2/32
echo_start
dropped=$(drops)
assert_equal "$(client_python windowed.py "$PACKETS")" "$PACKETS" "packets that came back"
assert_equal "$(missed)" 0 "packets lost at the ports"
assert_equal "$(drops)" "$dropped" "packets dropped"

# each waits in the control thread until the kernel knows the next hop's address again
start dp /usr/bin/python3 "$SMOKE/forget.py" "$WORK/forget" dp1
await 5 test -S "$WORK/forget"
before=$(waited)
sent=0
while (($(waited) - before < PACKETS)); do
	assert_equal "$(client_python windowed.py "$PACKETS" forget "$WORK/forget")" "$PACKETS" "packets that waited and came back"
	rm "$WORK/forget.client"
	sent=$((sent + PACKETS))
done
printf '%d of %d packets waited in the control thread, %d came back\n' $(($(waited) - before)) $sent $sent
assert_equal "$(missed)" 0 "packets lost at the ports"
assert_equal "$(drops)" "$dropped" "packets dropped"

# to a neighbour that never answers: each ends in the control thread
client_python windowed.py "$PACKETS" 198.18.2.77 >/dev/null
assert_equal "$(missed)" 0 "packets lost at the ports"
assert_equal "$(client_python windowed.py 1000)" 1000 "packets that came back after these"
