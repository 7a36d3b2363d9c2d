#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# coturn's own client in every mode that it has over UDP.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

FLOW=(-n 200 -m 5 -z 5 -l 160)
echo_start

# without -c it asks for an even port and reserves the next one for RTCP
assert_lossless "${FLOW[@]}" -e $PEER4 $SERVER4
assert_lossless "${FLOW[@]}" -e $PEER4 -s $SERVER4
assert_lossless "${FLOW[@]}" -e $PEER4 -c -g -l 1200 $SERVER4
assert_lossless "${FLOW[@]}" -x -e $PEER6 $SERVER6
assert_lossless "${FLOW[@]}" -x -e $PEER6 -s -c $SERVER6
# -G: extra CreatePermission and ChannelBind requests in between; -D: ChannelData padded
assert_lossless "${FLOW[@]}" -e $PEER4 -G -D -c $SERVER4
