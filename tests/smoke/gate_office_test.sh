#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# 500 clients behind one address allocate within half a minute, under the limits as they come.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

await 15 eval '[[ $(ctl -j gate show | jq .host_attacked) == 0 ]]'
sources=$(counter gate.limit_source)
read -r allocated longest _ < <(client_python allocate_many.py 500 25)
printf '%s of 500, the longest wait %s s, %s refused for now\n' "$allocated" "$longest" \
	$(($(counter gate.limit_source) - sources))
assert_equal "$allocated" 500 "clients of one office"
