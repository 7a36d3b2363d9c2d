# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Browsers with sluice's page, for tests that source _init.sh first.

MODULES=${NODE_MODULES:-$SLUICE_ROOT/build-node/node_modules}
PAGE=http://198.18.1.1:8080/
declare -A BROWSER_IN BROWSER_OUT

# browsers_need chromium|firefox...: skips the test where one, or what drives it, is not there
browsers_need() {
	local kind driver
	for kind; do
		driver=playwright-core
		[[ $kind == firefox ]] && driver=puppeteer-core
		command -v "${kind/#firefox/firefox-esr}" >/dev/null || skip "no $kind here"
		node -e "require(process.argv[1])" "$MODULES/$driver" 2>/dev/null || skip "node finds no $driver (tools/install-deps browser)"
	done
}

# browser_start NAME chromium|firefox [URL]: on the client's side
browser_start() {
	local name=$1 ready to from
	mkfifo "$WORK/$name.in" "$WORK/$name.out"
	lab exec client timeout 300 node "$SMOKE/browser.js" "$2" "${3:-$PAGE}" "$MODULES" \
		<"$WORK/$name.in" >"$WORK/$name.out" 2>"$WORK/$name.err" &
	at_exit process_end $!
	exec {to}>"$WORK/$name.in" {from}<"$WORK/$name.out"
	BROWSER_IN[$name]=$to BROWSER_OUT[$name]=$from
	read -r -t 120 -u "$from" ready || fail "$2 does not start: $(cat "$WORK/$name.err")"
	[[ $ready == '{"ready":true}' ]] || fail "$2: $ready"
}

# browser NAME EXPRESSION: its value in JSON, once it has one
browser() {
	local value
	printf '%s\n' "$2" >&"${BROWSER_IN[$1]}"
	read -r -t 60 -u "${BROWSER_OUT[$1]}" value || fail "$1 does not answer: $2"
	printf '%s\n' "$value"
}

# browser_publish NAME STREAM [OPTIONS]; browser_watch NAME STREAM: the session's resource
browser_publish() {
	browser "$1" "sluice.start({role: 'publish', stream: '$2', token: 'lab', source: 'canvas', width: 320, height: 180, ${3-}})"
}
browser_watch() { browser "$1" "sluice.start({role: 'watch', stream: '$2', token: 'lab'})"; }

# stat_of NAME FIELD; has_frames NAME N: as many have been decoded or encoded since its session began
stat_of() { browser "$1" 'sluice.stats()' | jq -r ".$2"; }
has_frames() { (($(stat_of "$1" frames) >= $2)); }

sessions() { ctl -j session show | jq length; }
