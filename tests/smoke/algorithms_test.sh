#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Clients of RFC 8489: SHA-256 and names by their hash, past the gate, and a nonce whose cookie was taken off.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

echo_start
at_exit ctl config reload
coproc MODERN { exec 2>"$WORK/modern"; client_python algorithms.py $PEER4 3480; }
next() { # next WANTED: the client's next line
	local line
	read -r -t 60 line <&"${MODERN[0]}" || fail "the client died: $(cat "$WORK/modern")"
	assert_equal "$line" "$1"
}
go() { echo >&"${MODERN[1]}"; }

next "nothing said: 56 bytes"
verified=$(counter gate.verified)
go && next "asked: 84 bytes, obMatJos2gAAA, True"
go && next "relayed: True"
at_least $((verified + 4)) counter gate.verified || fail "the gate did not know the nonce"
go && next "by a hash: True"
go && next "without its cookie: 438"
assert ctl turn algorithms always
go && next "always: 84 bytes, True"
go && next "RFC 5389's client: allocated"
