#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two realms on one host: by their listeners, with a user of the same name in each, and limits that are set one by one.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

at_exit ctl config reload
assert ctl turn realm add acme
assert ctl turn listen 198.18.1.1:3479 realm acme
assert ctl turn user add demo password other realm acme
assert_equal "$(client_python tenant_allocate.py 3478 demo)" "sluice allocated"
assert_equal "$(client_python tenant_allocate.py 3479 other)" "acme allocated"
assert_equal "$(client_python tenant_allocate.py 3479 demo)" 401 "the server's password at the tenant's listener"
assert_equal "$(client_python tenant_allocate.py 3478 other)" 401 "the tenant's password at the server's listener"

assert ctl turn quota user 3 realm acme
assert ctl turn quota host 5 realm acme
assert ctl turn quota host 9
realm() { ctl -j turn realm show | jq -c '.[] | select(.realm == "acme") | [.listeners, .users, .quota_user, .quota_host]'; }
assert_equal "$(realm)" "[1,1,3,5]" "turn realm show"
assert_equal "$(ctl -j turn show | jq -c 'if type == "array" then .[0] else . end | [.quota_user, .quota_host, .realms]')" "[0,9,1]" "turn show"
assert_match "$(ctl config show)" "turn quota user 3 host 5 realm acme"
assert_match "$(ctl turn realm delete acme 2>&1)" "a listener has this realm"
