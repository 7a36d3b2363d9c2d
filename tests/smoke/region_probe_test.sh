#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Bindings in a prober's name take its bucket at another host's gate, and change no verdict: probes prove themselves, by a
# nonce of the target's or by the fleet's key. Sessions that ask for that region get it throughout.
# alone: a probe whose answer waits for the processor is lost
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

# what b's gate has counted of the kind
gate_count() { at b -j counter show | jq --arg name "gate.$1" '[.[] | select(.name == $name).value] | add // 0'; }

# under_attack RATE: for 8 s; b is as healthy as before to a in each look, and whoever asks for b gets it
under_attack() {
	local verified limited looks=0
	await 30 all_healthy
	verified=$(gate_count verified) limited=$(gate_count limit_source)
	lab exec client sluice-flood "$LINK" --to 198.18.11.1 --mac "$MAC" --kind binding --source one --victim 198.18.100.1 \
		--rate "$1" --seconds 8 >"$WORK/flood" 2>&1 &
	local flood=$!
	at_exit child_end $flood
	while kill -0 $flood 2>/dev/null; do
		assert_equal "$(verdict a b)" healthy "b, at $1 forged Bindings a second: $(reason a b)"
		assert_equal "$(steer a "u$1-$looks&region=b" node)" b1 "a session that asks for b"
		looks=$((looks + 1))
	done
	wait $flood || fail "$(cat "$WORK/flood")"
	((looks > 0)) || fail "nobody looked"
	(($(gate_count limit_source) > limited + 1000)) || fail "the bucket was not empty: it was no attack"
	(($(gate_count verified) > verified + 5)) || fail "no probe has proved itself"
	printf '%s a second: %s looks, %s probes verified, %s forged dropped\n' "$1" "$looks" \
		$(($(gate_count verified) - verified)) $(($(gate_count limit_source) - limited))
}

MAC=$(lab exec b/dp cat /sys/class/net/dp0/address)
LINK=$(lab exec client ip -o route get 198.18.11.1 | sed -n 's/.* dev \([^ ]*\) .*/\1/p')
await 30 all_healthy
await 10 at_least 5 gate_count verified
under_attack 500
under_attack 5000

# the same under a fleet's key
secret=$(lab ctl gate nonce generate)
for region in "${REGIONS[@]}"; do
	at_exit at "$region" config reload
	assert at "$region" gate nonce secret "$secret"
done
under_attack 5000
