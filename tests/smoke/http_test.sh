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
