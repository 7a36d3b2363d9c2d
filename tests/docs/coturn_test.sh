#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What coturn2sluice makes of configurations as they are found is taken by the control plane, and no option is passed over.
# usage: coturn_test.sh CONTROL-PLANE
set -u
ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
failed=0

wrong() {
	echo "$*"
	failed=1
}

# lines NAME LINE...: each is in what NAME became, which is whole and right
lines() {
	local name=$1 line
	shift
	"$ROOT/tools/coturn2sluice" -i wan -a 203.0.113.5 "$ROOT/tests/coturn/$name.conf" >"$WORK/$name" || wrong "$name: not translated"
	"$CONTROLPLANE" --config "$WORK/$name" --check || wrong "$name: not taken"
	grep 'is not known here' "$WORK/$name" && wrong "$name: an option that is not known"
	for line; do
		grep -qxF -- "$line" "$WORK/$name" || wrong "$name has no line '$line'"
	done
}

CONTROLPLANE=$1
lines matrix 'turn realm turn.matrix.example' 'turn secret add a-secret-that-synapse-has-too' 'turn quota user 12 host 1200' \
	'turn peer deny 172.16.0.0/12' 'turn peer deny fc00::/7' 'turn listen 203.0.113.5:3478'
lines nextcloud 'turn relay 203.0.113.5 ports 49160-49999'
lines bigbluebutton 'turn listen 10.20.0.4:443 tls announce 203.0.113.44' 'turn listen 10.20.0.4:443 dtls announce 203.0.113.44' 'turn certificate /etc/turnserver/fullchain.pem key /etc/turnserver/privkey.pem' \
	'turn listen 10.20.0.4:3478 announce 203.0.113.44' 'turn relay 10.20.0.4 ports 32769-65535 announce 203.0.113.44' \
	'turn peer allow 10.20.0.4/32' 'turn peer deny 10.0.0.0/8'
lines jitsi 'turn listen 203.0.113.5:3478 announce 198.51.100.77' 'turn peer deny 240.0.0.0/4'
lines netbird 'turn user add self password Wg2pass+word/with=signs' 'turn quota max-bps 2000000'

# its page has all of its own options
page=$ROOT/docs/man/coturn2sluice.1
for option in $("$ROOT/tools/coturn2sluice" --help | grep -o -- '--[a-z-]*'); do
	grep -qF -- "${option//-/\\-}" "$page" || wrong "no $option in its page"
done
if command -v man >/dev/null; then
	warnings=$(man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)
	[[ -z $warnings ]] || wrong "$warnings"
fi

# all options of coturn's own example, whether it has them in force or not
if [[ -r /etc/turnserver.conf ]]; then
	sed -n 's/^#\{0,1\}\([A-Za-z][A-Za-z0-9-]*\)\(=.*\)\{0,1\}$/\1\2/p' /etc/turnserver.conf >"$WORK/all.conf"
	"$ROOT/tools/coturn2sluice" -a 203.0.113.5 /etc/turnserver.conf >"$WORK/debian" && "$CONTROLPLANE" --config "$WORK/debian" --check ||
		wrong "Debian's own file"
	"$ROOT/tools/coturn2sluice" -a 203.0.113.5 "$WORK/all.conf" >"$WORK/all" || wrong "all options of coturn's example: not translated"
	grep 'is not known here' "$WORK/all" && wrong "options of coturn's example"
	grep -qxF 'turn mobility on' "$WORK/all" || wrong "mobility in coturn's example"
else
	echo "coturn's own example is not here, or not for this user to read: not tried"
fi
exit $failed
