#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Passwords are tried at the speed of their budget; who is deleted gets nothing new, and with `end` loses what he has.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl turn user delete guest end
at_exit ctl config reload
assert ctl gate mode observe # what is tested stands behind the gate's own limits
await_equal 5 0 allocations

before=$(counter drop.turn_attempts)
answered=$(client_python guess.py 1000)
printf '1000 wrong passwords: %s answered\n' "$answered"
((answered >= 50 && answered < 500)) || fail "$answered of 1000 were answered"
(($(counter drop.turn_attempts) > before)) || fail "drop.turn_attempts does not count"

assert ctl turn user add guest password demo
coproc STEADY { exec 2>"$WORK/steady"; in_client ip addr add 198.18.1.66/24 dev eth0; client_python kept.py guest; }
at_exit in_client ip addr del 198.18.1.66/24 dev eth0
next() { # next WANTED: the client's next line; it goes on then
	local line
	read -r -t 30 line <&"${STEADY[0]}" || fail "the client died: $(cat "$WORK/steady")"
	assert_equal "$line" "$1"
}
go() { echo >&"${STEADY[1]}"; }
next allocated
assert ctl turn user delete guest
go
next "refreshed, a new permission 403"
assert_equal "$(allocations)" 1
assert ctl turn user delete guest end
await_equal 5 0 allocations
go
next "refresh 401"
assert_match "$(ctl turn user delete guest end 2>&1)" "there is no such user"
