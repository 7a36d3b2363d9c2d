#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What coturn2sluice makes of configurations as they are found serves the clients that they were written for: each takes the place of
# the lab's, with the addresses of this host, and a client allocates with its credentials.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

CONF=$LAB_STATE/dp/sluice.conf
cp "$CONF" "$WORK/kept"
at_exit ctl config reload
at_exit cp "$WORK/kept" "$CONF"

# here FILE: with the addresses and the certificate of this host; of several listeners those that a client here can reach
here() {
	sed -E "s/^(listening-ip|relay-ip)=.*/\1=198.18.1.1/; s|^(external-ip)=([^/]*).*|\1=\2|" "$1" >"$WORK/turnserver.conf"
	"$SLUICE_ROOT/tools/coturn2sluice" -i dp0 -a 198.18.1.1 "$WORK/turnserver.conf" |
		sed -E "s|^turn certificate .*|turn certificate $LAB_STATE/dp/turn.pem key $LAB_STATE/dp/turn.key|"
}
# limited SECRET NAME: time-limited credentials, as a service makes them
limited() {
	local user=$(($(date +%s) + 600))$2
	printf '%s %s' "$user" "$(printf '%s' "$user" | openssl dgst -sha1 -hmac "$1" -binary | base64)"
}
# serves FILE NAME PASSWORD
serves() {
	local output
	here "$1" >"$CONF" || fail "$1"
	output=$(ctl config reload 2>&1) || fail "$1: $output"
	await_equal 10 0 eval "ctl -j config refused | jq length"
	assert_equal "$(client_python allocate.py "$2" "$3")" allocated "${1##*/}"
	assert_equal "$(client_python allocate.py "$2" "$3-not")" 401 "${1##*/}, with another password"
	printf '%s: a client is served\n' "${1##*/}"
}

FILES=$SLUICE_ROOT/tests/coturn
# shellcheck disable=SC2046 # words
{
	serves "$FILES/matrix.conf" $(limited a-secret-that-synapse-has-too ":@alice:matrix.example")
	serves "$FILES/nextcloud.conf" $(limited 4f1e7c0d2b9a86e35d7c :x7Kq)
	serves "$FILES/bigbluebutton.conf" $(limited 0123456789abcdef0123456789abcdef :w_abc)
	serves "$FILES/jitsi.conf" $(limited KJ8mm2p0QwErTy "")
}
serves "$FILES/netbird.conf" self 'Wg2pass+word/with=signs'

# Debian's own file, with a realm and a user, which it leaves to its administrator
[[ -r /etc/turnserver.conf ]] || skip "the five are served; coturn's own example is not here"
{ cat /etc/turnserver.conf && printf '%s\n' lt-cred-mech realm=example.org user=carol:wonder; } >"$WORK/debian.conf"
serves "$WORK/debian.conf" carol wonder
