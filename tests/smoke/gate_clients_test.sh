#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# While the host is flooded from everywhere, new clients get in by coming back, and calls lose nothing by the gate.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"

# what the gate drops that no flood of Allocates explains
others_dropped() {
	ctl -j counter show | jq '[.[] | select(.help | startswith("dropped:")) |
		select(.name | test("^gate\\.(first_host|first_prefix|limit_source)$") | not).value] | add // 0'
}

flood_routes
echo_start
for twice in "" --twice; do
	before=$(others_dropped)
	# shellcheck disable=SC2086 # none or one word
	start client sluice-flood eth0 --to $SERVER4 --mac "$FLOOD_MAC" --kind allocate --source spread $twice \
		--rate 200000 --seconds 20
	await 5 eval '[[ $(gate_field host_attacked) == 1 ]]'
	read -r allocated longest < <(client_python allocate_many.py 20 0.1)
	printf 'flood %s: %s of 20 clients, the last after %s s\n' "$twice" "$allocated" "$longest"
	assert_equal "$allocated" 20 "clients in a flood $twice"
	jq -en "$longest <= 3" >/dev/null || fail "the last client waited $longest s"
	assert client_python aioice_allocate.py 5 3
	uclient_run -n 20 -m 1 -z 20 -l 160 -c -e $PEER4 $SERVER4 || fail "turnutils_uclient in a flood"
	assert_equal "$(others_dropped)" "$before" "drops of calls"
	process_end $STARTED
done
