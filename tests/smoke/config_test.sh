#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The configuration is a list of commands: shown, saved and read again it is the same; a wrong line names itself.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

CONF=$LAB_STATE/dp/sluice.conf
cp $CONF "$WORK/kept"
at_exit lab heal controlplane
at_exit lab kill controlplane
at_exit cp "$WORK/kept" $CONF

ctl config show | grep -q 'password demo' && fail "a password is shown"
ctl config show | grep -q north && fail "a secret is shown"
assert ctl turn user add extra password "pass word"
assert ctl turn quota user 7
before=$(ctl config show secrets)
assert grep -q 'password demo' <<<"$before"
assert ctl config save
assert lab kill controlplane
assert lab heal controlplane
assert_equal "$(ctl config show secrets)" "$before" "after save and a new start"

{ cat "$WORK/kept" && echo 'turn reelm x'; } >$CONF
line=$(wc -l <$CONF)
assert lab kill controlplane
output=$(in_dp timeout 10 sluice-controlplane --config $CONF 2>&1) && fail "it started with a wrong line"
assert_match "$output" "sluice.conf:$line"
assert_match "$output" reelm
cp "$WORK/kept" $CONF
assert lab heal controlplane
assert_equal "$(ctl config show | grep -c 'user add')" 1 "users after the kept file"
