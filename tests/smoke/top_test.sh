#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `sluicectl top`: in an 80-column terminal with its keys, and once for scripts.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

command -v tmux >/dev/null || skip "no tmux"
terminal() { tmux -L sluice-top "$@"; }
screen() { terminal capture-pane -p -t top; }
shows() { screen | grep -q -- "$1"; }

ctl top --once >"$WORK/once"
assert grep -q '^gate enforce' "$WORK/once"
assert grep -Eq '^ *0 +[0-9]+ +[0-9]+% \[' "$WORK/once"
assert grep -Eq '^dp0 +up' "$WORK/once"
assert_equal "$(awk 'length > 80' "$WORK/once")" "" "lines wider than 80"
# The picture in the manual is of this program: its headings are these.
grep -E '^(worker|port|allocation) ' "$WORK/once" >"$WORK/headings"
assert_equal "$(wc -l <"$WORK/headings")" 3 headings
while IFS= read -r heading; do
	grep -qF -- "$heading" "$SLUICE_ROOT/docs/top.screen" || fail "docs/top.screen lacks \"$heading\": tools/pictures/top_record"
done <"$WORK/headings"
output=$(ctl top every 0 2>&1) && fail "an interval of 0 is taken"
assert_match "$output" 'every \^0'

start client /usr/bin/python3 "$SMOKE/allocate_many.py" 50 20
at_exit terminal kill-server
assert terminal new-session -d -s top -x 80 -y 24 "$SLUICE_ROOT/tools/lab ctl top every 1"
await 10 shows '^worker  cpu'
await 10 shows '^port .*full/s$'
await 20 shows 'demo .*198.18.1.2:'
await 5 shows 'sort: rate'
assert terminal send-keys -t top s
await 5 shows 'sort: total'
assert terminal send-keys -t top / n o b o d y Enter
await 5 shows 'filter: nobody'
await 5 not shows 'demo .*198.18.1.2:'
assert_equal "$(screen | wc -l)" 24 "lines of the screen"
assert terminal send-keys -t top q
await 5 not terminal has-session -t top
