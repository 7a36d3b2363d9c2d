#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Events of the gate: a flood from one network attacks a prefix and not the host, a spread one the host; each end is told too.
# alone: its floods take a core
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_events.sh
. "$SMOKE/_events.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"


flood_routes
await 40 calm # what a test before this one has left
listen lines events
await_listening lines

flood --kind allocate --source net --victim 192.0.2.0 --rate 20000 --seconds 2 >/dev/null || fail "flood"
await 5 heard lines 'Z gate prefixes under attack$'
heard lines ' gate host ' && fail "one network's flood is an attack on the host"
await 40 heard lines 'Z gate prefixes no attack$'

flood --kind allocate --source spread --rate 20000 --seconds 2 >/dev/null || fail "flood"
await 5 heard lines 'Z gate host under attack$'
await 40 heard lines 'Z gate host no attack$'
