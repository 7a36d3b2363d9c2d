#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# While the host is flooded from everywhere, new clients get in by coming back, and calls lose nothing by the gate.
# FLOOD_KINDS: kinds of sluice-flood with their arguments, with colons between; header, allocate, forged, binding, response and
# malformed are spread.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"

# what the gate drops that no flood explains
others_dropped() {
	ctl -j counter show | jq '[.[] | select(.help | startswith("dropped:")) |
		select(.name | test("^gate\\.(first_host|first_prefix|limit_source|limit_prefix|no_transport|stun_response|stun_length)$") | not).value] | add // 0'
}

flood_routes
echo_start
IFS=: read -ra kinds <<<"${FLOOD_KINDS:-allocate:allocate --twice}"
for kind in "${kinds[@]}"; do
	before=$(others_dropped)
	# shellcheck disable=SC2086 # words
	start client sluice-flood eth0 --to $SERVER4 --mac "$FLOOD_MAC" --source spread --kind $kind \
		--rate 200000 --seconds 20
	[[ $kind =~ ^(header|response|malformed) ]] || await 5 eval '[[ $(gate_field host_attacked) == 1 ]]'
	read -r allocated longest < <(client_python allocate_many.py 20 0.1)
	printf 'flood of %s: %s of 20 clients, the last after %s s\n' "$kind" "$allocated" "$longest"
	assert_equal "$allocated" 20 "clients in a flood of $kind"
	jq -en "$longest <= 3" >/dev/null || fail "the last client waited $longest s"
	assert client_python aioice_allocate.py 5 3
	uclient_run -n 20 -m 1 -z 20 -l 160 -c -e $PEER4 $SERVER4 || fail "turnutils_uclient in a flood"
	assert_equal "$(others_dropped)" "$before" "drops of calls"
	process_end $STARTED
done
