#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# aioice: another implementation's TURN client, and two of its ICE agents that have relayed candidates only.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

/usr/bin/python3 -c 'import aioice' 2>/dev/null || skip "python3-aioice is not installed"
for way in udp tcp tls; do
	assert client_python aioice_turn.py $way
	await_equal 5 0 allocations
done
