# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The guest: QEMU in a namespace of its own, and for each of the guest's NICs a namespace at the far end of its wire.
#
#   sluice-vm-virtio   198.18.1.2 2001:2:0:1::2 ── tap ── virtio-net 0000:00:04.0 ┐
#   sluice-vm-e1000e   198.18.2.2 2001:2:0:2::2 ── tap ── e1000e     0000:00:05.0 ├ guest .1, ::1
#   sluice-vm-vmxnet3  198.18.3.2 2001:2:0:3::2 ── tap ── vmxnet3    0000:00:06.0 ┘

VM_STATE=/run/sluice-vm
VM_NICS=(virtio e1000e vmxnet3)
declare -A VM_DEVICE=([virtio]=virtio-net-pci [e1000e]=e1000e [vmxnet3]=vmxnet3)
VM_QUEUES=2 # of virtio

# nic_number NIC: 1, 2 or 3; nic_pci NIC: its address in the guest; nic_iface NIC: the kernel's name for it
nic_number() {
	local n
	for n in "${!VM_NICS[@]}"; do
		[[ ${VM_NICS[n]} == "$1" ]] && echo $((n + 1))
	done
}
nic_pci() { printf '0000:00:%02x.0' $(($(nic_number "$1") + 3)); }
nic_iface() { printf 'enp0s%d' $(($(nic_number "$1") + 3)); }

# far NIC COMMAND...: at the far end of its wire
far() { ip netns exec "sluice-vm-$1" "${@:2}"; }

vm_ssh() {
	ip netns exec sluice-vm ssh -i "$VM_STATE/key" -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR -o ConnectTimeout=60 -o ServerAliveInterval=10 -o ServerAliveCountMax=6 \
		-o "ControlPath=$VM_STATE/ssh" "$@"
}

# guest COMMAND...: as root in the guest
guest() { vm_ssh root@127.0.0.1 "$@"; }

# One connection for all commands, which is made once, since that costs an emulated CPU a second.
guest_connect() {
	rm -f "$VM_STATE/ssh"
	vm_ssh -o ConnectTimeout=20 -M -N -f root@127.0.0.1 </dev/null >/dev/null 2>&1
}

vm_pid() { pidfile_pid "$VM_STATE/pid"; }

# vm_accelerator: prints QEMU's words for it. A /dev/kvm without the CPU's own extensions (a nested kind that wants a changed
# kernel) is there and does not run this one.
vm_accelerator() {
	if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		printf '%s\n' -accel kvm -cpu host
	else
		printf '%s\n' -accel tcg,thread=multi -cpu max
	fi
}

# nic_words NIC: QEMU's words for it
nic_words() {
	local n queues='' device=${VM_DEVICE[$1]}
	n=$(nic_number "$1")
	if [[ $1 == virtio ]]; then
		queues=,queues=$VM_QUEUES
		device+=",mq=on,vectors=$((2 * VM_QUEUES + 2)),rss=${VM_RSS:-off},disable-legacy=on,iommu_platform=on"
	fi
	printf '%s\n' -netdev "tap,id=net-$1,ifname=tap$n,script=no,downscript=no,vhost=off$queues" \
		-device "$device,id=$1,netdev=net-$1,mac=02:42:c6:12:0$n:01,addr=0x$((n + 3)),romfile="
}

vm_namespaces() {
	local n nic queues
	ip netns add sluice-vm && ip -n sluice-vm link set lo up || return
	for nic in "${VM_NICS[@]}"; do
		n=$(nic_number "$nic")
		queues=$([[ $nic == virtio ]] && echo multi_queue)
		ip netns add "sluice-vm-$nic" && ip -n "sluice-vm-$nic" link set lo up &&
			ip -n sluice-vm tuntap add "tap$n" mode tap $queues || return
	done
}

# The wires' far ends get into their namespaces once QEMU has opened them.
vm_wires() {
	local n nic
	for nic in "${VM_NICS[@]}"; do
		n=$(nic_number "$nic")
		ip -n sluice-vm link set "tap$n" netns "sluice-vm-$nic" &&
			ip -n "sluice-vm-$nic" link set "tap$n" name wire address "02:42:c6:12:0$n:02" up &&
			ip -n "sluice-vm-$nic" addr add "198.18.$n.2/24" dev wire &&
			ip -n "sluice-vm-$nic" addr add "2001:2:0:$n::2/64" dev wire nodad &&
			ip -n "sluice-vm-$nic" route add default via "198.18.$n.1" &&
			ip -n "sluice-vm-$nic" route add default via "2001:2:0:$n::1" || return
	done
}

# vm_boot IMAGE: until it answers to ssh
vm_boot() {
	local image=$1 words nic
	vm_down
	(umask 077 && mkdir -p "$VM_STATE") && install -m 600 "$image/key" "$VM_STATE/key" && vm_namespaces || return
	mapfile -t words < <(vm_accelerator)
	for nic in "${VM_NICS[@]}"; do
		mapfile -t -O ${#words[@]} words < <(nic_words "$nic")
	done
	TMPDIR=$VM_CACHE ip netns exec sluice-vm qemu-system-x86_64 -M q35,kernel-irqchip=split -smp 2 -m 2048 \
		-device intel-iommu,intremap=on,caching-mode=on \
		-drive "file=$image/disk.img,if=none,id=disk,format=raw,cache=unsafe,snapshot=on" -device virtio-blk-pci,drive=disk,addr=0x3 \
		-netdev user,id=way-in,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22 -device virtio-net-pci,netdev=way-in,addr=0x2,romfile= \
		"${words[@]}" -device virtio-rng-pci -kernel "$image/vmlinuz" -initrd "$image/initrd" \
		-append "root=/dev/vda rw console=ttyS0 intel_iommu=on iommu=pt no_timer_check quiet systemd.default_timeout_start_sec=900" -display none \
		-serial "file:$VM_STATE/serial.log" -qmp "unix:$VM_STATE/qmp,server,nowait" -pidfile "$VM_STATE/qemu.pid" -daemonize \
		>"$VM_STATE/qemu.log" 2>&1 || {
		cat "$VM_STATE/qemu.log" >&2
		return 1
	}
	pidfile_write "$VM_STATE/pid" "$(<"$VM_STATE/qemu.pid")"
	vm_wires && vm_await
}

# vm_await: until ssh answers; emulated, on a busy machine, this may be minutes
vm_await() {
	local end=$(($(now_ms) + 600000))
	until guest_connect; do
		vm_pid >/dev/null || die "QEMU has ended: $VM_STATE/qemu.log"
		(($(now_ms) < end)) || die "the guest does not answer: $VM_STATE/serial.log"
		sleep 0.5
	done
}

# vm_install: the tree's programs, units and pages, as `meson install` puts them
vm_install() {
	local tree status
	tree=$(mktemp -d) || return
	chmod 755 "$tree"
	meson install -C "$VM_BUILD" --no-rebuild --quiet --strip --destdir "$tree" >/dev/null &&
		tar -C "$tree" -cf - . | guest 'tar -C / -xf - --no-same-owner --keep-directory-symlink && ldconfig' &&
		guest sh <"$SLUICE_ROOT/systemd/activate" && vm_patience
	status=$?
	rm -rf "$tree"
	return $status
}

# An emulated CPU on a busy machine makes less progress than the units' watchdogs expect.
vm_patience() {
	guest 'for unit in sluice-dataplane sluice-controlplane; do
			mkdir -p /etc/systemd/system/$unit.service.d
			printf "[Service]\nWatchdogSec=300\nTimeoutStartSec=900\n" >/etc/systemd/system/$unit.service.d/slow.conf
		done; systemctl daemon-reload; udevadm control --reload'
}

# vm_link NIC on|off: the hypervisor plugs its cable in or out
vm_link() {
	printf '%s\n' '{"execute": "qmp_capabilities"}' \
		"{\"execute\": \"set_link\", \"arguments\": {\"name\": \"$1\", \"up\": $([[ $2 == on ]] && echo true || echo false)}}" |
		socat -t 2 - "UNIX-CONNECT:$VM_STATE/qmp" | grep -c '"return"' | grep -qx 2
}

# vm_down: everything that a boot has started, or left behind when it was killed
vm_down() {
	local name pids pid
	pid=$(vm_pid 2>/dev/null) && process_end "$pid"
	for name in sluice-vm "${VM_NICS[@]/#/sluice-vm-}"; do
		[[ -e /run/netns/$name ]] || continue
		mapfile -t pids < <(ip netns pids "$name" 2>/dev/null)
		process_end "${pids[@]}"
		ip netns del "$name"
	done
	rm -rf "$VM_STATE"
}
