#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/architecture.md names each folder of code, and no other; docs/rfcs.md has a row for each RFC that the code names; a link
# between pages leads somewhere; docs/browsers-cases.md names tests that there are.
cd "${BASH_SOURCE[0]%/*}/../.." || exit
status=0
say() { printf 'FAILED: %s\n' "$*" >&2; status=1; }

folders() { git ls-files "$@" | sed -n 's|/[^/]*$||p' | sort -u; }
named() { grep -o '^| `[a-z/_]*/`' docs/architecture.md | sed 's/^| `//; s|/`$||' | sort -u; }

if git rev-parse --git-dir >/dev/null 2>&1; then
	diff <(folders 'bpf/*.[ch]' 'common/*.[ch]' 'include/*.h' 'dataplane/*.[ch]' 'controlplane/*.[ch]' 'tools/*.[ch]') <(named) >&2 ||
		say "docs/architecture.md names other folders than there are (<: there is, >: it names)"
fi

# of "RFC 8489", and of "RFC 8489, RFC 8656" each
rfcs() { grep -rhoE --include='*.[ch]' 'RFC ?[0-9]{3,5}' bpf common controlplane dataplane include tools | sed 's/RFC *//' | sort -un; }
for rfc in $(rfcs); do
	grep -qE "^\|.*RFC $rfc\b" docs/rfcs.md || say "docs/rfcs.md has no row of RFC $rfc"
done

cases=0
while IFS= read -r name; do
	cases=$((cases + 1))
	if [[ $name == *_test:* ]]; then
		grep -qE "^static void ${name#*: }\\(" "tests/unit/${name%%:*}.c" || say "docs/browsers-cases.md: there is no test $name"
	else
		[[ -e tests/smoke/${name}_test.sh ]] || say "docs/browsers-cases.md: there is no test $name"
	fi
done < <(sed -n 's/^|[^|]*|//p' docs/browsers-cases.md | grep -oE '`[a-z_]+(_test: [a-z_]+)?`' | tr -d '`')
((cases >= 32)) || say "docs/browsers-cases.md names $cases tests"

# slug: as a heading is linked to
slugs() { sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'; }
for page in *.md docs/*.md; do
	while IFS= read -r link; do
		file=${link%%#*} anchor=
		[[ $link == *#* ]] && anchor=${link#*#}
		target=${page%/*}/$file
		[[ $page == */* ]] || target=$file
		[[ $file ]] || target=$page
		[[ -e $target ]] || say "$page: $link: no such file"
		[[ -z $anchor || ! -f $target ]] || slugs "$target" | grep -qx -- "$anchor" || say "$page: $link: no such heading"
	done < <(grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//' | grep -vE '^(https?|mailto):')
done
exit $status
