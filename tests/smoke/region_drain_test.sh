#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A node drains: a client is sent to another region with 300 and allocates there, present allocations stay, until their end or the
# drain's bound; it outlives the control plane, and ends with undrain.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

state() { at "${1:-a}" -j node show | jq -r '.[] | select(.id == "a1").state'; }
drains() { [[ $(client_python allocate.py demo demo) == 300 ]]; }

at_exit at a node undrain
at_exit lab heal controlplane a
await 15 all_healthy
flow_start a 12
await 5 eval '[[ $(at a -j allocation show | jq length) -gt 0 ]]'
assert at a node drain
await 5 drains
await 3 eval '[[ $(state b) == draining ]]'
for n in 1 2 3 4 5 6; do
	[[ $(steer b "drained$n") != a ]] || fail "b steers to a"
done
# turnutils_uclient goes where it is sent.
theirs=$(far_ends_lost) there=$(made b c)
read -r sent received lost trip < <(uclient_run -n 20 -m 1 -y -c "${SERVER[a]}") || fail "a client that was sent away"
theirs=$(($(far_ends_lost) - theirs))
((sent > 0 && sent == received + lost && lost <= theirs)) || fail "$lost of $sent lost after a 300, $theirs by the far ends"
(($(made b c) > there)) || fail "nobody allocated at b or c"
assert lab kill controlplane a
assert lab heal controlplane a
await 5 eval '[[ $(state) == draining ]]'
assert drains
assert at a node undrain
await 5 eval '[[ $(client_python allocate.py demo demo) == allocated ]]'
flow_end

# Who is left when the bound comes is ended.
start client timeout 60 turnutils_uclient -u demo -w demo -n 1000 -m 2 -y -c "${SERVER[a]}"
held() { at a -j allocation show | jq length; }
await 5 at_least 1 held
assert at a node drain seconds 8
at_least 1 held || fail "the drain ended them at once"
await 2 drains
await 15 prints 0 held
assert drains
assert at a node undrain
await 5 eval '[[ $(client_python allocate.py demo demo) == allocated ]]'
# Who comes now, stays.
flow_start a 5
flow_end
await 15 all_healthy
