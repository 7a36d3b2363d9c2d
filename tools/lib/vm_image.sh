# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The guest's disk: this host's Debian release with its own kernel and systemd, and the libraries that the tree's
# programs want. It is kept outside the tree, in a folder named for the list of its packages.

VM_CACHE=${SLUICE_VM_CACHE:-/var/cache/sluice-check/vm}
VM_BUILD=$SLUICE_ROOT/build-vm
# What the emulated CPU has.
VM_MARCH=x86-64-v2
VM_SUITE=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
VM_PACKAGES="systemd-sysv udev dbus kmod iproute2 ethtool iputils-ping openssh-server procps pciutils
	linux-image-amd64 bpftool driverctl zstd"
# The drivers that the guest's NICs and ports take, by the names of their libraries.
VM_DRIVERS="bus_pci bus_vdev mempool_ring net_virtio net_e1000 net_vmxnet3 net_af_xdp"
VM_NEEDS=(qemu-system-x86_64 mmdebstrap mkfs.ext4 socat ssh ssh-keygen)

# vm_missing: prints the first thing that this host lacks for a guest
vm_missing() {
	local program
	[[ $(uname -m) == x86_64 ]] || { echo "this host is not x86_64" && return; }
	for program in "${VM_NEEDS[@]}"; do
		command -v "$program" >/dev/null || { echo "no $program (tools/install-deps vm)" && return; }
	done
	[[ -c /dev/net/tun ]] || echo "no /dev/net/tun"
}

vm_build() {
	sluice_build "$VM_BUILD" --buildtype release "-Dmarch=$VM_MARCH" -Dtests=false
}

# vm_libraries: the packages of the libraries that the programs of the build folder load
vm_libraries() {
	local libraries driver
	mapfile -t libraries < <(find "$VM_BUILD" -type f -executable -name 'sluice*' ! -name '*.so*' -exec ldd {} + |
		awk '/=> \// { print $3 }' | sort -u)
	for driver in $VM_DRIVERS; do
		libraries+=("$(find /usr/lib -name "librte_$driver.so.*" ! -type l | head -n 1)")
	done
	dpkg-query -S "${libraries[@]}" "${libraries[@]/#/\/usr}" 2>/dev/null | cut -d: -f1 | sort -u
}

# vm_image: prints the folder of the image (disk.img vmlinuz initrd key), which is made where it is missing
vm_image() {
	local packages hash dir
	packages=$(printf '%s\n' $VM_PACKAGES && vm_libraries) || return
	hash=$(cat - "${BASH_SOURCE[0]}" "$SLUICE_ROOT/tools/lib/vm_customize" <<<"$VM_SUITE $packages" | sha256sum | cut -c1-16)
	dir=$VM_CACHE/$VM_SUITE-$hash
	mkdir -p "$VM_CACHE" || return
	(
		flock 9
		[[ -e $dir/disk.img ]] && exit
		say "making the guest's image, once: about 2 minutes and 1 GB in $VM_CACHE"
		image_make "$dir" "$(paste -sd, <<<"$packages")"
	) 9>"$VM_CACHE/lock" && printf '%s\n' "$dir"
}

# image_make DIR PACKAGES: whole or not at all; the images of other lists go
image_make() {
	local work=$VM_CACHE/work status
	rm -rf "$work" && mkdir -p "$work/root" && chmod 755 "$work" "$work/root" || return
	ssh-keygen -q -t ed25519 -N '' -C sluice-vm -f "$work/key" &&
		VM_WORK=$work image_root "$work" "$2" >"$VM_CACHE/log" 2>&1 &&
		truncate -s 4G "$work/disk.img" &&
		mkfs.ext4 -q -F -d "$work/root" "$work/disk.img" >>"$VM_CACHE/log" 2>&1
	status=$?
	rm -rf "$work/root" "$work/root.tar"
	if ((status != 0)); then
		say "no image; $VM_CACHE/log ends with:"
		tail -n 5 "$VM_CACHE/log" >&2
		rm -rf "$work"
		return 1
	fi
	rm -rf "$VM_CACHE"/*-* && mv "$work" "$1"
}

# image_root WORK PACKAGES: into WORK/root, as a machine would have it; devices are left out, udev makes them
image_root() {
	mmdebstrap --quiet --variant=minbase --aptopt='APT::Install-Recommends "false"' --include="$2" \
		--customize-hook='"$SLUICE_ROOT/tools/lib/vm_customize" "$1" "$VM_WORK"' \
		"$VM_SUITE" "$1/root.tar" &&
		tar -C "$1/root" --exclude='./dev/*' -xf "$1/root.tar"
}
