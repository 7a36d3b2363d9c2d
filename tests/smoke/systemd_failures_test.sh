#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Under a real systemd: a daemon that is killed or hangs comes back by itself, and alone.
# long
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_systemd.sh
. "$SMOKE/_systemd.sh"

# hurt UNIT SIGNAL: to its main process; another one takes its place
hurt() {
	local pid
	pid=$(unit_get "$1" MainPID)
	assert host kill -s "$2" "$pid"
	await 60 unit_again "$1" "$pid"
}

# worker_stop: holds the first worker's thread alone, until its process ends
worker_stop() {
	host /usr/bin/python3 - "$(unit_get dataplane MainPID)" <<-'END'
		import ctypes, glob, os, sys
		SEIZE, INTERRUPT = 0x4206, 0x4207
		libc = ctypes.CDLL(None, use_errno=True)
		libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
		names = {open(path).read().strip(): int(path.split("/")[4]) for path in glob.glob(f"/proc/{sys.argv[1]}/task/*/comm")}
		worker = next(names[name] for name in sorted(names) if name.startswith(("rte-worker", "dpdk-worker")))
		assert libc.ptrace(SEIZE, worker, None, None) == 0 and libc.ptrace(INTERRUPT, worker, None, None) == 0
		while os.WIFSTOPPED(os.waitpid(worker, 0x40000000)[1]): # __WALL
		    pass
	END
}

host_up
conf_write
for daemon in dataplane controlplane; do
	host mkdir -p "/run/systemd/system/sluice-$daemon.service.d"
	host_write "/run/systemd/system/sluice-$daemon.service.d/watchdog.conf" <<<$'[Service]\nWatchdogSec=6'
done
assert host systemctl daemon-reload
nic_add
assert unit start dataplane controlplane
await 60 port_is_up
await 10 relays
await 10 ready 200

# killed: more often than systemd's own limit of starts; the other one stays
dataplane=$(unit_get dataplane MainPID)
for ((i = 0; i < 6; i++)); do
	hurt controlplane KILL
done
assert_equal "$(unit_get dataplane MainPID)" "$dataplane"
await 10 ready 200
assert relays
controlplane=$(unit_get controlplane MainPID)
hurt dataplane KILL
await 30 port_is_up
await 10 relays
assert_equal "$(unit_get controlplane MainPID)" "$controlplane"

# hung
hurt dataplane STOP
hurt controlplane STOP
assert logs dataplane "Watchdog timeout"
assert logs controlplane "Watchdog timeout"
await 30 port_is_up
await 10 relays

# one worker hangs, the control thread goes on
pid=$(unit_get dataplane MainPID)
worker_stop &
at_exit child_end $!
await 30 logs dataplane "worker 0 makes no progress"
await 60 unit_again dataplane "$pid"
await 30 port_is_up
at_least 2 eval "journal dataplane | grep -c 'Watchdog timeout'" || fail "it was not the watchdog"
