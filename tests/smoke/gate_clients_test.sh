#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# While the host is flooded from everywhere, new clients get in by coming back, and calls lose nothing by the gate.
# FLOOD_RATE: packets a second; a flood that takes a whole core wants the machine for itself. FLOOD_KINDS: kinds of sluice-flood with their arguments, with colons between; header, allocate, forged, binding, response and
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
		--rate "${FLOOD_RATE:-50000}" --seconds 60
	[[ $kind =~ ^(header|response|malformed) ]] || await 5 eval '[[ $(gate_field host_attacked) == 1 ]]'
	read -r allocated longest sends < <(client_python allocate_many.py 20 0.1)
	printf 'flood of %s: %s of 20 clients, the last after %s s, no request sent more than %s times\n' "$kind" "$allocated" "$longest" "$sends"
	assert_equal "$allocated" 20 "clients in a flood of $kind"
	# The second arrival is let in; one of two may have met a full queue, and an answer may be late once.
	((sends <= 4)) || fail "a request was sent $sends times"
	assert client_python aioice_allocate.py 5 20
	uclient_run -n 20 -m 1 -z 20 -l 160 -c -e $PEER4 $SERVER4 || fail "turnutils_uclient in a flood"
	assert_equal "$(others_dropped)" "$before" "drops of calls"
	child_end $STARTED
done
