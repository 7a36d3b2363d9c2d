# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hugepages are the host's, and several laboratories share them. Each notes how many it wants; the kernel is asked for the
# sum, on top of what others had in use before the first lab came. What was set then is put back when the last one has gone.

HUGEPAGES=/proc/sys/vm/nr_hugepages
HUGEPAGES_NOTES=/run/sluice-hugepages
HUGEPAGES_WANTED=256 # of one host with daemons

hugepages_locked() { (flock 7 && "$@") 7>/run/lock/sluice-hugepages; }
hugepages_field() { sed -n "s/^HugePages_$1: *//p" /proc/meminfo; }

# Asks the kernel for the sum of the notes; 1 where it has not that many.
hugepages_settle() {
	local before used wanted note
	read -r before used <"$HUGEPAGES_NOTES/before" || return
	wanted=$used
	for note in "$HUGEPAGES_NOTES"/*.wanted; do
		[[ -e $note ]] && wanted=$((wanted + $(<"$note")))
	done
	((wanted > before)) || wanted=$before
	printf '%s\n' "$wanted" 2>/dev/null >"$HUGEPAGES"
	(($(<"$HUGEPAGES") >= wanted))
}

hugepages_note() {
	mkdir -p "$HUGEPAGES_NOTES" || return
	[[ -s $HUGEPAGES_NOTES/before ]] ||
		printf '%d %d\n' "$(<"$HUGEPAGES")" $(($(hugepages_field Total) - $(hugepages_field Free))) >"$HUGEPAGES_NOTES/before"
	printf '%d\n' "$2" >"$HUGEPAGES_NOTES/$1.wanted"
	hugepages_settle && return
	hugepages_forget "$1"
	return 1
}

hugepages_forget() {
	[[ -e $HUGEPAGES_NOTES/$1.wanted ]] || return 0
	rm -f "$HUGEPAGES_NOTES/$1.wanted"
	hugepages_settle
	compgen -G "$HUGEPAGES_NOTES/*.wanted" >/dev/null || rm -rf "$HUGEPAGES_NOTES"
}

hugepages_ask_more() {
	local free
	free=$(hugepages_field Free)
	((free >= HUGEPAGES_WANTED)) && return
	printf '%d\n' $(($(<"$HUGEPAGES") + HUGEPAGES_WANTED - free)) 2>/dev/null >"$HUGEPAGES"
	(($(hugepages_field Free) >= HUGEPAGES_WANTED))
}

# hugepages_take NAME PAGES: 1, and nothing is taken, where they are not to be had
hugepages_take() { hugepages_locked hugepages_note "$@"; }

# hugepages_give NAME
hugepages_give() { hugepages_locked hugepages_forget "$1"; }

# Before a daemon starts: another process may use by now what was free. 1 where there are too few for it.
hugepages_free() { hugepages_locked hugepages_ask_more; }
