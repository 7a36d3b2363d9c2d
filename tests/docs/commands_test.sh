#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each command that README and docs/ name is one: it is given to sluicectl, which has nobody to ask, and says so only where every word
# is right. A command may end early, and from a placeholder (NAME, A:P, [...]) or a | on it is not looked at. Prints the list of them.
# usage: commands_test.sh SLUICECTL
sluicectl=$(realpath "$1") status=0 count=0
cd "${BASH_SOURCE[0]%/*}/../.." || exit
say() { printf 'FAILED: %s\n' "$*" >&2; status=1; }

read -rd '' -a nouns < <("$sluicectl" --complete "sluicectl ")
noun=$(printf '|%s' "${nouns[@]}")
noun="(${noun:1})"

# What stands between backticks, and each line of a block; `sluicectl` before it, `sudo`, options and comments left out.
words_of() {
	awk '/^```/ { block = !block; next }
		block { sub(/ +# .*/, ""); gsub(/   +/, "\n"); print; next }
		{ n = split($0, parts, "`"); for (i = 2; i <= n; i += 2) print parts[i] }' "$1" |
		sed -E 's/^ *(\$ )?(sudo )?(tools\/lab ctl )?//; s/ *$//; s/^sluicectl (-[jx] |-s [^ ]+ |-r [^ ]+ )*//' |
		grep -E "^$noun [a-z]" | grep -vE "^$noun(\.|:| [a-z_]+[=(])" | sort -u
}

# is_right COMMAND
is_right() {
	local said words command=${1%%[|;…]*}
	read -ra words <<<"${command%%...*}"
	said=$("$sluicectl" -s /nonexistent "${words[@]}" 2>&1 </dev/null) && return 0 # one of its own
	case $said in
	*'no daemon listens on'*) return 0 ;;                # nothing else is missing
	*' ^: expected'*) return 0 ;;                         # it ends early
	*'expected: nothing more'*) ;;                       # too many words, placeholders or not
	*'^'[A-Z\[\<\'\"]*) return 0 ;;                       # a placeholder
	*'^********'* | *': No such file'*) return 0 ;;       # a secret that is none, or that this host has not
	esac
	say "$page: '$1': $said"
	return 1
}

for page in README.md CONTRIBUTING.md docs/*.md; do
	while IFS= read -r command; do
		count=$((count + 1))
		is_right "$command" && printf '%s: %s\n' "$page" "$command"
	done < <(words_of "$page")
done
((count > 200)) || say "only $count commands were found"
exit $status
