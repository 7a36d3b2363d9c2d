#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The gate is set at run time; a rotation of keys disturbs nobody; a restart of either daemon loses no counter.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_flood.sh
. "$SMOKE/_flood.sh"

binding() { client_python binding.py; }
keys() { lab log controlplane | grep -c 'nonces are made under a new key'; }
more_keys_than() { (($(keys) > $1)); }
pinned() { in_dp ls /sys/fs/bpf | grep -c sluice_gate_; }

at_exit ctl config reload
at_exit ctl gate deny delete 198.18.1.2/32
assert binding
assert ctl gate deny add 198.18.1.2/32
await 3 not binding
assert ctl gate mode observe
await 3 binding
(($(counter gate.observed) > 0)) || fail "observe counts nothing"
assert ctl gate mode enforce
assert ctl gate deny delete 198.18.1.2/32
await 3 binding

# keys that live 10 s: a client allocates under a fresh one, and refreshes with its first nonce under the next
await 40 calm
before=$(keys)
assert ctl gate nonce lifetime 10
await 12 more_keys_than "$before"
forged=$(counter gate.unverified)
assert client_python gate_nonce.py 12
(($(counter gate.unverified) - forged <= 3)) || fail "a rotation sends clients back to the start"
assert ctl gate nonce lifetime 1h
assert_match "$(ctl gate nonce secret north 2>&1)" 'gate nonce generate'
# a new secret, and another: whoever holds a nonce goes on
for _ in 1 2; do
	before=$(counter gate.unverified)
	start client /usr/bin/python3 "$SMOKE/gate_nonce.py" 4
	await 3 eval '(($(ctl -j allocation show | jq length) > 0))'
	assert ctl gate nonce secret "$(ctl gate nonce generate)"
	await 3 eval '[[ $(gate_field nonce_shared) == 1 ]]'
	wait $STARTED || fail "a change of the secret ends calls"
	(($(counter gate.unverified) - before <= 3)) || fail "a new secret sends clients back to the start"
done
await 3 eval '[[ $(gate_field nonce_shared) == 1 ]]'
assert binding

# counters outlive the dataplane, and nothing of it stays when it stops
before=$(counter gate.unverified)
assert lab kill dataplane
assert lab heal dataplane
await 10 binding
(($(counter gate.unverified) > before)) || fail "counters of a killed dataplane are lost"
before=$(counter gate.unverified)
assert lab stop dataplane
assert_equal "$(pinned)" 0 "pins after a stop"
[[ $(in_dp ip -d link show dp0) == *xdp* ]] && fail "a program is left"
assert lab heal dataplane
await 10 binding
(($(counter gate.unverified) > before)) || fail "counters of a stopped dataplane are lost"
assert lab stop controlplane
assert lab heal controlplane
await 10 binding
