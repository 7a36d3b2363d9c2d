#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The file is read again: by command, by SIGHUP, all of it or nothing; and a line that is refused takes nobody down: it is
# said in readyz, the metrics, `config refused` and the log, and heals. A call goes on through all of it.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

CONF=$LAB_STATE/dp/sluice.conf
URL=http://198.18.1.1:8080
cp "$CONF" "$WORK/kept"
at_exit lab heal controlplane
at_exit lab kill controlplane
at_exit cp "$WORK/kept" "$CONF"
at_exit in_dp ip link delete late

readyz() { in_client curl -s -m 10 "$@" $URL/readyz; }
metric() { in_client curl -s -m 10 -H 'Authorization: Bearer lab' $URL/metrics | sed -n "s/^$1 //p"; }
said() { lab log controlplane | grep -c -- "$1"; }
control_pid() { ctl -j version | jq '.[] | select(.program == "sluice-controlplane").pid'; }
pid=$(control_pid)

echo_start 198.18.2.2
start client turnutils_uclient -u demo -w demo -e 198.18.2.2 -m 1 -n 2000 -z 20 198.18.1.1
await 10 at_least 3 allocations # of one uclient

# nothing differs; then a line more and a line less
assert_equal "$(ctl config diff 2>/dev/null)" "" "what differs at first"
{ grep -v 'secret add' "$WORK/kept" && echo 'turn user add fresh password "p w"'; } >"$CONF"
assert_equal "$(ctl config diff | sort | tr '\n' ';')" "+ turn user add fresh password ********;- turn secret add ********;" "what differs"
assert_equal "$(ctl -j config reload | jq -c '[.added, .changed, .removed, .refused]')" "[1,0,1,0]" "the reload"
ctl config show secrets | grep -q 'user add fresh password "p w"' || fail "the new line is not there"
ctl config show | grep -q 'secret add' && fail "the old line is still there"
assert_match "$(lab log controlplane)" 'uid 0, pid [0-9]+\): config reload: done'

# what was typed goes, also who this node was
assert ctl node set typed region nowhere
assert_equal "$(ctl -j config reload | jq -c '[.added, .changed, .removed, .refused]')" "[0,0,1,0]" "the reload"
assert_equal "$(ctl -j node show | jq length)" 0 "nodes"

# a wrong word, and a line that the dataplane refuses: nothing changes
before=$(ctl config show secrets)
{ cat "$WORK/kept" && echo 'turn reelm x'; } >"$CONF"
output=$(ctl config reload 2>&1) && fail "a wrong word is taken"
assert_match "$output" "sluice.conf:$(wc -l <"$CONF"): turn \^reelm: did you mean .realm.*(expected|help)"
{ echo 'turn user add early password x' && cat "$WORK/kept" && echo 'port add late xdp late'; } >"$CONF"
output=$(ctl config reload 2>&1) && fail "a port without an interface is taken"
assert_match "$output" "sluice.conf:$(wc -l <"$CONF"): port add late xdp late: "
assert_equal "$(ctl config show secrets)" "$before" "after reloads that were refused"
assert_equal "$(ctl -j turn show | jq .users)" 2 "the dataplane's users after them"
assert_equal "$(metric sluice_config_reload_failed)" 1 "the metric"
assert_equal "$(ctl -j config status | jq .reload_failed)" 1 "config status"

# SIGHUP, with a mistake and without
echo 'turn reelm x' >"$CONF"
failures=$(said 'read again, and nothing is changed')
kill -HUP "$pid"
await 5 at_least $((failures + 1)) said 'read again, and nothing is changed'
cp "$WORK/kept" "$CONF"
kill -HUP "$pid"
await_equal 5 0 metric sluice_config_reload_failed
await_equal 5 1 eval "ctl config show | grep -c 'user add'"
assert_equal "$(control_pid)" "$pid" "the control plane's id"
assert_equal "$(allocations)" 3 "the call"

# dataplane first, and a line that it refuses
{ cat "$WORK/kept" && echo 'port add late xdp late'; } >"$CONF"
assert lab kill controlplane
assert lab heal controlplane
await_equal 10 1 eval "ctl -j config refused | jq length"
assert_match "$(ctl -j config refused | jq -r '.[0] | "\(.number) \(.line): \(.reason)"')" "^$(wc -l <"$CONF") port add late xdp late: ."
assert_equal "$(in_client curl -s -o /dev/null -w '%{http_code}' $URL/readyz)" 503 "readyz"
assert_match "$(readyz -H 'Authorization: Bearer lab')" '^1 of [0-9]+ lines refused: port add late xdp late: '
assert_match "$(readyz)" '^1 of [0-9]+ lines refused: .sluicectl config refused. has them$'
assert_equal "$(metric sluice_config_refused_lines)" 1 "the metric"
in_dp ip link add late type veth peer name late2 && in_dp ip link set late up
await_equal 20 ok readyz
assert_equal "$(said "late xdp late: in force now")" 1 "times that it is said"
assert_equal "$(allocations)" 3 "the call"

# rules across lines, without any daemon
{ cat "$WORK/kept" && echo 'turn relay 198.18.1.1 ports 3000-4000'; } >"$WORK/across"
output=$(in_dp sluice-controlplane --config "$WORK/across" --check 2>&1) && fail "a listener within a relay's range is taken"
assert_match "$output" "across:$(wc -l <"$WORK/across"): turn relay 198.18.1.1 ports 3000-4000: 198.18.1.1:3478, a TURN listener's"
