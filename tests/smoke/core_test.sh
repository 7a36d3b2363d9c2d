#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A daemon that dies leaves no core file, which would hold keys and passwords; with --allow-core it does, and they are in it.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

SECRET=lighthouse-4711
cat >"$WORK/sluice.conf" <<<"turn user add demo password $SECRET"
mkdir "$WORK/cwd"
dataplane=(sluice-dataplane --socket "$WORK/dp.sock" --no-huge --max-allocations 100 --max-endpoints 16)
controlplane=(sluice-controlplane --socket "$WORK/cp.sock" --dataplane "$WORK/dp.sock" --config "$WORK/sluice.conf" --state-dir "$WORK")

# run SOCKET COMMAND...: until it listens; its id is in DAEMON
run() {
	# shellcheck disable=SC2016 # expanded there
	"$SLUICE_ROOT/tools/lab" exec dp bash -c 'cd "$1" && ulimit -c unlimited; exec "${@:2}"' bash "$WORK/cwd" "${@:2}" 2>"$WORK/log" &
	DAEMON=$!
	at_exit child_end $DAEMON
	await 60 in_dp sluicectl -s "$1" version
}
# aborted: whether DAEMON, killed, dumps its memory
aborted() {
	local output
	kill -ABRT "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	output=$(find "$WORK/cwd" -name 'core*' -printf '%p ')
	[[ $output ]]
}

[[ $(</proc/sys/kernel/core_pattern) == core* ]] || skip "core files of this host go elsewhere"
run "$WORK/dp.sock" "${dataplane[@]}"
dataplane_pid=$DAEMON
run "$WORK/cp.sock" "${controlplane[@]}"
await 10 in_dp sluicectl -s "$WORK/dp.sock" -j turn show
assert_equal "$(in_dp sluicectl -s "$WORK/dp.sock" -j turn show | jq 'if type == "array" then .[0] else . end | .users')" 1
aborted && fail "the control plane left a core file"
DAEMON=$dataplane_pid
aborted && fail "the dataplane left a core file"

run "$WORK/cp.sock" "${controlplane[@]}" --allow-core
aborted || fail "--allow-core: no core file"
assert grep -q $SECRET "$WORK"/cwd/core*
