#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Time-limited credentials: username = expiry:user, password = base64(HMAC-SHA1(secret, username)); several secrets.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl turn secret delete south
allocate() { client_python allocate.py "$1" "$2"; }
try() {
	local user=$(($(date +%s) + $1)):someone
	allocate "$user" "$(printf '%s' "$user" | openssl dgst -sha1 -hmac "$2" -binary | base64)"
}

assert_equal "$(try 60 north)" allocated
assert_equal "$(try -60 north)" 401 "expired"
assert_equal "$(try 60 south)" 401 "a secret that is not there"
assert ctl turn secret add south
assert_equal "$(try 60 south)" allocated
assert_equal "$(try 60 north)" allocated "the other secret"
assert ctl turn secret delete south
assert_equal "$(try 60 south)" 401 "a secret that is gone"
assert_equal "$(allocate demo wrong)" 401
assert_equal "$(allocate nobody demo)" 401
assert_equal "$(allocate '%s%n' demo)" 401
