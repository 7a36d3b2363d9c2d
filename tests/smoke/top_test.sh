#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `sluicectl top`: in an 80-column terminal with its keys, and once for scripts.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

command -v tmux >/dev/null || skip "no tmux"
terminal() { tmux -L "sluice-top$LAB_SUFFIX" "$@"; }
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
assert_equal "$(grep -c quit "$WORK/once")" 0 "lines of keys for nobody"

# in JSON: each table as its command shows it, and what grew
ctl -j top --once >"$WORK/json"
assert_equal "$(jq -r '.worker[0].id, .port[0].name, .gate[0].mode, (.seconds > 0)' "$WORK/json" | paste -sd' ')" "0 dp0 enforce true"
assert_equal "$(jq -c '.port[0] | del(.per_second) | keys' "$WORK/json")" "$(ctl -j port show | jq -c '.[0] | keys')" "columns of a port"
assert_equal "$(jq '.worker[0].per_second.walks > 0' "$WORK/json")" true "walks a second"
output=$(ctl top every 0 2>&1) && fail "an interval of 0 is taken"
assert_match "$output" 'every \^0'

start client /usr/bin/python3 "$SMOKE/allocate_many.py" 50 300
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
assert terminal send-keys -t top / 1 . 2 : Enter
await 5 shows 'demo .*198.18.1.2:'
assert_match "$(screen | sed -n 1p)" '^sluice .* allocations '
assert_match "$(screen | sed '/^$/d' | tail -n 1)" '\[q\] quit$'
assert terminal send-keys -t top q
await 5 not terminal has-session -t top

# killed, it leaves the terminal as it was
for signal in TERM HUP INT; do
	assert terminal new-session -d -s top -x 80 -y 24 "read -r line; $SLUICE_ROOT/tools/lab ctl top every 1; exec cat"
	tty=$(terminal display -p -t top '#{pane_tty}')
	modes=$(stty -F "$tty" -g)
	assert terminal send-keys -t top Enter
	await 10 shows '^worker  cpu'
	assert_equal "$(terminal display -p -t top '#{alternate_on} #{cursor_flag}')" "1 0" "second screen, cursor"
	pid=$(pgrep -t "${tty#/dev/}" -x sluicectl) || fail "no sluicectl on $tty"
	kill -s $signal "$pid"
	await 5 process_gone "$pid"
	back() { [[ $(terminal display -p -t top '#{alternate_on} #{cursor_flag}') == "0 1" ]]; }
	await 5 back
	assert_equal "$(stty -F "$tty" -g)" "$modes" "the terminal after SIG$signal"
	assert terminal kill-session -t top
done
