#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Under a real systemd: `systemctl reload` gives the dataplane's place to another process while calls are up, and the unit follows it;
# one that cannot start leaves all as it is.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_systemd.sh
. "$SMOKE/_systemd.sh"

calls() { host sluicectl -j allocation show | jq -S 'map({id, client, relayed, user, permissions, channels}) | sort_by(.id)'; }
count() { host sluicectl -j counter show | jq --arg name "turn.$1" '[.[] | select(.name == $name).value] | add // 0'; }
processes() { host pgrep -d ' ' -x sluice-dataplan; }
host_process_gone() { ! host test -e "/proc/$1"; }
# held: what the unit says of its main process, which serves alone
held() {
	local pid
	pid=$(unit_get dataplane MainPID)
	assert_equal "$(processes)" "$pid" "the processes of the unit"
	assert_equal "$(host sluicectl -s /run/sluice/dataplane.sock -j version | jq 'if type == "array" then .[0] else . end | .pid')" "$pid"
	assert_equal "$(unit_get dataplane ActiveState) $(unit_get dataplane NRestarts)" "active 0"
}

host_up
conf_write
host mkdir -p /run/systemd/system/sluice-dataplane.service.d
host_write /run/systemd/system/sluice-dataplane.service.d/watchdog.conf <<<$'[Service]\nWatchdogSec=12'
assert host systemctl daemon-reload
nic_add
assert unit start dataplane controlplane
await 60 port_is_up
await 10 relays
far turnutils_uclient -u demo -w lighthouse -y -n 3000 -m 4 -z 20 198.18.1.1 >"$WORK/calls" 2>&1 &
client=$!
at_exit child_end $client
await 30 at_least 100 count channel_to_peer # all have what they want
before=$(calls) started=$(unit_get dataplane ActiveEnterTimestampMonotonic)

for round in 1 2; do
	pid=$(unit_get dataplane MainPID)
	assert unit reload dataplane
	[[ $(unit_get dataplane MainPID) != "$pid" ]] || fail "round $round: the same process serves"
	await 20 host_process_gone "$pid"
	held
	await 20 port_is_up
	assert_equal "$(calls)" "$before" "calls after reload $round"
	assert_equal "$(count allocate_success)" 0 "allocations made"
	await 20 at_least 1 count channel_to_peer
done
assert_equal "$(unit_get dataplane ActiveEnterTimestampMonotonic)" "$started" "when it started"
logs dataplane 'not our child' && fail "systemd does not watch over it"
(($(jq length <<<"$before") >= 4)) || fail "allocations: $before"

# what cannot start
pid=$(unit_get dataplane MainPID)
host_write /etc/default/sluice-dataplane <<<'OPTIONS="--max-allocations none"'
output=$(unit reload dataplane) && fail "it took over with an option that is wrong"
assert logs dataplane 'max-allocations'
assert_equal "$(unit_get dataplane MainPID)" "$pid" "the main process"
held
assert_equal "$(calls)" "$before" "calls after a reload that failed"
child_end $client
assert relays

# it is looked after as the first one was: one that hangs makes place for another, and a stop ends that
conf_write
assert host kill -STOP "$pid"
await 60 unit_again dataplane "$pid"
assert logs dataplane "Watchdog timeout"
await 30 port_is_up
assert unit stop dataplane
assert_equal "$(unit_get dataplane Result) $(processes)" "success "
