#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Credentials as the services of docs/recipes.md make them, of the secret that stands on both sides: each allocates.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl config reload
printf 's3cret of the recipes\n' >"$WORK/turn.secret"
printf 'a-long-password\n' >"$WORK/livekit.password"
chmod 755 "$WORK"
assert ctl turn secret add file "$WORK/turn.secret"
assert ctl turn user add livekit password file "$WORK/livekit.password"

# password USER: base64(HMAC-SHA1(secret, user)), by python's own library, as Synapse does
password() {
	/usr/bin/python3 -c 'import base64, hmac, sys
print(base64.b64encode(hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), "sha1").digest()).decode())' 's3cret of the recipes' "$1"
}
# the expiry comes first, in seconds
while read -r service name; do
	grep -q "^## $service" "$SLUICE_ROOT/docs/recipes.md" || fail "docs/recipes.md has no $service"
	user=$(($(date +%s) + 600))${name/EMPTY/}
	assert_equal "$(client_python allocate.py "$user" "$(password "$user")")" allocated "$service"
done <<-'END'
	Matrix :@alice:example.org
	Nextcloud :3fQ0yB8c1d9eZk2LmN4p
	BigBlueButton :w_hy3kq0zxv1ab
	Jitsi EMPTY
	NetBird :peer-7
	An :alice
END
assert_equal "$(client_python allocate.py livekit a-long-password)" allocated LiveKit

# as the page's own lines make them
# shellcheck disable=SC2034 # of these lines
SECRET='s3cret of the recipes'
eval "$(sed -n '/^user=/,/^password=/p' "$SLUICE_ROOT/docs/recipes.md")"
# shellcheck disable=SC2154 # by eval
assert_equal "$(client_python allocate.py "$user" "$password")" allocated "the lines of docs/recipes.md"
