# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the tests of the gate have in common: the way back for answers to forged sources, and the flood.

# Answers to anywhere go to the client, where sluice-flood counts them.
flood_routes() {
	in_dp ip route replace default via 198.18.1.2 dev dp0
	in_dp ip -6 route replace default via 2001:2:0:1::2 dev dp0
	at_exit in_dp ip route del default
	at_exit in_dp ip -6 route del default
	FLOOD_MAC=$(in_dp cat /sys/class/net/dp0/address)
	await 5 routed
}
routed() { in_dp ip route get 203.0.113.1 | grep -q dp0; }

# flood ARGS...: prints its result as JSON
flood() { in_client sluice-flood eth0 --to $SERVER4 --mac "$FLOOD_MAC" --json "$@"; }

# flood_field JSON KEY
flood_field() { jq ".$2" <<<"$1"; }

# at_most JSON KEY LIMIT WHAT
at_most() {
	jq -e --argjson limit "$3" ".$2 <= \$limit" <<<"$1" >/dev/null ||
		fail "$4: $2 is $(flood_field "$1" "$2"), at most $3 wanted"
}

gate_field() { ctl -j gate show | jq "if type == \"array\" then .[0] else . end | .$1"; }

# calm: no attack is under way any more, of those either that a test before this one has left
calm() { [[ $(gate_field host_attacked) == 0 && $(gate_field prefixes_attacked) == 0 ]]; }
