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

# the commands: with a token, wherever the request comes from, and what its scope opens
post() { lab exec "$1" curl -s -m 30 -X POST "${@:2}"; }
with_token=(-H 'Authorization: Bearer lab')
assert_equal "$(status client -X POST $URL/v1/port/show)" 401 "no token"
assert_equal "$(status client -X POST -H 'Authorization: Bearer lax' $URL/v1/port/show)" 401 "a wrong token"
steady() { jq -c 'del(.to_peer_bps, .to_client_bps, .allocations)'; }
assert_equal "$(post client "${with_token[@]}" $URL/v1/turn/show | steady)" "$(ctl -j turn show | steady)" "turn show"
assert_equal "$(post client "${with_token[@]}" $URL/v1/port/show | jq -c 'map(.name)')" '["dp0","dp1"]' "port show"
LOOPBACK=http://127.0.0.1:8080
assert_equal "$(post dp "${with_token[@]}" $LOOPBACK/v1/version | jq length)" 2 "over loopback"
assert_equal "$(status dp -X POST $LOOPBACK/v1/version)" 401 "over loopback without a token"
assert_equal "$(status dp $LOOPBACK/metrics)" 401 "metrics over loopback without a token"
assert_equal "$(status dp -H 'X-Forwarded-For: 192.0.2.1' -X POST $LOOPBACK/v1/config/show -d '{"secrets":true}')" 401 "through a proxy"
assert_equal "$(status dp $LOOPBACK/readyz)" 200 "readyz"
at_exit ctl http token delete reads
at_exit ctl http token delete streams
assert ctl http token add reads scope read
assert ctl http token add streams scope publish stream one
reads=(-H 'Authorization: Bearer reads')
assert_equal "$(status client "${reads[@]}" $URL/metrics)" 200 "metrics by scope read"
for command in port/show turn/show config/show version allocation/show; do
	assert_equal "$(status client -X POST "${reads[@]}" $URL/v1/$command)" 200 "$command by scope read"
done
while read -r command body; do
	assert_equal "$(status client -X POST "${reads[@]}" $URL/v1/"$command" -d "$body")" 403 "$command $body by scope read"
done <<-'REFUSED'
	config/show {"secrets":true}
	config/diff {"secrets":true}
	config/reload {}
	turn/user/add {"name":"web","password":"x"}
	node/drain {}
	http/token/add {"token":"mine","scope":"admin"}
	http/token/delete {"token":"lab"}
	port/add {"name":"p","xdp":"dp0"}
	trace {}
REFUSED
assert_equal "$(status client "${reads[@]}" "$URL/v1/steer?session=x")" 403 "steering, which gives credentials"
assert_equal "$(status client -H 'Authorization: Bearer streams' $URL/metrics)" 403 "metrics by scope publish"
# what writes files or loads code is for the host's socket alone
vdev='{"name":"evil","vdev":"net_pcap8,rx_iface=lo,tx_pcap=/tmp/sluice-evil.pcap"}'
assert_equal "$(status client -X POST "${with_token[@]}" $URL/v1/port/add -d "$vdev")" 403 "a virtual device"
[[ -e /tmp/sluice-evil.pcap ]] && fail "a file was written"
assert_equal "$(status client -X POST "${with_token[@]}" $URL/v1/config/save)" 404 "saving"
assert_match "$(ctl http token lab 2>&1)" 'http token \^\*+: expected: add|http token \^lab: expected: add'
at_exit ctl turn user delete web
assert_equal "$(post client "${with_token[@]}" $URL/v1/turn/user/add -d '{"name":"web","password":"a b"}')" '{}' "a user"
assert_match "$(lab log controlplane)" '198\.18\.1\.2:[0-9]+, token [0-9a-f]{8} of scope admin: turn user add web password \*{8}: done'
ctl config show secrets | grep -q 'turn user add web password "a b"' || fail "the user is not configured"
assert_equal "$(status client -X POST "${with_token[@]}" $URL/v1/turn/user/delete -d '{"name":"nobody"}')" 404 "no user"
wrong=$(post client "${with_token[@]}" $URL/v1/turn/relay -d '{"address":"198.18.2.300","ports":"1-2"}')
assert_equal "$(jq -r .errno <<<"$wrong")" EINVAL "a wrong argument"
assert_match "$(jq -r .error <<<"$wrong")" 'expected: .*ADDRESS'
assert_match "$(post client "${with_token[@]}" $URL/v1/version -d '{' | jq -r .error)" 'no JSON'
assert_equal "$(status client -X POST "${with_token[@]}" $URL/v1/quit)" 404 "what is sluicectl's own"
in_client curl -s "${with_token[@]}" $URL/v1/openapi.json >"$WORK/openapi.json"
assert_equal "$(jq -r '.paths["/v1/stream/add"].post.requestBody.content[].schema.required | join(" ")' \
	"$WORK/openapi.json")" "name endpoint" "what the description demands"
assert_equal "$(jq '.paths | length' "$WORK/openapi.json")" "$(ctl -j help | jq '[.[] | select(.command | test("^(help|quit|top|events|gate nonce generate|config save|http tls|turn certificate($| [A-Z]))") | not)] | length')" "commands that are described"

# a listener and a token at run time
at_exit ctl http listen delete 198.18.1.1:8081
at_exit ctl http token delete other
assert ctl http token add other scope admin
assert ctl http listen 198.18.1.1:8081
assert_equal "$(status client http://198.18.1.1:8081/healthz)" 200 "the new listener"
output=$(ctl http listen 192.0.2.1:80 2>&1) && fail "it listens where it cannot"
assert_match "$output" "192.0.2.1:80: cannot listen there"
ctl config show | grep -q 'http token.*lab' && fail "a token is shown"
assert ctl http listen delete 198.18.1.1:8081
assert_equal "$(status client http://198.18.1.1:8081/healthz)" 000 "the listener that went"

# 400 idle connections of one client hold places from each other alone
crowded() { ctl -j http show | jq .crowded; }
before=$(crowded)
start client python3 -c 'import socket, time; held = [socket.create_connection(("198.18.1.1", 8080)) for _ in range(400)]; time.sleep(300)'
holder=$STARTED
await 20 at_least $((before + 368)) crowded
assert_equal "$(status dp http://127.0.0.1:8080/healthz)" 200 "health over loopback meanwhile"
assert_equal "$(status client $URL/healthz)" 200 "health from the same address meanwhile"
assert_equal "$(in_dp curl -s -o /dev/null -w '%{http_code}' --interface 198.18.2.1 $URL/healthz)" 200 "health from another address meanwhile"
child_end "$holder"

# too much is refused, and the server lives
long=$(printf 'x%.0s' {1..9000})
assert_match "$(status client -H "X-Long: $long" $URL/healthz)" '^4|^000'
head -c 100000 /dev/zero >"$WORK/large"
assert_match "$(status client --data-binary "@$WORK/large" $URL/healthz)" '^4|^000'
before=$(timed_out)
clock_start
assert client_python http_slow.py 198.18.1.1 8080
assert_within 25000 "all slow ones are closed"
await 5 at_least $((before + 1)) timed_out
assert_equal "$(in_client curl -s -m 5 $URL/healthz)" ok "health after the slow ones"
