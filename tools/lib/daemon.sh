# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The daemons of a laboratory host: start, watch, stop. Where there are regions, a host has a Redis as well.

# shellcheck disable=SC2034 # for those who source this
DAEMONS=(dataplane controlplane)

daemon_name() { [[ $1 == redis ]] && echo redis-server || echo "sluice-$1"; }
daemon_file() { printf '%s/%s.%s' "$(host_dir "$1")" "$2" "$3"; }
daemon_pid() { pidfile_pid "$(daemon_file "$1" "$2" pid)"; }

daemon_socket() {
	case $2 in
	dataplane) printf '%s/run/dataplane.sock' "$(host_dir "$1")" ;;
	controlplane) printf '%s/run/control.sock' "$(host_dir "$1")" ;;
	esac
}

# daemon_command HOST DAEMON: prints its command line, one word a line
daemon_command() {
	case $2 in
	dataplane)
		printf '%s\n' sluice-dataplane --xdp-object "$SLUICE_BUILD/bpf/gate.bpf.o" \
			--workers "${LAB_WORKERS:-1}" --max-allocations "${LAB_ALLOCATIONS:-10000}" --test-clock
		[[ -e $LAB_STATE/huge ]] && hugepages_free || printf '%s\n' --no-huge
		[[ -z $LAB_DATAPLANE_ARGS ]] || printf '%s\n' "$LAB_DATAPLANE_ARGS" | xargs -n1
		;;
	controlplane)
		printf '%s\n' sluice-controlplane --config "$(host_dir "$1")/sluice.conf" --state-dir "$(host_dir "$1")"
		;;
	redis) region_redis_command "$1" ;;
	esac
}

# daemon_start HOST DAEMON: returns at once
daemon_start() {
	local command environment log
	mapfile -t command < <(daemon_command "$1" "$2")
	mapfile -t environment < <(region_environment "$1")
	log=$(daemon_file "$1" "$2" log)
	PATH=$(build_path) host_run "$1" setsid env "${environment[@]}" "${command[@]}" </dev/null >>"$log" 2>&1 &
	pidfile_write "$(daemon_file "$1" "$2" pid)" $!
}

# Answers a request: not only is there a socket, somebody reads it.
daemon_answers() {
	local said
	daemon_pid "$1" "$2" || return
	if [[ $2 == redis ]]; then
		(host_run "$1" redis-cli ping)
	else
		said=$(lab_ctl "$1" -s "$(daemon_socket "$1" "$2")" version 2>&1) || [[ $said == *'speaks API version'* ]]
	fi
}

daemon_dead_or_answers() { ! daemon_pid "$1" "$2" || daemon_answers "$1" "$2"; }

# daemon_await HOST DAEMON: until it answers, or dies, or a minute has passed
daemon_await() {
	wait_for 60 daemon_dead_or_answers "$1" "$2"
	daemon_answers "$1" "$2" >/dev/null 2>&1 && return
	say "$2 on $1 $(daemon_pid "$1" "$2" >/dev/null && echo "does not answer" || echo "ended"); its log ends with:"
	tail -n 12 "$(daemon_file "$1" "$2" log)" | sed 's/^/  /' >&2
	return 1
}

# daemon_take_over HOST: another dataplane takes the place of the one that runs, with its calls
daemon_take_over() {
	local command environment
	mapfile -t command < <(daemon_command "$1" dataplane)
	mapfile -t environment < <(region_environment "$1")
	(PATH=$(build_path) host_run "$1" env "${environment[@]}" "${command[@]}" --take-over </dev/null \
		>>"$(daemon_file "$1" dataplane log)" 2>&1) || return
	pidfile_write "$(daemon_file "$1" dataplane pid)" \
		"$(lab_ctl "$1" -j -s "$(daemon_socket "$1" dataplane)" version | jq 'if type == "array" then .[0] else . end | .pid')"
}

daemon_stop() {
	local pid
	pid=$(daemon_pid "$1" "$2") && process_end "$pid"
	rm -f "$(daemon_file "$1" "$2" pid)"
}

daemon_kill() {
	local pid
	pid=$(daemon_pid "$1" "$2") || die "$2 does not run on $1"
	kill -KILL "$pid" && wait_for 5 process_gone "$pid"
}
