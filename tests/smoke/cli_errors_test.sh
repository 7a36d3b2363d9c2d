#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A wrong word is answered with where it is and what was expected; exit status 1, one line on stderr; -j in JSON.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

wrong() { # WANTED ARGS...
	local output status
	output=$(ctl "${@:2}" 2>&1 >/dev/null)
	status=$?
	((status == 1)) || fail "sluicectl ${*:2}: exit $status"
	grep -Eq -- "$1" <<<"$output" || fail "sluicectl ${*:2}: '$output' lacks '$1'"
}
wrong 'turm' turm show
wrong 'allow' turn peer alow 198.18.0.0/15
wrong '198.18.0.0/33' turn peer allow 198.18.0.0/33
wrong '198.18.2.300' turn relay 198.18.2.300 ports 49152-65535
wrong '70000' turn listen 198.18.1.1:70000
wrong '65535-49152' turn relay 198.18.2.9 ports 65535-49152
wrong 'eth77' port add dp7 xdp eth77
wrong 'dp0' port add dp0 xdp dp0
wrong 'dp0 is port dp0 already' port add dp9 xdp dp0
wrong '.' allocation delete 12345
wrong 'did you mean .turn show.' show turn
wrong 'did you mean .turn.' help trurn
wrong 'nowhere' -s /run/sluice/nowhere.sock version
ctl -j turn peer alow 198.18.0.0/15 2>&1 | jq -e . >/dev/null || fail "-j: an error that is not JSON"
printf 'version\nturn shew\nturn show\n' >"$WORK/batch"
at_exit rm -f "$LAB_STATE/dp/batch"
cp "$WORK/batch" "$LAB_STATE/dp/batch"
ctl -e -f "$LAB_STATE/dp/batch" >"$WORK/out" 2>&1 && fail "-e: a batch with a wrong line succeeded"
assert grep -q 'shew' "$WORK/out"
grep -q lifetime_max "$WORK/out" && fail "-e: went on behind the wrong line"
ctl -x -f "$LAB_STATE/dp/batch" >"$WORK/out" 2>&1
assert grep -q 'turn show' "$WORK/out"
ctl -j -f "$LAB_STATE/dp/batch" 2>&1 >/dev/null | jq -e '.line == 2 and (.file | endswith("batch"))' >/dev/null || fail "-j: an error in a file without its place"
wrong 'no command begins with trurn' help trurn
# a shell completes names that the daemon has
complete() { in_dp sluicectl --complete "sluicectl $1" | paste -sd ' '; }
at_exit ctl turn user delete twins
assert ctl turn user add twins password hunter2
assert_equal "$(complete 'port delete ')" "dp0 dp1" "ports"
assert_equal "$(complete 'turn user delete tw')" twins "users"
assert_equal "$(complete 'turn listen delete 198.18.1.1')" "198.18.1.1:3478 198.18.1.1:5349" "listeners"
assert_equal "$(complete 'port add d')" "" "a name that is not there yet"
assert_equal "$(complete '-s /run/sluice/nowhere.sock port delete ')" "" "without a daemon"
assert_equal "$(ctl trace count 1 seconds 1 user nobody 2>&1)" "no such packet came in time"
assert_equal "$(ctl -j trace count 1 seconds 1 user nobody 2>&1)" "[]"
