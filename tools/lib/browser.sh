# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Browsers on the client's side of the laboratory, with sluice's page, driven line by line: tools/lib/browser.js.

NODE_MODULES=${NODE_MODULES:-$SLUICE_ROOT/build-node/node_modules}
# shellcheck disable=SC2034 # of who sources this
PAGE=http://198.18.1.1:8080/
declare -A BROWSER_IN BROWSER_OUT

# browsers_missing chromium|firefox...: what is not here, in words; nothing where all are
browsers_missing() {
	local kind driver
	for kind; do
		driver=playwright-core
		[[ $kind == firefox ]] && driver=puppeteer-core
		command -v "${kind/#firefox/firefox-esr}" >/dev/null || {
			echo "no $kind here"
			return
		}
		node -e 'require(process.argv[1])' "$NODE_MODULES/$driver" 2>/dev/null || {
			echo "node finds no $driver (tools/install-deps browser)"
			return
		}
	done
}

# browser_open NAME chromium|firefox URL FOLDER: its process is STARTED; what went wrong is in FOLDER/NAME.err. BROWSER_HOST: where,
# on the client's side unless given; BROWSER_FILM: a .y4m that is its camera's picture (chromium)
browser_open() {
	local name=$1 folder=$4 ready to from
	mkfifo "$folder/$name.in" "$folder/$name.out"
	"$SLUICE_ROOT/tools/lab" exec "${BROWSER_HOST:-client}" timeout 300 node "$SLUICE_ROOT/tools/lib/browser.js" "$2" "$3" "$NODE_MODULES" \
		<"$folder/$name.in" >"$folder/$name.out" 2>"$folder/$name.err" &
	# shellcheck disable=SC2034
	STARTED=$!
	exec {to}>"$folder/$name.in" {from}<"$folder/$name.out"
	BROWSER_IN[$name]=$to BROWSER_OUT[$name]=$from
	read -r -t 120 -u "$from" ready
	[[ $ready == '{"ready":true}' ]] && return
	printf '%s\n' "$ready" >>"$folder/$name.err"
	return 1
}

# browser NAME EXPRESSION: its value in JSON, once it has one
browser() {
	local value
	printf '%s\n' "$2" >&"${BROWSER_IN[$1]}"
	read -r -t 60 -u "${BROWSER_OUT[$1]}" value || return
	printf '%s\n' "$value"
}

# browser_close NAME: it ends by itself
browser_close() {
	local to=${BROWSER_IN[$1]} from=${BROWSER_OUT[$1]}
	exec {to}>&- {from}<&-
}

# browser_publish NAME STREAM [OPTIONS]; browser_watch NAME STREAM: the session's resource
browser_publish() {
	browser "$1" "sluice.start({role: 'publish', stream: '$2', token: 'lab', source: 'canvas', width: 320, height: 180, ${3-}})"
}
browser_watch() { browser "$1" "sluice.start({role: 'watch', stream: '$2', token: 'lab'})"; }

# stat_of NAME FIELD; has_frames NAME N: as many have been decoded or encoded since its session began
stat_of() { browser "$1" 'sluice.stats()' | jq -r ".$2"; }
has_frames() { (($(stat_of "$1" frames) >= $2)); }
