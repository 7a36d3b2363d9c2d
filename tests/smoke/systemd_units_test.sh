#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Installed and enabled under a real systemd: a user of their own, few privileges, a group for the sockets, nothing left after a stop.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_systemd.sh
. "$SMOKE/_systemd.sh"

# status_field UNIT FIELD [THREAD]: of /proc/PID/status
status_field() { host sed -n "s/^$2:\t*//p" "/proc/$(unit_get "$1" MainPID)/task/${3:-$(unit_get "$1" MainPID)}/status" | cut -f1; }
worker_threads() { host sh -c "grep -l '^dpdk-worker\|^rte-worker' /proc/$(unit_get dataplane MainPID)/task/*/comm" | cut -d/ -f5; }
as_user() { host setpriv --reuid "$1" --regid "$(host id -g "$1")" --init-groups --no-new-privs "${@:2}"; }
# exposure UNIT TENTHS: at most
exposure() { host systemd-analyze security --no-pager --threshold="$2" "sluice-$1" | tail -n 1 && ((PIPESTATUS[0] == 0)) || fail "$1 is exposed"; }
gate_ports() { host sluicectl -j gate show | jq 'if type == "array" then .[0] else . end | .xdp'; }
attached() { host ip -d link show wan | grep -q prog/xdp; }

host_up
nic_add
assert_match "$(host stat -c '%a %U:%G' /etc/sluice /etc/sluice/sluice.conf | tr '\n' ' ')" '^2770 root:sluice 640 root:sluice $'
# the example, as installed, and with its lines in force
assert host sluice-controlplane --check
host sed 's/^# \(port\|turn\|http\) /\1 /' /etc/sluice/sluice.conf | host_write /tmp/example.conf
assert host grep -q '^port add' /tmp/example.conf
assert host sluice-controlplane --config /tmp/example.conf --check
conf_write
assert unit 'enable' dataplane controlplane
assert_equal "$(host ls /etc/systemd/system/multi-user.target.wants | xargs)" "sluice-controlplane.service sluice-dataplane.service"
assert host systemctl start multi-user.target
output=$(unit start dataplane controlplane) || fail "$output"
await 10 port_is_up
await 10 relays
await 10 ready 200
assert attached
await_equal 10 1 gate_ports

# a device of DPDK's, whose twin the kernel has
assert host sluicectl port add twin vdev net_null0
assert host ip link show twin >/dev/null
assert host sluicectl port delete twin

# who they are
for daemon in dataplane controlplane; do
	assert_equal "$(host ps -o user=,group= -p "$(unit_get $daemon MainPID)" | xargs)" "sluice sluice" "$daemon's user"
	assert_equal "$(status_field $daemon NoNewPrivs) $(status_field $daemon Seccomp)" "1 2" "$daemon's NoNewPrivs and Seccomp"
	assert_equal "$(unit_get $daemon NRestarts)" 0
done
assert_equal "$(status_field controlplane CapBnd)" 0000000000000000
for thread in $(worker_threads); do
	assert_equal "$(status_field dataplane CapPrm "$thread")" 0000000000000000 "a worker's capabilities"
done
assert_match "$(worker_threads)" '[0-9]'
exposure controlplane 20
exposure dataplane 40

# the group, and nobody else
host useradd -M -G sluice warden
assert as_user warden sluicectl port show >/dev/null
assert as_user warden sluicectl turn user add other password word
output=$(as_user nobody sluicectl port show 2>&1) && fail "anybody may use the sockets"
assert_match "$output" "Permission denied"
assert as_user warden sluicectl config save
assert host grep -q 'turn user add other' /etc/sluice/sluice.conf
assert_equal "$(host stat -c '%a %G' /etc/sluice/sluice.conf)" "640 sluice"
assert relays

assert unit stop controlplane dataplane
assert_equal "$(unit_get dataplane Result) $(unit_get controlplane Result)" "success success"
assert_equal "$(host ls -A /run/sluice /sys/fs/bpf/sluice | xargs)" "/run/sluice: ledger /sys/fs/bpf/sluice:" "left after a stop"
attached && fail "the program is still attached"

# the other order, one by one
assert host systemctl start --no-block --job-mode=ignore-dependencies sluice-controlplane
await 10 logs controlplane "waiting for it"
assert unit start dataplane
await 10 port_is_up
assert relays
