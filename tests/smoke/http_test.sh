#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP: who may ask, listeners that come and go at run time, and clients that are slow, many or too loud.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

URL=http://198.18.1.1:8080
# status HOST ARGS...: the answer's status alone
status() { lab exec "$1" curl -s -m 30 -o /dev/null -w '%{http_code}' "${@:2}"; }
timed_out() { ctl -j http show | jq .timed_out; }

assert_equal "$(in_client curl -s $URL/healthz)" ok "health"
assert_equal "$(status client $URL/nothing)" 404 "an unknown path"
assert_equal "$(status client -X POST $URL/healthz)" 405 "a method that is not there"
assert_equal "$(status dp http://127.0.0.1:8080/healthz)" 200 "over loopback"

# the commands: with the token from outside, without over loopback, but for no web page
post() { lab exec "$1" curl -s -m 30 -X POST "${@:2}"; }
with_token=(-H 'Authorization: Bearer lab')
assert_equal "$(status client -X POST $URL/v1/port/show)" 401 "no token"
assert_equal "$(status client -X POST -H 'Authorization: Bearer lax' $URL/v1/port/show)" 401 "a wrong token"
assert_equal "$(post client "${with_token[@]}" $URL/v1/turn/show)" "$(ctl -j turn show)" "turn show"
assert_equal "$(post client "${with_token[@]}" $URL/v1/port/show | jq -c 'map(.name)')" '["dp0","dp1"]' "port show"
assert_equal "$(post dp http://127.0.0.1:8080/v1/version | jq length)" 2 "over loopback"
assert_equal "$(status dp -X POST -H 'Host: evil.example' http://127.0.0.1:8080/v1/version)" 403 "a rebound name"
assert_equal "$(status dp -X POST -H 'Origin: http://evil.example' http://127.0.0.1:8080/v1/version)" 403 "a web page"
at_exit ctl turn user delete web
assert_equal "$(post client "${with_token[@]}" $URL/v1/turn/user/add -d '{"name":"web","password":"a b"}')" '{}' "a user"
assert_match "$(lab log controlplane)" '198\.18\.1\.2:[0-9]+[^:]*: turn user add web password \*{8}: done'
ctl config show secrets | grep -q 'turn user add web password "a b"' || fail "the user is not configured"
assert_equal "$(status client -X POST "${with_token[@]}" $URL/v1/turn/user/delete -d '{"name":"nobody"}')" 404 "no user"
wrong=$(post client "${with_token[@]}" $URL/v1/turn/relay -d '{"address":"198.18.2.300","ports":"1-2"}')
assert_equal "$(jq -r .errno <<<"$wrong")" EINVAL "a wrong argument"
assert_match "$(jq -r .error <<<"$wrong")" 'expected: .*ADDRESS'
assert_match "$(post client "${with_token[@]}" $URL/v1/version -d '{' | jq -r .error)" 'no JSON'
assert_equal "$(status client -X POST "${with_token[@]}" $URL/v1/quit)" 404 "what is sluicectl's own"
in_client curl -s $URL/v1/openapi.json >"$WORK/openapi.json"
assert_equal "$(jq -r '.paths["/v1/turn/user/add"].post.requestBody.content[].schema.required | join(" ")' \
	"$WORK/openapi.json")" "name password" "what the description demands"
assert_equal "$(jq '.paths | length' "$WORK/openapi.json")" "$(ctl -j help | jq '[.[] | select(.command | test("^(help|quit|top|events|gate nonce generate)") | not)] | length')" "commands that are described"

# a listener and a token at run time
at_exit ctl http listen delete 198.18.1.1:8081
at_exit ctl http token delete other
assert ctl http token other
assert ctl http listen 198.18.1.1:8081
assert_equal "$(status client http://198.18.1.1:8081/healthz)" 200 "the new listener"
output=$(ctl http listen 192.0.2.1:80 2>&1) && fail "it listens where it cannot"
assert_match "$output" "192.0.2.1:80: cannot listen there"
ctl config show | grep -q 'http token.*lab' && fail "a token is shown"
assert ctl http listen delete 198.18.1.1:8081
assert_equal "$(status client http://198.18.1.1:8081/healthz)" 000 "the listener that went"

# too much is refused, and the server lives
long=$(printf 'x%.0s' {1..9000})
assert_match "$(status client -H "X-Long: $long" $URL/healthz)" '^4|^000'
head -c 100000 /dev/zero >"$WORK/large"
assert_match "$(status client --data-binary "@$WORK/large" $URL/healthz)" '^4|^000'
before=$(timed_out)
assert client_python http_slow.py 198.18.1.1 8080
await 5 at_least $((before + 1)) timed_out
assert_equal "$(in_client curl -s -m 5 $URL/healthz)" ok "health after the slow ones"
