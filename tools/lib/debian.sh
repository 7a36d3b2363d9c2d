# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Folders that hold a Debian release, for tools/in-debian and tools/package.

# shellcheck disable=SC2034 # for those who source this
DEBIAN_CACHE=${SLUICE_DEBIAN_CACHE:-/var/cache/sluice-check}
DEBIAN_MIRROR=http://deb.debian.org/debian
DEBOOTSTRAP_SECONDS=900
CANNOT=75

cannot() {
	say "$@"
	exit $CANNOT
}

# The host's own mirror has what the network here lets through.
mirror() {
	local uri
	uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
		awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }')
	printf '%s' "${uri:-$DEBIAN_MIRROR}"
}

# release_make RELEASE FOLDER [DEBOOTSTRAP-OPTION]...: whole, or not at all
release_make() {
	local release=$1 folder=$2 log=$2.log
	[[ -e /usr/share/debootstrap/scripts/$release ]] || cannot "no debootstrap, or it does not know $release"
	say "installs Debian $release in $folder"
	rm -rf --one-file-system "$folder.new"
	timeout $DEBOOTSTRAP_SECONDS debootstrap --variant=minbase "${@:3}" "$release" "$folder.new" "$(mirror)" >"$log" 2>&1 </dev/null || {
		rm -rf --one-file-system "$folder.new"
		cannot "debootstrap $release: $(grep -E '^[EW]: ' "$log" | tail -n 1)"
	}
	mv "$folder.new" "$folder"
}

# network_copy FOLDER: how the host reaches its mirror, and names
network_copy() {
	apt-config dump 2>/dev/null | grep -E '^Acquire::https?::' >"$1/etc/apt/apt.conf.d/00host"
	cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null
}

# release_here: the code name of this host's
release_here() {
	local VERSION_CODENAME=
	# shellcheck disable=SC1091
	. /etc/os-release
	echo "$VERSION_CODENAME"
}
