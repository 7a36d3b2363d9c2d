# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The servers that benches compare, one after the other at the same addresses of the lab: SERVER_PID is the one that runs. Who
# sources this sets WORK, a folder, and COTURN_ARGS.

SERVER_PID='' COTURN=''

lab() { "$SLUICE_ROOT/tools/lab" "$@"; }

sluice_start() {
	local daemon port
	for port in dp0 dp1; do # as it is where no laboratory changes it
		lab exec dp ethtool -K $port tx-udp-segmentation on 2>/dev/null
	done
	for daemon in dataplane controlplane; do
		lab heal $daemon || die "sluice does not start"
	done
	lab ctl gate trust add 198.18.1.2/32 # the clients of one host are no attack here
	wait_for 10 allocates || die "sluice does not answer"
	SERVER_PID=$(lab ctl -s /run/sluice/dataplane.sock -j version | jq 'if type == "array" then .[0] else . end | .pid')
}

sluice_stop() {
	lab stop controlplane
	lab stop dataplane
}

allocates() { lab exec client /usr/bin/python3 "$SLUICE_ROOT/tests/smoke/allocate.py" demo demo; }

coturn_start() {
	lab exec dp turnserver -n -a -u demo:demo -r sluice -L 198.18.1.1 -E 198.18.2.1 --no-cli \
		"${COTURN_ARGS[@]}" --log-file stdout --no-stdout-log --userdb "$WORK/db" --pidfile "$WORK/pid" >"$WORK/log" 2>&1 &
	COTURN=$!
	wait_for 10 allocates || die "coturn did not start: $(tail -n 2 "$WORK/log")"
	SERVER_PID=$(<"$WORK/pid")
}

coturn_stop() {
	process_end "$SERVER_PID"
	wait "$COTURN"
	COTURN=
}
