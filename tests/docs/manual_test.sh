#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: manual_test.sh BUILD COMPLETION PAGE...: each page as man sees it, against its program's own help, and the
# shell's completion.
set -u
build=$1 completion=$2
shift 2

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# complete_is "LINE BEFORE THE CURSOR" WORD...: what TAB offers there
complete_is() {
	local line=$1 function
	shift
	read -ra COMP_WORDS <<<"$line"
	[[ $line == *' ' ]] && COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
	function=$(complete -p "${COMP_WORDS[0]}" | sed 's/.*-F \([^ ]*\) .*/\1/')
	"$function"
	[[ "${COMPREPLY[*]}" == "$*" ]] || fail "\"$line\" is completed to \"${COMPREPLY[*]}\", not \"$*\""
}

for page; do
	name=${page##*/}
	warnings=$(man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)
	[[ -z $warnings ]] || fail "$warnings"
	text=$(MANWIDTH=200 man -E ascii -l "$page" | col -b)
	for heading in NAME SYNOPSIS DESCRIPTION "SEE ALSO"; do
		grep -q "^$heading" <<<"$text" || fail "$name has no $heading"
	done
	program=$(find "$build" -type f -executable -name "${name%.*}")
	[[ -n $program ]] || continue
	help=$("$program" --help) || fail "${name%.*} --help"
	options=$(grep -o '^ \+\(-[a-zA-Z],\? \)\? *--[a-z-]\+' <<<"$help" | grep -o -- '--[a-z-]*')
	too_wide=$(awk 'length > 80' <<<"$help")
	[[ -n $options ]] || fail "${name%.*} --help names no option"
	[[ -z $too_wide ]] || fail "${name%.*} --help is wider than 80: $too_wide"
	for option in $options; do
		grep -q -- "^ *\(-[a-zA-Z], \)\?$option\b" <<<"$text" || fail "$name does not have $option"
	done
	for heading in OPTIONS "EXIT STATUS" EXAMPLES; do
		grep -q "^$heading" <<<"$text" || fail "$name has no $heading"
	done
done

# shellcheck disable=SC1090
. "$completion" || fail "$completion"
# sluicectl completes its commands itself
sluicectl() { "$build/controlplane/cli/sluicectl" "$@"; }
complete_is "sluicectl tu" turn
complete_is "sluicectl turn re" realm relay
complete_is "sluicectl -s X -j tu" turn
complete_is "sluicectl --socket X tu" turn
complete_is "sluicectl --sock X tu" turn
complete_is "sluicectl --socket=X --json tu" turn
complete_is "sluicectl --file X tu" turn
complete_is "sluicectl trace direction " both in out
complete_is "sluicectl top --o" --once
complete_is "sluicectl --s" --socket --stop
complete_is "sluicectl nonsense "
[[ $(sluicectl --complete "sluicectl gate de") == deny ]] || fail "sluicectl --complete"
complete_is "sluice-bench t" turn
complete_is "sluice-bench turn -" -j --json -q --quick -V --version -h --help
complete_is "sluice-dataplane --poll " adaptive busy
complete_is "sluice-dataplane --max-s" --max-streams --max-subscriptions --max-sessions
complete_is "sluice-dataplane --workers "
complete_is "sluice-flood --kind m" malformed
complete_is "sluice-flood l" lo
complete_is "sluice-capture --direction " in out
cd /usr/share || fail "/usr/share"
complete_is "sluice-controlplane --config doc" doc doc-base
