#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# sluicectl as a shell in a terminal: TAB, ?, a caret under the wrong word, ^C for the command alone, ^D.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

command -v tmux >/dev/null || skip "no tmux"
terminal() { tmux -L "sluice-shell$LAB_SUFFIX" "$@"; }
screen() { terminal capture-pane -p -t shell; }
shows() { screen | grep -q -- "$1"; }
keys() { assert terminal send-keys -t shell "$@"; }
# the last line that is not empty
last_is() { [[ $(screen | sed '/^$/d' | tail -n 1) == "$1" ]]; }

at_exit terminal kill-server
assert terminal new-session -d -s shell -x 110 -y 50 "$SLUICE_ROOT/tools/lab ctl"
await 10 last_is "sluice>"
keys tra Tab direc Tab "?"
await 5 shows '^  both '
await 5 last_is "sluice> trace direction"
keys "up" Enter
await 5 shows '^ *^ expected: both|in|out$'
await 5 last_is "sluice>"
keys C-u "port delete d" Tab Tab
await 5 shows '^  dp0 '
await 5 shows '^  dp1 '
await 5 last_is "sluice> port delete dp"
keys C-u "bogus " "?"
await 5 shows '^  a word before is wrong$'
keys C-u "top" Enter
await 10 shows '^worker  cpu'
keys q
await 5 last_is "sluice>"
keys C-l "trace seconds 15 user nobody" Enter
# one that would be refused anyway tells whether it runs
busy() { [[ $(ctl trace port nobody 2>&1) == *'somebody traces already' ]]; }
await 10 busy
keys C-c
await 5 last_is "sluice>"
await 5 not busy
keys "version" Enter
await 5 shows '^sluice-dataplane '
# what is longer than the terminal is paged, and can be left; short answers are not
if command -v less >/dev/null; then
	keys "counter show" Enter
	await 10 last_is ":"
	keys q
	await 5 last_is "sluice>"
fi
keys C-d
await 5 not terminal has-session -t shell
