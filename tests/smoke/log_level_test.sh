#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Log levels change at run time, in both daemons, and outlive a dataplane; and whatever the level, no secret is in the logs.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

SECRETS=(Xn4secretOfUsers Xn4passwordOfUser Xn4tokenOfHttp Xn4passwordOfRedis WG40cnhOb25jZXNYbjRyeE5vbmNlc1huNHJ4Tm9uY2VzWG40
	WG40cnhLZXlYbjRyeEtleVhuNHJ4S2V5WG40cg==)
level() { ctl -j log show | jq -r --arg area "$1" '.[] | select(.area == $area) | "\(.level) \(.own)"'; }
lines() { lab log "$1" | grep -c "$2"; }
told() { # DAEMON PATTERN: lines more than before
	(($(lines "$1" "$2") > before))
}

at_exit ctl config reload
assert_equal "$(level api)" "info 0" "at first"
assert_equal "$(level dpdk)" "error 0" "DPDK's lines"
before=$(lines dataplane 'debug: api: 0x020e')
assert ctl turn show
assert_equal "$(lines dataplane 'debug: api: 0x020e')" "$before" "requests that are told"
assert ctl log level api debug
assert_equal "$(level api)" "debug 1" "set"
assert_equal "$(level gate)" "info 0" "others"
await 5 eval 'ctl turn show >/dev/null && told dataplane "debug: api: 0x020e: done"' >/dev/null
assert_match "$(lab log controlplane)" 'debug: api: 0x020e turn show: done'

# all means those without a level of their own; a dataplane that comes anew has them too.
assert ctl log level all error
assert_equal "$(level api) $(level gate)" "debug 1 error 0" "all"
before=$(lines dataplane 'debug: api: 0x020e')
assert lab kill dataplane
assert lab heal dataplane
await 10 eval 'ctl turn show >/dev/null && told dataplane "debug: api: 0x020e: done"' >/dev/null
assert ctl log level all default

# a wrong word
assert_match "$(ctl log level gaet debug 2>&1)" 'gaet.*expected: process.api.*dpdk.all'
assert_match "$(ctl log level gate loud 2>&1)" 'loud.*expected'

# secrets, right and wrong, by each way in, everything being told
assert ctl log level all debug
assert ctl log level http debug
at_exit ctl turn secret delete "${SECRETS[0]}"
assert ctl turn secret add "${SECRETS[0]}"
at_exit ctl turn user delete quiet
assert ctl turn user add quiet password "${SECRETS[1]}"
ctl turn user add quiet password "${SECRETS[1]}" extra 2>/dev/null
at_exit ctl http token delete "${SECRETS[2]}"
assert ctl http token add "${SECRETS[2]}" scope admin
at_exit ctl region delete quiet
assert ctl region add quiet redis 127.0.0.1:9 password "${SECRETS[3]}"
assert ctl gate nonce secret "${SECRETS[4]}"
at_exit ctl endpoint delete quiet
assert ctl endpoint add quiet remote learn local 198.18.1.1:5104 profile gcm128 rx-key "${SECRETS[5]}" tx-key "${SECRETS[5]}"
for secret in "${SECRETS[@]}"; do
	ctl config show secrets | grep -qF "$secret" || fail "$secret is not configured"
done
client_python allocate.py quiet "${SECRETS[1]}" >/dev/null
client_python allocate.py quiet "${SECRETS[1]}wrong" >/dev/null
before=$(lines controlplane 'http 198.18.1.2 /v1/turn/show: 200')
in_client curl -s -o /dev/null -X POST -H "Authorization: Bearer ${SECRETS[2]}" http://198.18.1.1:8080/v1/turn/show
in_client curl -s -o /dev/null -X POST -H "Authorization: Bearer ${SECRETS[2]}" "http://198.18.1.1:8080/v1/nothing?token=${SECRETS[2]}"
in_client curl -s -o /dev/null -X POST -H "Authorization: Bearer ${SECRETS[2]}" -d "{\"name\":\"quiet\",\"password\":\"${SECRETS[1]}\"}" \
	http://198.18.1.1:8080/v1/turn/user/add
await 5 told controlplane 'http 198.18.1.2 /v1/turn/show: 200'
assert lab kill controlplane
assert lab heal controlplane
for secret in "${SECRETS[@]}"; do
	! { lab log dataplane; lab log controlplane; } | grep -F "$secret" || fail "the logs tell a secret"
done
