# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A slow link between the client and dp: sluice-link in a namespace of its own, `link`, in the middle of their wire.
# dp0's far end moves there and is `host0`; the client's eth0 becomes the far end of `client0`, with the MAC and the addresses that it had.

link_file() { printf '%s/link.%s' "$LAB_STATE" "$1"; }

link_pid() { pidfile_pid "$(link_file pid)"; }

# What leaves an interface in the middle has to be whole frames, with their checksums.
link_offloads() { (host_run "$1" ethtool -K "$2" tx "$3" gso "$3" tso "$3" gro "$3") >/dev/null; }

link_addresses() { address_add client eth0 198.18.1.2/24 2001:2:0:1::2/64; }

link_insert() {
	local mac namespace
	mac=$(host_ip client -j link show eth0 | jq -r '.[0].address')
	namespace=$(host_netns link)
	host_add link && (host_run link sysctl -qw net.ipv6.conf.default.disable_ipv6=1) &&
		host_ip client link set eth0 down && host_ip client link set eth0 name host0 &&
		host_ip client link set host0 netns "$namespace" &&
		ip link add client0 netns "$namespace" type veth peer name eth0 address "$mac" netns "$(host_netns client)" &&
		link_offloads link host0 off && link_offloads link client0 off && link_offloads client eth0 off && link_offloads dp dp0 off &&
		host_ip link link set host0 up && host_ip link link set client0 up && host_ip client link set eth0 up && link_addresses
}

link_start() {
	PATH=$(build_path) host_run link setsid sluice-link client0 host0 "$(link_file settings)" </dev/null >"$(link_file log)" 2>&1 &
	pidfile_write "$(link_file pid)" $!
	wait_for 10 link_runs
}
# The line of its first second.
link_runs() { grep -q '"way": "down"' "$(link_file log)"; }

link_off() {
	host_exists link || return 0
	process_end "$(link_pid)"
	host_ip link link del client0 && host_ip link link set host0 down && host_ip link link set host0 name eth0 &&
		host_ip link link set eth0 netns "$(host_netns client)" && (host_run client ethtool -K eth0 gso on tso on gro on) >/dev/null &&
		link_offloads dp dp0 on && host_ip client link set eth0 up && link_addresses || return
	host_delete link
	rm -f "$(link_file settings)" "$(link_file pid)" "$(link_file log)"
}

# link_set WAY RATE DELAY QUEUE LOSS JITTER: the file's lines are the ways, and the other one stays
link_set() {
	local file way=$1
	file=$(link_file settings)
	[[ -e $file ]] || printf '%s 0 0 0 0 0\n' up down >"$file"
	[[ $way == both ]] && way='up|down'
	awk -v way="^($way)\$" -v settings="${*:2}" '$1 ~ way { $0 = $1 " " settings } { print }' "$file" >"$file.new" && mv "$file.new" "$file"
}

lab_link() {
	local way=both number='^[0-9]+(\.[0-9]+)?$' value
	[[ -e $LAB_STATE/ready ]] || die "is down"
	((LAB_REGIONS == 1)) || die "link: in a lab of one region"
	case ${1-} in
	'') host_exists link || die "link: there is none"; tail -n 2 "$(link_file log)"; return ;;
	off) link_off || die "link: could not be taken out"; wait_for 60 ports_are_up dp; return ;;
	up | down) way=$1; shift ;;
	esac
	(($# == 4 || $# == 5)) || die "link: wanted [up|down] RATE DELAY QUEUE LOSS [JITTER], or off"
	for value; do
		[[ $value =~ $number ]] || die "link: '$value' is no number"
	done
	link_set "$way" "${@:1:4}" "${5:-0}"
	if host_exists link; then
		kill -HUP "$(link_pid)" || die "link: sluice-link has ended: $(tail -n 1 "$(link_file log)")"
	else
		link_insert && link_start && wait_for 60 ports_are_up dp || die "link: could not be put in: $(tail -n 1 "$(link_file log)")"
	fi
}
