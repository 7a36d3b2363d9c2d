# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The laboratory's hosts: a network namespace each, and for hosts with daemons a mount namespace as well.
# A host is named as in `tools/lab exec HOST`: client, peer, dp; in the lab NAME its namespace is sluice-lab-NAME-HOST.

host_netns() { printf 'sluice%s-%s' "${LAB:+-lab-$LAB}" "${1//\//-}"; }
host_dir() { printf '%s/%s' "$LAB_STATE" "$1"; }

host_exists() { [[ -e /run/netns/$(host_netns "$1") ]]; }

# host_run HOST COMMAND...: in the host's namespaces, in this directory; becomes COMMAND (call it in a subshell)
host_run() {
	local dir enter
	dir=$(host_dir "$1")
	enter=(nsenter "--net=/run/netns/$(host_netns "$1")")
	[[ -e $dir/mnt ]] && enter+=("--mount=$dir/mnt" "--wdns=$PWD")
	shift
	exec "${enter[@]}" "$@"
}

host_ip() { ip -n "$(host_netns "$1")" "${@:2}"; }

host_add() {
	local name
	name=$(host_netns "$1")
	ip netns add "$name" || return
	# Duplicate address detection would hold addresses back for seconds; and they shall outlive a link that goes down.
	ip netns exec "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.keep_addr_on_down=1 net.ipv6.conf.all.keep_addr_on_down=1 &&
		ip -n "$name" link set lo up
}

# A mount namespace with /run/sluice, bpffs and hugetlbfs of its own; held by a file, so that it outlives every process.
# A kernel numbers namespaces in blocks for each CPU, and only a smaller number may hold a mount namespace: within
# a container's namespace another CPU may have to do it.
host_add_mounts() {
	local dir cpu error
	dir=$(host_dir "$1")
	mkdir -p "$dir/run" && : >"$dir/mnt" || return
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		error=$(mounts_make "$1" "$dir" $cpu 2>&1) && return
	done
	say "$error"
	return 1
}

# mounts_make HOST DIR CPU
mounts_make() {
	local dir=$2
	taskset -c "$3" nsenter "--net=/run/netns/$(host_netns "$1")" \
		unshare "--mount=$dir/mnt" --propagation slave sh -ec '
			mount -t sysfs sysfs /sys
			mount -t bpf bpf /sys/fs/bpf
			mkdir -p /run/sluice
			mount --bind "$1" /run/sluice
			if [ -d /dev/hugepages ] || mkdir /dev/hugepages 2>/dev/null; then
				mount -t hugetlbfs -o pagesize=2M hugetlbfs /dev/hugepages || true
			fi
		' sh "$dir/run"
}

# Kills what still lives in the host's namespaces: they are ours alone.
host_kill() {
	local pids
	host_exists "$1" || return 0
	mapfile -t pids < <(ip netns pids "$(host_netns "$1")" 2>/dev/null)
	process_end "${pids[@]}"
}

host_delete() {
	local dir
	dir=$(host_dir "$1")
	host_kill "$1"
	if [[ -e $dir/mnt ]]; then
		umount "$dir/mnt" 2>/dev/null
		rm -f "$dir/mnt"
	fi
	host_exists "$1" && ip netns del "$(host_netns "$1")"
	rm -rf "$dir"
}

# link_add HOST IFACE FAR-HOST FAR-IFACE: a veth pair of LAB_QUEUES queues. The far end computes its checksums in full: what crosses a veth
# would otherwise arrive with them wrong. From the near one datagrams come one by one, whoever looks at them.
link_add() {
	local queues=${LAB_QUEUES:-1}
	ip link add "$2" netns "$(host_netns "$1")" numrxqueues "$queues" numtxqueues "$queues" type veth \
		peer name "$4" netns "$(host_netns "$3")" numrxqueues "$queues" numtxqueues "$queues" &&
		host_ip "$1" link set "$2" up && host_ip "$3" link set "$4" up &&
		(host_run "$3" ethtool -K "$4" tx off) >/dev/null || return
	(host_run "$1" ethtool -K "$2" tx-udp-segmentation off) >/dev/null 2>&1 || true # older kernels have no such thing
}

# address_add HOST IFACE ADDRESS...
address_add() {
	local host=$1 iface=$2 address
	shift 2
	for address; do
		if [[ $address == *:* ]]; then
			host_ip "$host" addr add "$address" dev "$iface" nodad || return
		else
			host_ip "$host" addr add "$address" dev "$iface" || return
		fi
	done
}
