# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# All plumbing of the smoke tests; each test sources this first. A test says what it expects and waits on events.
# Exit 0: passed, 77: skipped, anything else: failed.

set -u
export PYTHONDONTWRITEBYTECODE=1
# shellcheck source=tools/lib/say.sh
. "${BASH_SOURCE[0]%/*}/../../tools/lib/say.sh"
# shellcheck source=tools/lib/uclient.sh
. "$SLUICE_ROOT/tools/lib/uclient.sh"

export SMOKE=$SLUICE_ROOT/tests/smoke
WORK=$(mktemp -d)
ECHO_PID=
SAID="" # a test says itself why it failed
FAILED_AT="" # the command at the top that failed last
at_exit_commands=()

lab() { "$SLUICE_ROOT/tools/lab" "$@"; }
ctl() { lab ctl "$@"; }
in_client() { lab exec client "$@"; }
in_peer() { lab exec peer "$@"; }
in_dp() { lab exec dp "$@"; }

# Debian's python, which Debian's modules belong to; scripts of this folder
client_python() { in_client /usr/bin/python3 "$SMOKE/$1" "${@:2}"; }
peer_python() { in_peer /usr/bin/python3 "$SMOKE/$1" "${@:2}"; }
dp_python() { in_dp /usr/bin/python3 "$SMOKE/$1" "${@:2}"; }

# start HOST COMMAND...: in the background, until the test ends; its id is in STARTED
start() {
	"$SLUICE_ROOT/tools/lab" exec "$@" >/dev/null 2>&1 &
	STARTED=$!
	at_exit child_end $STARTED
}

# Commands for the end of the test, however it ends; the last one first.
at_exit() { at_exit_commands=("$*" "${at_exit_commands[@]}"); }

# smoke_exit STATUS COMMAND: the last one that the test ran. A test that ends without a word says where.
smoke_exit() {
	local status=$1 command
	((status == 0 || status == 77)) || [[ $SAID ]] ||
		printf 'FAILED with status %d at: %s%s\n' "$status" "$2" "${FAILED_AT:+ (the last that failed: $FAILED_AT)}" >&2
	for command in "${at_exit_commands[@]}"; do
		eval "$command" >/dev/null 2>&1
	done
	echo_stop
	rm -rf "$WORK"
	exit "$status"
}
trap 'smoke_exit $? "$BASH_COMMAND"' EXIT
trap 'FAILED_AT="line $LINENO: $BASH_COMMAND"' ERR

fail() {
	SAID=yes
	printf 'FAILED line %s: %s\n' "${BASH_LINENO[-2]}" "$*" >&2
	exit 1
}

skip() {
	printf 'skipped: %s\n' "$*" >&2
	exit 77
}

# assert COMMAND...
assert() { "$@" || fail "$*"; }

# assert_equal GOT WANTED [WHAT]
assert_equal() { [[ $1 == "$2" ]] || fail "${3:-value}: got '$1', wanted '$2'"; }

# assert_match TEXT PATTERN
assert_match() { [[ $1 =~ $2 ]] || fail "'$1' does not match '$2'"; }

# waited_ms: the time in which some process of this machine waited for a processor, or another machine had it
waited_ms() {
	local pressure=0 stolen
	[[ -r /proc/pressure/cpu ]] && pressure=$(sed -n 's/^some .*total=//p' /proc/pressure/cpu)
	read -r _ _ _ _ _ _ _ _ stolen _ </proc/stat
	echo $((pressure / 1000 + stolen * 10 / $(nproc)))
}
# hurry_start; in_time MS FACTOR: not yet MS since then without that time, and not yet FACTOR times MS with it
hurry_start() { HURRY_WAITED=$(waited_ms) HURRY_START=$(now_ms); }
in_time() {
	local took=$(($(now_ms) - HURRY_START))
	((took < $1 || (took < $1 * $2 && took - ($(waited_ms) - HURRY_WAITED) < $1)))
}

# await SECONDS COMMAND...: like assert, but it may take a while to become true: twice so many seconds on a machine that has nothing
# else to do, and on a busy one as much longer as processes have to wait. Where a time is promised, see assert_within.
await() {
	hurry_start
	until "${@:2}" >/dev/null 2>&1; do
		in_time $(($1 * 2000)) 8 || fail "not within $1 s: ${*:2}"
		sleep 0.05
	done
}

# await_equal SECONDS WANTED COMMAND...: until COMMAND prints WANTED
await_equal() {
	hurry_start
	until prints "${@:2}" 2>/dev/null; do
		in_time $(($1 * 2000)) 8 || fail "not within $1 s: ${*:3} prints '$("${@:3}")', wanted '$2'"
		sleep 0.05
	done
}
prints() { [[ $("${@:2}") == "$1" ]]; }

at_least() {
	local value
	value=$("${@:2}") && [[ $value =~ ^[0-9]+$ ]] && ((value >= $1))
}

# clock_start; assert_within MS WHAT: no more than MS have passed since, without the time in which processes of this machine waited
# for a processor. What is promised is how long a program takes, and not that the machine has nothing else to do.
clock_start() { CLOCK_WAITED=$(waited_ms) CLOCK_START=$(now_ms); }
assert_within() {
	local took=$(($(now_ms) - CLOCK_START)) waited
	waited=$(($(waited_ms) - CLOCK_WAITED))
	printf '%s: %d ms, of which processes waited %d ms for a processor\n' "$2" $took $waited
	((took - waited <= $1)) || fail "$2: it took $took ms, of which processes waited $waited ms for a processor"
}

# counter NAME: its value, 0 where it is not shown
counter() { ctl -j counter show | jq --arg name "$1" '[.[] | select(.name == $name).value] | add // 0'; }

# allocations_end [REGION]: until there are none. What clients left behind that were killed, or whose last Refresh was lost, would
# live for its 600 s, and be counted, or taken for an allocation that is new.
allocations_end() {
	at_plane "${1-}" -j allocation show | jq -r '.[] | "allocation delete \(.id)"' | at_plane "${1-}" -f - >/dev/null 2>&1
	await_equal 5 0 allocations "${1-}"
}
at_plane() { lab ctl ${1:+-r "$1"} "${@:2}"; }

allocations() { at_plane "${1-}" -j turn show | jq 'if type == "array" then .[0] else . end | .allocations'; }

# allocation_of_traffic [FIELD]: of the allocation that relays the most; allocation_relays PACKETS: it has relayed as many
allocation_of_traffic() { ctl -j allocation show | jq -r "max_by(.to_peer_packets).${1:-id}"; }
allocation_relays() { at_least "$1" allocation_of_traffic to_peer_packets; }

# log_mark; log_since: what the dataplane has logged since
log_mark() { LOG_LINES=$(lab log dataplane | wc -l); }
log_since() { lab log dataplane | tail -n "+$((LOG_LINES + 1))"; }

# Datagrams that the sockets of the client and the peer had no room for: their programs came too late.
far_ends_lost() {
	local host
	for host in client peer; do
		lab exec $host awk '
			$1 == "Udp:" && !column { for (i = 2; i <= NF; i++) if ($i == "RcvbufErrors") column = i; next }
			$1 == "Udp:" { sum += $column }
			$1 == "Udp6RcvbufErrors" { sum += $2 }
			END { print sum + 0 }' /proc/net/snmp /proc/net/snmp6
	done | awk '{ sum += $1 } END { print sum }'
}

# losses: whatever counts lost datagrams, a name and a number a line
losses() {
	local host dropped sum=0
	ctl -j counter show | jq -r '.[] | select((.name | startswith("drop.")) or (.help | startswith("dropped"))) | "\(.name) \(.value)"'
	ctl -j port show | jq -r '.[] | .name as $port | to_entries[] | select(.key | test("missed|errors|full")) | "\($port).\(.key) \(.value)"'
	for host in client peer dp; do
		lab exec $host ip -s -j link | jq -r --arg host $host '.[] | .ifname as $link | .stats64 |
			"\($host) \($link).rx_dropped \(.rx.dropped)", "\($host) \($link).tx_dropped \(.tx.dropped)"'
		lab exec $host awk -v host=$host '
			$1 ~ /^(Udp|Ip):$/ && $2 !~ /^[0-9]/ { for (i = 2; i <= NF; i++) names[$1 i] = $i; next }
			$1 ~ /^(Udp|Ip):$/ { for (i = 2; i <= NF; i++) if (names[$1 i] ~ /Errors|Discards|NoPorts|NoRoutes/) print host, $1 names[$1 i], $i }
			/^(Udp|Ip)6.*(Errors|Discards|NoPorts|NoRoutes)/ { print host, $1, $2 }' /proc/net/snmp /proc/net/snmp6
	done
	while read -r _ dropped _; do
		((sum += 16#$dropped))
	done </proc/net/softnet_stat
	echo "kernel softnet.dropped $sum"
}
# losses_since FILE: those that are more than FILE has
losses_since() {
	losses | awk 'NR == FNR { n = $NF; $NF = ""; before[$0] = n; next }
		{ n = $NF; $NF = ""; if (n > before[$0]) printf "%s%d ", $0, n - before[$0] }' "$1" -
}

# assert_lossless ARGS...: turnutils_uclient with ARGS gets everything back that it sent, but for what the far ends lost themselves.
# Of the first packets to a next hop NEIGHBOUR_HOLD wait for its MAC address; on a busy machine the thread that learns it may be late,
# and the others are dropped. Where these are all that was lost, the next hop is known from then on, and the next try shows it: once a
# test.
assert_lossless() {
	lossless "$@" && return
	[[ ! ${LOST_ONCE-} ]] || fail "turnutils_uclient $*: lost packets to a next hop, in one test twice"
	LOST_ONCE=yes
	lossless "$@" || fail "turnutils_uclient $*: lost packets to a known next hop"
}
# lossless ARGS...: 1 where all that was lost was dropped while a next hop's address was learned
lossless() {
	local sent received lost trip theirs waited
	theirs=$(far_ends_lost) waited=$(counter drop.neighbour_pending)
	losses >"$WORK/losses"
	read -r sent received lost trip < <(uclient_run "$@") || fail "turnutils_uclient $*"
	theirs=$(($(far_ends_lost) - theirs)) waited=$(($(counter drop.neighbour_pending) - waited))
	printf 'uclient %s: %s sent, %s received, %s lost (%s for want of room at the far ends, %s before the next hop was known), %s ms\n' \
		"$*" "$sent" "$received" "$lost" "$theirs" "$waited" "$trip"
	((sent > 0 && sent == received + lost && lost <= theirs + waited)) ||
		fail "$lost of $sent packets lost, $theirs by the far ends; what counts them: $(losses_since "$WORK/losses")"
	((lost <= theirs))
}

# A test that wants another lab sets LAB_UP before it sources this; one that wants none, LAB_UP=none.
lab_enter() {
	lab_hold
	lab up ${LAB_UP[@]+"${LAB_UP[@]}"} 2>"$WORK/up" || {
		cat "$WORK/up" >&2
		fail "the lab did not come up"
	}
	lab_clear
}
lab_clear() {
	local regions=('') region
	[[ " ${LAB_UP[*]-} " == *' --regions '* ]] && regions=(a b c)
	for region in "${regions[@]}"; do
		allocations_end "$region"
	done
}
need_root
[[ ${LAB_UP[*]-} == none ]] || lab_enter
