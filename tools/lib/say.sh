# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Words, waits and processes, for every script of tools/ and tests/.

SLUICE_ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
export SLUICE_ROOT

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
	say "$@"
	exit 1
}

need_root() { ((EUID == 0)) || die "needs root (network namespaces, packages): run it with sudo"; }

# now_ms: a clock for durations
now_ms() { printf '%s' "$((${EPOCHREALTIME/./} / 1000))"; }

# wait_for SECONDS COMMAND...: until COMMAND succeeds; its output is not shown. 1 when the time is over.
wait_for() {
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		(($(now_ms) < end)) || return 1
		sleep 0.05
	done
}

not() { ! "$@"; }

# A process is known by its id and its start time: an id alone may be somebody else's by now.
process_start() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# pidfile_write FILE PID
pidfile_write() { printf '%s %s\n' "$2" "$(process_start "$2")" >"$1"; }

# pidfile_pid FILE: prints the id while that very process lives
pidfile_pid() {
	local pid start
	read -r pid start 2>/dev/null <"$1" || return 1
	[[ -n $start && $(process_start "$pid") == "$start" ]] || return 1
	[[ $(process_state "$pid") != Z ]] || return 1
	printf '%s\n' "$pid"
}

process_state() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1; }

# Not there, or waiting only for its parent: of a killed process the first thread may be gone before the others are.
process_gone() { [[ ! -d /proc/$1 ]] || [[ $(process_state "$1") == Z && $(echo /proc/"$1"/task/*) != *' '* ]]; }

# process_tree PID...: these, and what they have started: of a function in the background $! is a shell that waits for its command
process_tree() {
	local pid
	for pid; do
		echo "$pid"
		# shellcheck disable=SC2046 # words
		process_tree $(pgrep -P "$pid")
	done
}

# process_end PID...: TERM to each and what it has started, and KILL for what is there 5 s later
process_end() {
	local pid family_tree
	(($#)) || return 0
	mapfile -t family_tree < <(process_tree "$@")
	kill -TERM "${family_tree[@]}" 2>/dev/null
	for pid in "${family_tree[@]}"; do
		wait_for 5 process_gone "$pid" && continue
		kill -KILL "$pid" 2>/dev/null
		wait_for 2 process_gone "$pid"
	done
	return 0
}

process_parent() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f2; }

# child_end PID...: process_end for those that are this shell's children still. Of one that has ended the id may be anybody's,
# on a machine that starts thousands of processes a minute also that of another test.
child_end() {
	local pid children=()
	for pid; do
		[[ $(process_parent "$pid") =~ ^($$|$BASHPID)$ ]] && children+=("$pid")
	done
	process_end ${children[@]+"${children[@]}"}
}

# Several laboratories may be up at once, each with a name (LAB=NAME); the one without a name is today's terminal's.
# Who runs a demonstration or tests holds its lab to the end; others wait.
[[ ${LAB-} =~ ^[a-z0-9]{0,12}$ ]] || die "LAB: '$LAB', wanted up to 12 lower-case letters and digits"
LAB_SUFFIX=${LAB:+-$LAB}
# shellcheck disable=SC2034 # for those who source this
LAB_STATE=/run/sluice-lab$LAB_SUFFIX
LAB_LOCK=/run/lock/sluice-lab$LAB_SUFFIX

lab_hold() {
	[[ ${SLUICE_LAB_HELD-} == "$LAB_LOCK" ]] && return
	exec 8>"$LAB_LOCK" || die "cannot write $LAB_LOCK"
	flock -n 8 || {
		say "waits: other tests hold the lab"
		flock -w 1800 8 || die "other tests hold the lab"
	}
	export SLUICE_LAB_HELD=$LAB_LOCK
}

# What the lab starts shall not keep it held.
lab_hold_check() {
	exec 8>&-
	[[ ${SLUICE_LAB_HELD-} == "$LAB_LOCK" ]] && return
	(flock -n 8) 8>"$LAB_LOCK" || die "tests hold the lab: when they are done"
}

# sluice_build DIR [MESON-OPTION...]: sets it up and builds it, where that is due; quiet unless it fails.
# SLUICE_BUILT names a folder that is built: who runs tests side by side builds once before them.
sluice_build() {
	local dir=$1 log
	[[ ${SLUICE_BUILT-} == "$dir" ]] && return
	shift
	log=$(mktemp) || return 1
	if { [[ -f $dir/build.ninja ]] || meson setup "$dir" "$SLUICE_ROOT" "$@" >"$log" 2>&1; } &&
		flock "$dir" ninja -C "$dir" >"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	grep -E -A5 'error|ERROR|FAILED' "$log" | head -60 >&2
	[[ -s $log ]] || say "meson and ninja: not installed? tools/install-deps installs them"
	rm -f "$log"
	return 1
}
