#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An IPv4 client with an IPv6 peer and the other way round; and both families in one allocation.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

FLOW=(-n 200 -m 4 -z 5 -l 160 -c)
echo_start

assert_lossless "${FLOW[@]}" -x -e $PEER6 $SERVER4
assert_lossless "${FLOW[@]}" -x -e $PEER6 -s $SERVER4
assert_lossless "${FLOW[@]}" -X -e $PEER4 $SERVER6
assert_lossless "${FLOW[@]}" -X -e $PEER4 -s $SERVER6
allocations_end # an address and port of before would be answered with 437
assert client_python dual_family.py
