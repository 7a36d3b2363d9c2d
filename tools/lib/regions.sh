# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The laboratory's hosts with daemons: one, dp, or one for each region, a/dp b/dp c/dp, with a Redis each and a network
# between them on which the control planes see each other.

REGION_NAMES=(a b c)
# shellcheck disable=SC2034 # for those who source this
REGIONS_MAX=${#REGION_NAMES[@]}
# shellcheck disable=SC2034
LAB_REGIONS=$(cat "$LAB_STATE/regions" 2>/dev/null || echo 1)

# planes: the hosts with daemons, one a line
planes() {
	local n
	((LAB_REGIONS == 1)) && echo dp && return
	for ((n = 0; n < LAB_REGIONS; n++)); do
		echo "${REGION_NAMES[n]}/dp"
	done
}

# planes_each COMMAND...: with each host and its number
planes_each() {
	local host n=0
	for host in $(planes); do
		"$@" "$host" $n || return
		n=$((n + 1))
	done
}

lab_hosts() {
	printf '%s\n' client peer
	((LAB_REGIONS == 1)) || echo wan
	! host_exists link || echo link
	planes
}

plane_daemons() { ((LAB_REGIONS == 1)) && echo "${DAEMONS[@]}" || echo redis "${DAEMONS[@]}"; }

is_region() { ((LAB_REGIONS > 1)) && [[ -n $1 && " $(planes | paste -sd' ') " == *" $1/dp "* ]]; }

# plane_of REGION: its host; the only one, or the first region's, where none is named
plane_of() {
	if [[ -z $1 ]]; then
		planes | head -n 1
	elif is_region "$1"; then
		printf '%s/dp\n' "$1"
	else
		die "no region $1 in this lab (hosts: $(planes | paste -sd' '))"
	fi
}

# The third byte of the networks on both sides of the N-th host.
net_near() { (($1 == 0)) && echo 1 || echo "${1}1"; }
net_far() { (($1 == 0)) && echo 2 || echo "${1}2"; }

# plane_conf N HOST: lab.conf with the addresses and the folder of that host, and what the regions know of each other
plane_conf() {
	local near far n
	near=$(net_near "$1") far=$(net_far "$1")
	sed -e "s/198\.18\.1\.1/198.18.$near.1/g" -e "s/198\.18\.2\.1/198.18.$far.1/g" \
		-e "s/2001:2:0:1::/2001:2:0:$near::/g" -e "s/2001:2:0:2::/2001:2:0:$far::/g" \
		-e "s|/run/lab/|$(host_dir "$2")/|g" "$LAB_CONF"
	((LAB_REGIONS == 1)) && return
	echo "port add wan0 xdp wan0"
	for ((n = 0; n < LAB_REGIONS; n++)); do
		echo "region add ${REGION_NAMES[n]} redis 198.18.100.$((n + 1)):6379"
	done
	echo "node set ${REGION_NAMES[$1]}1 region ${REGION_NAMES[$1]} http 198.18.$near.1:8080"
}

# The network between the hosts: a bridge in a namespace of its own.
wan_up() {
	host_ip wan link add br0 type bridge && host_ip wan link set br0 up && planes_each wan_join
}

# wan_join HOST N: Redis is reached there, and the others' TURN addresses by probes
wan_join() {
	ip link add wan0 netns "$(host_netns "$1")" type veth peer name "port$2" netns "$(host_netns wan)" &&
		host_ip "$1" link set wan0 up && host_ip wan link set "port$2" master br0 up &&
		(host_run "$1" ethtool -K wan0 tx off) >/dev/null && address_add "$1" wan0 "198.18.100.$(($2 + 1))/24" &&
		wan_routes "$1" "$2"
}

wan_routes() {
	local n
	for ((n = 0; n < LAB_REGIONS; n++)); do
		((n == $2)) && continue
		host_ip "$1" route replace "198.18.$(net_near $n).0/24" via "198.18.100.$((n + 1))" || return
	done
}

plane_number() { planes | grep -nx "$1" | cut -d: -f1; }

# Nothing of it is kept: a Redis that comes back is empty.
region_redis_command() {
	printf '%s\n' redis-server --bind 127.0.0.1 "198.18.100.$(plane_number "$1")" --port 6379 --save '' --appendonly no \
		--protected-mode no --dir "$(host_dir "$1")"
}

# region_environment HOST: so that its daemons' clock can be set apart from the others'
region_environment() {
	((LAB_REGIONS > 1)) || return 0
	[[ -e $(host_dir "$1")/clock ]] || clock_write "$1" 0
	printf '%s\n' "LD_PRELOAD=$SLUICE_BUILD/tools/clock/sluice-lab-clock.so" "SLUICE_LAB_CLOCK=$(host_dir "$1")/clock"
}

# In place: the daemons have mapped the file.
clock_write() { printf '%-31s\n' "$2" 1<>"$(host_dir "$1")/clock"; }

region_clock() {
	is_region "${1-}" || die "clock: no region '${1-}' in this lab"
	[[ ${2-} =~ ^[-+]?[0-9]+$ ]] || die "clock: '${2-}', wanted SECONDS"
	clock_write "$1/dp" "$2"
}

region_links() {
	local iface
	for iface in dp0 dp1 wan0; do
		host_ip "$1/dp" link set "$iface" "$2" || return
	done
}

region_kill() {
	local daemon
	for daemon in redis "${DAEMONS[@]}"; do
		daemon_pid "$1/dp" "$daemon" >/dev/null && daemon_kill "$1/dp" "$daemon"
	done
	region_links "$1" down
}

# IPv6 addresses go with a link that goes down.
region_heal() {
	local n near far
	n=$(($(plane_number "$1/dp") - 1)) near=$(net_near "$n") far=$(net_far "$n")
	region_links "$1" up && wan_routes "$1/dp" "$n" &&
		host_ip "$1/dp" addr replace "2001:2:0:$near::1/64" dev dp0 nodad &&
		host_ip "$1/dp" addr replace "2001:2:0:$far::1/64" dev dp1 nodad &&
		daemons_up "$1/dp" && neighbours_meet "$1/dp" "$n"
}
