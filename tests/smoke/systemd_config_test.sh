#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Under a real systemd: an interface that comes late, a line that is refused, `systemctl reload` and SIGHUP, a restart.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_systemd.sh
. "$SMOKE/_systemd.sh"

CONF=/etc/sluice/sluice.conf
# lived UNIT SECONDS: without a restart
lived() {
	local started now
	started=$(unit_get "$1" ActiveEnterTimestampMonotonic)
	read -r now _ </proc/uptime
	unit_runs "$1" && ((started > 0 && ${now/./}0000 - started >= $2 * 1000000))
}
users() { host sluicectl -j turn show | jq 'if type == "array" then .[0] else . end | .users'; }
restarts() { echo "$(unit_get dataplane NRestarts) $(unit_get controlplane NRestarts)"; }

# the interface comes 8 s after the daemons
host_up
conf_write
assert unit start dataplane controlplane
await 30 lived controlplane 8
assert ready 503
assert_match "$(host curl -s http://127.0.0.1:8080/readyz)" '^1 of [0-9]+ lines refused: .sluicectl config refused'
assert_match "$(host sluicectl -j config refused)" 'port add wan xdp wan'
nic_add
await 60 port_is_up
await 10 ready 200
await 10 relays
pids="$(unit_get dataplane MainPID) $(unit_get controlplane MainPID)"

# a reload, and one whose file is wrong: the unit says so, and what ran goes on
host_write /tmp/kept < <(host cat $CONF)
host tee -a $CONF >/dev/null <<<'turn user add other password word'
assert unit reload controlplane
assert_equal "$(users)" 2 "users after a reload"
host tee -a $CONF >/dev/null <<<'turn reelm x'
output=$(unit reload controlplane) && fail "a wrong file is taken"
assert logs controlplane 'reelm: did you mean .realm.'
assert_equal "$(users)" 2 "users after a reload that was refused"

# SIGHUP
host cp /tmp/kept $CONF
assert unit kill controlplane --kill-who=main --signal=HUP
await_equal 10 1 users
assert unit kill dataplane --kill-who=main --signal=HUP
assert relays
assert_equal "$(unit_get dataplane MainPID) $(unit_get controlplane MainPID)" "$pids" "the daemons' ids"

# a line that the dataplane refuses: both run, and it is tried again
host tee -a $CONF >/dev/null <<<'port add late xdp late'
assert unit restart controlplane
await 30 ready 503
assert relays
assert unit restart dataplane
await 30 port_is_up
await 10 relays
assert_equal "$(restarts)" "0 0" "restarts that nobody asked for"
host ip link add late type veth peer name late2
host ip link set late up
await 30 ready 200
