#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Whoever has a nonce of his victim's gains nothing: without integrity there is no answer, with one it is shorter than the
# request and counted; and a user of the same address gets in meanwhile.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"

flood_with_nonce() { flood --kind "$1" --victim 198.18.1.2 --source-port "$2" --rate 5000 --seconds 2; }

flood_routes
await 40 calm
before=$(counter gate.no_integrity)
result=$(flood_with_nonce nonce 40404)
at_most "$result" answers 1 "a nonce alone" # the challenge that gave it
(($(counter gate.no_integrity) - before > 5000)) || fail "the gate does not count them"
for kind in signed unknown; do
	result=$(flood_with_nonce $kind 40405)
	at_most "$result" ratio 1 "$kind"
done
assert ctl gate limit verified 100 burst 100
at_exit ctl config reload
await 3 eval '[[ $(gate_field verified_rate) == 100 ]]'
before=$(counter gate.limit_verified)
result=$(flood_with_nonce signed 40406)
at_most "$result" answers 2000 "over the limit of the verified"
(($(counter gate.limit_verified) - before > 5000)) || fail "no limit for the verified"
