# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Browsers with sluice's page, for tests that source _init.sh first.

# shellcheck source=tools/lib/browser.sh
. "$SLUICE_ROOT/tools/lib/browser.sh"

# browsers_need chromium|firefox...: skips the test where one, or what drives it, is not there
browsers_need() {
	local missing
	missing=$(browsers_missing "$@")
	[[ ! $missing ]] || skip "$missing"
}

# browser_start NAME chromium|firefox [URL]
browser_start() {
	browser_open "$1" "$2" "${3:-$PAGE}" "$WORK" || fail "$2 does not start: $(cat "$WORK/$1.err")"
	at_exit child_end $STARTED
}

sessions() { ctl -j session show | jq length; }
