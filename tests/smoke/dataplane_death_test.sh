#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the dataplane: it comes back with its whole configuration, and clients allocate again, within 2 s.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab heal dataplane
allocates() { [[ $(client_python allocate.py demo demo) == allocated ]]; }
echo_start
before=$(ctl config show)

for round in 1 2 3; do
	assert lab kill dataplane
	clock_start
	assert lab heal dataplane
	await 5 allocates
	assert_within 2000 "round $round"
done
assert_equal "$(ctl config show)" "$before" configuration
assert_lossless -n 50 -m 2 -z 5 -e $PEER4 $SERVER4
assert_lossless -n 50 -m 2 -z 5 -x -c -e $PEER6 $SERVER6
