#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/examples/sluice.conf is right, and has each line that a configuration may have, as sluice.conf(5) lists them.
# usage: example_test.sh CONTROL-PLANE SLUICE.CONF.5
controlplane=$1 page=$2 status=0 count=0
example=${BASH_SOURCE[0]%/*}/../../docs/examples/sluice.conf
say() { printf 'FAILED: %s\n' "$*" >&2; status=1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$example" "$work/sluice.conf" && mkdir "$work/conf.d"
said=$("$controlplane" --config "$work/sluice.conf" --check 2>&1) || say "it is not taken: $said"
while read -r -a words; do
	line=
	for word in "${words[@]}"; do
		[[ $word =~ ^[a-z-]+$ ]] || break
		line+="$word "
	done
	count=$((count + 1))
	grep -q "^$line" "$example" || say "it has no line '$line...'"
done < <(sed -n '/^\.SH COMMANDS/,$s/^\.B //p' "$page" | sed 's/\\-/-/g')
((count > 30)) || say "the page has only $count commands"
exit $status
