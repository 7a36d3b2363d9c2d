# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What `tools/vm test` tries in the guest, in this order: first the NICs are the kernel's and shared by XDP, then they are DPDK's.
# A case prints what it saw, one line, and fails with a line that says what it had expected.

# shellcheck disable=SC2034 # for tools/vm
VM_CASES=(units xdp_modes xdp_queues xdp_turn xdp_vlan xdp_bond dev_ports dev_refused twin_ping twin_ssh turn4 turn6 workers srtp mac link restart
	killed reboot after_reboot)

VM_KEY=$(head -c 30 /dev/zero | base64 -w0)
CALL=(-n 40 -m 2 -z 25 -l 160)

wrong() {
	printf '%s\n' "$*"
	return 1
}

ctl() { guest sluicectl "$@"; }
ctl_json() { ctl -j "${@:2}" | jq -r "$1"; }

# in_time SECONDS WHAT COMMAND...: until COMMAND succeeds
in_time() {
	wait_for "$1" "${@:3}" || wrong "not within $1 s: $2"
}

# ports_are UP N: so many ports whose link is up
ports_are() { [[ $(ctl_json '[.[] | select(.state == "up")] | length' port show) == "$1" ]]; }
port_is() { [[ $(ctl_json ".[] | select(.name == \"$1\").state" port show) == "$2" ]]; }

# conf_write LINE...: these ports, and what every phase has
conf_write() {
	guest 'install -m 640 -g sluice /dev/stdin /etc/sluice/sluice.conf' <<-END
		$(printf '%s\n' "$@")
		gate limit source 1000 burst 1000
		turn realm sluice
		turn user add demo password demo
		turn listen 198.18.1.1:3478
		turn listen [2001:2:0:1::1]:3478
		turn relay 198.18.2.1 ports 49152-65535
		turn relay 2001:2:0:2::1 ports 49152-65535
		turn peer allow 198.18.0.0/15
		turn peer allow 2001:2::/48
	END
}

# call NIC PEER SERVER-WORDS...: turnutils_uclient at the far end of NIC; nothing may be lost
call() {
	local sent received lost
	# shellcheck disable=SC2034 # for uclient_run
	local UCLIENT_AT=(ip netns exec "sluice-vm-$1")
	peer_start || return
	read -r sent received lost _ < <(uclient_run "${CALL[@]}" -e "$2" "${@:3}" 2>&1) || wrong "turnutils_uclient ${*:3} did not finish" || return
	[[ $sent =~ ^[0-9]+$ ]] || wrong "turnutils_uclient ${*:3}: $sent $received $lost" || return
	((sent > 0 && received == sent && lost == 0)) || wrong "$received of $sent datagrams came back" || return
	printf '%s of %s ' "$received" "$sent"
}

# The echoing peer of all calls, at e1000e's far end; it lives as long as the guest.
peer_start() {
	ip netns pids sluice-vm-e1000e | xargs -r ps -o comm= -p | grep -qx turnutils_peer && return
	# no function: its subshell would keep this case's output open
	ip netns exec sluice-vm-e1000e turnutils_peer -L 198.18.2.2 -L 2001:2:0:2::2 -p 3480 </dev/null >/dev/null 2>&1 &
	in_time 10 "an echoing peer" peer_listens
}
peer_listens() { (($(far e1000e ss -Huln 'sport = :3480' | wc -l) >= 2)); }

# pings NIC: both families, from the guest through the twin
pings() {
	local n
	n=$(nic_number "$1")
	in_time 60 "ARP and ping over $1" guest "ping -c 1 -W 5 198.18.$n.2" &&
		in_time 60 "ND and ping over $1" guest "ping -c 1 -W 5 2001:2:0:$n::2"
}

case_units() {
	guest 'systemctl stop sluice-controlplane sluice-dataplane; rm -f /etc/systemd/network/dp*.network; sysctl -qw vm.nr_hugepages=256
		echo "vm.nr_hugepages = 256" >/etc/sysctl.d/60-sluice.conf
		for n in 1 2; do i=enp0s$((n + 3)); ip link set $i up && ip addr replace 198.18.$n.1/24 dev $i && ip -6 addr replace 2001:2:0:$n::1/64 dev $i nodad; done
		echo "OPTIONS=\"--workers 2 --max-allocations 1000 --max-endpoints 64\"" >/etc/default/sluice-dataplane' || return
	conf_write "port add dp0 xdp $(nic_iface virtio)" "port add dp1 xdp $(nic_iface e1000e)"
	guest 'systemctl enable -q --now sluice-dataplane sluice-controlplane' || wrong "the units do not start" || return
	in_time 60 "two ports up" ports_are 2 || return
	guest 'uname -r; systemctl show -P NRestarts sluice-dataplane sluice-controlplane | xargs echo restarts' | xargs
	[[ $(guest 'systemctl show -P NRestarts sluice-dataplane sluice-controlplane | xargs') == "0 0" ]] || wrong "a daemon was started again"
}

# xdp_mode NIC: native, generic or none
xdp_mode() {
	case $(guest "ip link show $(nic_iface "$1")") in
	*' xdpgeneric '*) echo generic ;;
	*' xdp '*) echo native ;;
	*) echo none ;;
	esac
}

case_xdp_modes() {
	local virtio e1000e
	virtio=$(xdp_mode virtio) e1000e=$(xdp_mode e1000e)
	echo "virtio-net $virtio, e1000e $e1000e"
	[[ $virtio == native && $e1000e == generic ]]
}

case_xdp_queues() {
	local got
	got=$(far virtio /usr/bin/python3 "$SLUICE_ROOT/tests/vm/bindings.py" 198.18.1.1 40) || return
	echo "40 clients on $VM_QUEUES queues: answered, refused, silent: $got"
	[[ $got == "40 0 0" ]]
}

case_xdp_turn() { call virtio 198.18.2.2 198.18.1.1 && call virtio 2001:2:0:2::2 -x -s 2001:2:0:1::1 && echo; }

# A VLAN interface of the kernel above a port: its address and routes are what is served, ARP is its kernel's, and the far end has tags
# alone.
case_xdp_vlan() {
	local iface got
	iface=$(nic_iface virtio)
	guest "modprobe 8021q && ip link add link $iface name $iface.100 type vlan id 100 && ip addr add 198.18.100.1/24 dev $iface.100 &&
		ip link set $iface.100 up" || wrong "no VLAN interface" || return
	ctl turn listen 198.18.100.1:3478 || return
	got=$(far virtio /usr/bin/python3 "$SLUICE_ROOT/tests/vm/vlan_binding.py" wire 100 198.18.100.2 198.18.100.1)
	ctl turn listen delete 198.18.100.1:3478
	guest "ip link delete $iface.100"
	echo "a Binding with tag 100: answer's source, tag and type: $got"
	[[ $got == "198.18.100.1 100 0x0101" ]]
}

# A bond of the kernel's is a port in generic mode: the packets of its NICs are its own there. It keeps its NIC's MAC: QEMU's vmxnet3
# takes no packet for another one.
case_xdp_bond() {
	local iface got
	iface=$(nic_iface vmxnet3)
	guest "modprobe bonding && ip link add bond0 address \$(cat /sys/class/net/$iface/address) type bond mode active-backup miimon 100 && ip link set $iface down &&
		ip link set $iface master bond0 && ip addr add 198.18.3.1/24 dev bond0 && ip link set bond0 up" || wrong "no bond" || return
	ctl port add dp2 xdp bond0 && ctl turn listen 198.18.3.1:3478 || return
	in_time 20 "the bond's port up" port_is dp2 up || return
	got=$(far vmxnet3 /usr/bin/python3 "$SLUICE_ROOT/tests/vm/bindings.py" 198.18.3.1 40)
	echo "40 clients on a bond, $(ctl_json '.[] | select(.name == "dp2").queues' port show) queues: answered, refused, silent: $got"
	ctl turn listen delete 198.18.3.1:3478 && ctl port delete dp2
	guest "ip link delete bond0"
	[[ $got == "40 0 0" ]]
}

# From here on the NICs are DPDK's, and the twins have the addresses.
case_dev_ports() {
	local nic n=0 lines=() words=
	guest 'systemctl stop sluice-controlplane sluice-dataplane && modprobe vfio-pci' || return
	for nic in "${VM_NICS[@]}"; do
		guest "driverctl set-override $(nic_pci "$nic") vfio-pci" || wrong "$nic is not bound" || return
		lines+=("port add dp$n dev $(nic_pci "$nic")")
		n=$((n + 1))
		guest "cat >/etc/systemd/network/dp$((n - 1)).network" <<-END
			[Match]
			Name=dp$((n - 1))
			[Network]
			Address=198.18.$n.1/24
			Address=2001:2:0:$n::1/64
			IPv6AcceptRA=no
			ConfigureWithoutCarrier=yes
		END
	done
	conf_write "${lines[@]}" && guest 'networkctl reload; systemctl start sluice-dataplane sluice-controlplane' || return
	in_time 90 "three ports up" ports_are 3 || return
	words=$(ctl_json '[.[] | "\(.name) \(.queues)"] | join(", ")' port show)
	echo "vfio-pci: virtio-net, e1000e, vmxnet3; queues: $words"
}

# refuses WORDS... : the line that `port add x` gets
refuses() { ctl port add x dev "$1" 2>&1; }

case_dev_refused() {
	local line
	line=$(refuses 0000:00:05.0)
	[[ $line == *"is port dp1 already"* ]] || wrong "the same device twice: $line" || return
	line=$(refuses 0000:00:02.0)
	[[ $line == *"the kernel's"*"bind it to vfio-pci"* ]] || wrong "a NIC of the kernel: $line" || return
	line=$(refuses 0000:00:03.0)
	[[ $line == *"no network device"* ]] || wrong "a disk: $line" || return
	line=$(refuses 0000:77:00.0)
	[[ $line == *"no PCI device"* ]] || wrong "nothing: $line" || return
	ports_are 3 || wrong "a port went: $(ctl port show)" || return
	guest 'ping -c 1 -W 10 198.18.2.2' >/dev/null || wrong "dp1 serves no more" || return
	echo "twice, the kernel's, a disk, nothing: refused by name, dp1 serves on"
}

case_twin_ping() {
	local nic
	for nic in "${VM_NICS[@]}"; do
		pings "$nic" || return
	done
	echo "ARP, ND and ping, three NICs"
}

# ssh_through NIC ADDRESS: 1 MiB each way
ssh_through() {
	local sum
	sum=$(sha256sum <"$VM_STATE/data")
	far "$1" ssh -i "$VM_STATE/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=60 \
		"root@$2" 'tee /tmp/data | sha256sum; cat /tmp/data' <"$VM_STATE/data" >"$VM_STATE/back" || wrong "$1: no ssh" || return
	[[ $(head -n 1 "$VM_STATE/back") == "$sum" && $(tail -n +2 "$VM_STATE/back" | sha256sum) == "$sum" ]] || wrong "$1: other data over ssh"
}

# The far ends leave their checksums open, as a hypervisor's other guests do.
case_twin_ssh() {
	head -c 1048576 /dev/urandom >"$VM_STATE/data"
	ssh_through virtio 198.18.1.1 && ssh_through virtio 2001:2:0:1::1 && ssh_through e1000e 198.18.2.1 && echo "1 MiB each way, three times"
}

case_turn4() { call virtio 198.18.2.2 198.18.1.1 && call virtio 198.18.2.2 -s 198.18.1.1 && echo; }
case_turn6() { call virtio 2001:2:0:2::2 -x 2001:2:0:1::1 && call virtio 2001:2:0:2::2 -x -s -c 2001:2:0:1::1 && echo; }

case_workers() {
	local got rows
	got=$(far virtio /usr/bin/python3 "$SLUICE_ROOT/tests/vm/bindings.py" 2001:2:0:1::1 40) || return
	rows=$(ctl_json '[.[] | .packets] | join(" ")' worker show)
	echo "40 clients: answered, refused, silent: $got; packets of the workers: $rows"
	[[ $got == "40 0 0" && $rows =~ ^[1-9][0-9]*\ [1-9][0-9]*$ ]]
}

# endpoint NAME N PORT: N names the wire
endpoint() {
	ctl endpoint add "$1" remote "198.18.$2.2:$3" local "198.18.$2.1:$3" profile cm80 rx-key "$VM_KEY" tx-key "$VM_KEY"
}

# One publisher, two subscribers, a NIC each. A tap moves a flow between its queues when the guest answers on another: two workers may
# then change the order of neighbours, as any network may.
case_srtp() {
	local pids=() n count=150 got
	endpoint pub 1 5000 && endpoint sub2 2 7000 && endpoint sub3 3 7000 && ctl stream add film endpoint pub ssrc 1111 &&
		ctl subscription add film to sub2 && ctl subscription add film to sub3 || return
	for n in 2 3; do
		ip netns exec "sluice-vm-${VM_NICS[n - 1]}" /usr/bin/python3 "$SLUICE_ROOT/tests/vm/srtp_receive.py" \
			"198.18.$n.2" 7000 "$VM_KEY" $count >"$VM_STATE/got$n" &
		pids+=($!)
		in_time 20 "a subscriber" far_listens "${VM_NICS[n - 1]}" 7000 || return
	done
	far virtio /usr/bin/python3 "$SLUICE_ROOT/tests/smoke/srtp_send.py" "$VM_KEY" 1111 $count >"$VM_STATE/sent"
	wait "${pids[@]}"
	ctl endpoint delete pub && ctl endpoint delete sub2 && ctl endpoint delete sub3 || return
	got="$(wc -l <"$VM_STATE/got2") and $(wc -l <"$VM_STATE/got3")"
	echo "$count packets of one publisher: $got at two subscribers"
	for n in got2 got3; do
		cmp -s <(sort "$VM_STATE/sent") <(sort "$VM_STATE/$n") || return
	done
}
far_listens() { far "$1" ss -Huln "sport = :$2" | grep -q .; }

mac_of() { guest "cat /sys/class/net/$1/address"; }
mac_is() { [[ $(mac_of "$1") == "$2" ]]; }

case_mac() {
	guest 'ip link set dp0 address 02:00:00:00:00:77' || return
	in_time 20 "the NIC's MAC at the twin" mac_is dp0 02:42:c6:12:01:01 || return
	echo "put back after a change from outside"
	pings virtio
}

carrier_is() { [[ $(guest "cat /sys/class/net/$1/carrier") == "$2" ]]; }

case_link() {
	vm_link virtio off || return
	in_time 20 "dp0 down" port_is dp0 down && in_time 5 "dp0's twin without carrier" carrier_is dp0 0 || return
	vm_link virtio on || return
	in_time 20 "dp0 up" port_is dp0 up && in_time 5 "dp0's twin with carrier" carrier_is dp0 1 && pings virtio || return
	echo "port and twin follow, addresses stay"
}

case_restart() {
	guest 'systemctl stop sluice-dataplane'
	[[ $(guest 'ip -o addr show dev dp0' | grep -c '198.18.1.1\|2001:2:0:1::1') == 2 ]] || wrong "the twin's addresses went with the daemon" || return
	guest 'systemctl start sluice-dataplane' && in_time 90 "three ports up" ports_are 3 && pings virtio && pings e1000e && call virtio 198.18.2.2 198.18.1.1 && echo
}

case_killed() {
	local before
	before=$(guest 'systemctl show -P MainPID sluice-dataplane')
	guest "kill -KILL $before" && in_time 120 "three ports up again" ports_again "$before" && pings virtio && pings e1000e && call virtio 198.18.2.2 198.18.1.1 && echo
}
ports_again() { [[ $(guest 'systemctl show -P MainPID sluice-dataplane') != "$1" ]] && ports_are 3; }

case_reboot() {
	local before start
	start=$(now_ms)
	before=$(guest 'cat /proc/sys/kernel/random/boot_id')
	guest 'systemctl reboot' || true
	in_time 600 "another boot" booted_again "$before" && echo "$((($(now_ms) - start) / 1000)) s until ssh answers"
}
booted_again() {
	local now
	guest_connect || return
	now=$(guest 'cat /proc/sys/kernel/random/boot_id' 2>/dev/null) && [[ $now && $now != "$1" ]]
}

# Nobody has touched anything.
case_after_reboot() {
	in_time 180 "three ports up" ports_are 3 && pings virtio && pings e1000e && pings vmxnet3 && call virtio 198.18.2.2 198.18.1.1 &&
		call virtio 2001:2:0:2::2 -x 2001:2:0:1::1 || return
	echo "MACs $(mac_of dp0) $(mac_of dp1) $(mac_of dp2)"
	mac_is dp0 02:42:c6:12:01:01 && mac_is dp1 02:42:c6:12:02:01 && mac_is dp2 02:42:c6:12:03:01
}
