#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Somebody else's XDP program on an interface is left alone: `port add` is refused, and works once it is gone.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit lab down # whatever is attached by then
foreign_attached() { in_dp ip -d link show dp1 | grep -q 'name foreign'; }
echo_start

cat >"$WORK/foreign.c" <<'END'
__attribute__((section("xdp"), used)) int foreign(void *context)
{
	return 2; /* XDP_PASS */
}
END
assert clang -O2 -g -target bpf -c "$WORK/foreign.c" -o "$WORK/foreign.o"
assert ctl port delete dp1
assert in_dp ip link set dp1 xdp obj "$WORK/foreign.o" sec xdp
assert foreign_attached
output=$(ctl port add dp1 xdp dp1 2>&1) && fail "the port was added"
assert_match "$output" "foreign"
assert foreign_attached
assert in_dp ip link set dp1 xdp off
assert ctl port add dp1 xdp dp1
assert_lossless -n 50 -m 2 -z 5 -c -e $PEER4 $SERVER4
