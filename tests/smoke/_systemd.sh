# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A host whose PID 1 is a real systemd, with sluice installed as `meson install` does it; not the lab's. HOST_ROOT names another
# folder than / that holds it, where nothing is installed:
#
#   far 198.18.1.2 (namespace "far") -- wan 198.18.1.1 [ systemd, sluice-dataplane, sluice-controlplane ]

SLUICE_BUILD=${SLUICE_BUILD:-$SLUICE_ROOT/build}
NAMESPACES=(-m -p -n -i -u -C)
HOST_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOST_ROOT=${HOST_ROOT:-/}
HOST_FOLDER=
HOST_PID=

# host COMMAND...: runs it there
host() { nsenter -t "$HOST_PID" "${NAMESPACES[@]}" -r -w env -i PATH=$HOST_PATH "$@"; }
# far COMMAND...: runs it at the other end of the wire
far() { host ip netns exec far "$@"; }
# host_write FILE: from stdin
host_write() { host tee "$1" >/dev/null; }

host_up() {
	local booted status
	[[ -x /lib/systemd/systemd ]] || skip "no systemd here"
	HOST_FOLDER=$(mktemp -d)
	unshare "${NAMESPACES[@]}" --fork --propagation private "$SMOKE/systemd_boot" "$HOST_FOLDER" "$HOST_ROOT" \
		"$SLUICE_BUILD" \
		>"$WORK/boot" 2>&1 </dev/null 8>&- & # the lab's lock is not the host's
	booted=$!
	at_exit host_down $booted
	wait_for 60 host_runs $booted || {
		process_gone $booted && wait $booted
		status=$?
		((status == 77)) && skip "no host in namespaces here: $(tail -n 1 "$WORK/boot")"
		fail "systemd does not come up ($status): $(tail -n 5 "$WORK/boot")"
	}
	if [[ $HOST_ROOT == / ]]; then
		assert host systemd-sysusers sluice.conf
		assert host systemd-tmpfiles --create sluice.conf
	fi
	host ip netns add far
}

# The namespaces end with their PID 1, and all that runs and is mounted in them with them.
host_down() {
	HOST_PID=$(pgrep -P "$1") && kill -KILL "$HOST_PID"
	wait_for 20 process_gone "$1"
	rmdir "$HOST_FOLDER"
}
host_runs() {
	process_gone "$1" && return 0
	HOST_PID=$(pgrep -P "$1") && [[ $(host systemctl is-system-running) =~ ^(running|degraded)$ ]]
}

# nic_add: the interface of the port, and who is at its far end
nic_add() {
	host ip link add wan type veth peer name far
	host ip link set far netns far
	host ip address add 198.18.1.1/24 dev wan
	far ip address add 198.18.1.2/24 dev far
	far ip link set far up
	far ethtool -K far tx off >/dev/null
	host ip link set wan up
}

# unit VERB UNIT [ARGS]...: dataplane, controlplane
unit() {
	local words=("${@/#dataplane/sluice-dataplane}")
	host systemctl "${words[@]/#controlplane/sluice-controlplane}" 2>&1
}
unit_get() { host systemctl show -P "$2" "sluice-$1"; }
unit_runs() { [[ $(unit_get "$1" SubState) == running ]]; }
# unit_again UNIT PID: another process than PID serves
unit_again() { unit_runs "$1" && [[ $(unit_get "$1" MainPID) != "$2" ]]; }
journal() { host journalctl -q --no-pager -o cat -u "sluice-$1"; }
logs() { journal "$1" | grep -q -- "$2"; }
port_is_up() { [[ $(host sluicectl -j port show | jq -r '.[0].state') == up ]]; }
ready() { [[ $(host curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/readyz) == "$1" ]]; }

# relays: one client calls itself through the relay, and loses nothing
relays() {
	far timeout 60 turnutils_uclient -u demo -w lighthouse -y -n 20 -m 1 -z 5 198.18.1.1 >"$WORK/client" 2>&1 &&
		grep -q 'Total lost packets 0 ' "$WORK/client"
}

conf_write() {
	host_write /etc/sluice/sluice.conf <<-'END'
		port add wan xdp wan
		turn realm sluice
		turn user add demo password lighthouse
		turn listen 198.18.1.1:3478
		turn relay 198.18.1.1 ports 50000-50999
		turn peer allow 198.18.0.0/15
		http listen 127.0.0.1:8080
	END
	host_write /etc/default/sluice-dataplane <<<'OPTIONS="--max-allocations 1000 --max-endpoints 16"'
}
