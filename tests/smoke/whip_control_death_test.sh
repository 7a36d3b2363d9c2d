#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the control plane while a browser publishes and another watches: frames come on, and when it is back the resources are the
# same: a restart of ICE and DELETE work. A viewer that finds its session gone begins again by itself.
# alone: it kills the control plane
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_browser.sh
. "$SMOKE/_browser.sh"

browsers_need chromium
at_exit lab heal controlplane
browser_start publisher chromium
browser_start viewer chromium
browser_publish publisher cam >/dev/null
resource=$(browser_watch viewer cam | jq -r .)
await 30 has_frames viewer 40
assert lab kill controlplane
frames=$(stat_of viewer frames)
await 30 has_frames viewer $((frames + 40))
assert lab heal controlplane
status_of() { in_client curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer lab' "$1"; }
await_equal 10 200 status_of "$resource"
assert_equal "$(browser publisher 'sluice.session().restart()')" null "a restart of ICE"
frames=$(stat_of viewer frames)
await 30 has_frames viewer $((frames + 40))
# ended by an operator: the page asks when nothing has come for two seconds, and watches again
assert ctl session delete "${resource##*/}"
again() { [[ $(browser viewer 'sluice.session().begun') == 2 ]]; }
await 20 again
await 30 has_frames viewer 40
assert_equal "$(browser viewer 'sluice.stop()')" null
assert_equal "$(browser publisher 'sluice.stop()')" null
await_equal 5 0 sessions
