#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A Redis by name, over TLS with certificates of both sides, with a user of its access list: its users allocate; what is wrong with it
# is one line each, which has no password; and no call notices.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

PASSWORD=hunter2-of-redis

certificate() { # certificate NAME EXTENSION
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$WORK/$1.key" 2>/dev/null |
		openssl x509 -req -CA "$WORK/ca.pem" -CAkey "$WORK/ca.key" -CAcreateserial -days 2 -extfile <(echo "$2") -out "$WORK/$1.pem" 2>/dev/null
}
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$WORK/$1.key" -out "$WORK/$1.pem" 2>/dev/null
}
redis() {
	in_dp env REDISCLI_AUTH=$PASSWORD redis-cli --user admin --tls --cacert "$WORK/ca.pem" --cert "$WORK/node.pem" --key "$WORK/node.key" \
		-h localhost -p 6390 "$@"
}
region() { ctl region add home redis localhost:6390 "$@"; }
state() { ctl -j region show | jq -r '.[] | select(.name == "home") | .'"$1"; }
is_away() { [[ $(state redis_why) == *"$1"* ]]; }

chmod 755 "$WORK"
assert authority ca
assert authority other
assert certificate server 'subjectAltName=DNS:localhost'
assert certificate node 'extendedKeyUsage=clientAuth'
printf '%s' "$PASSWORD" >"$WORK/password"
cat >"$WORK/redis.conf" <<-END
	port 0
	tls-port 6390
	bind 127.0.0.1
	save ""
	dir $WORK
	tls-cert-file server.pem
	tls-key-file server.key
	tls-ca-cert-file ca.pem
	user default off
	user admin on >$PASSWORD allkeys allcommands
	user media on >$PASSWORD ~sluice:* ~turn/* &sluice:* &turn/* -@all +ping +select +role +time +hset +hmget +pexpire +zadd +zrangebyscore +zremrangebyscore +get +set +srandmember +publish +subscribe
END
chmod 644 "$WORK"/*
start dp redis-server "$WORK/redis.conf"
await 10 prints PONG redis ping
GOOD=(user media password file "$WORK/password" tls ca "$WORK/ca.pem" cert "$WORK/node.pem" key "$WORK/node.key")
at_exit ctl config reload
assert region "${GOOD[@]}"
assert ctl node set here region home
await 10 prints 1 state connected
assert_equal "$(state redis)" localhost:6390 "where it is"
# MD5 of carol:sluice:wonder
key=$(printf carol:sluice:wonder | md5sum | cut -d' ' -f1)
assert_equal "$(redis set turn/realm/sluice/user/carol/key "$key")" OK "a user in Redis"
assert_equal "$(client_python allocate.py carol wonder)" allocated "a user from Redis"

assert region user media password wrong-word-of-redis tls ca "$WORK/ca.pem" cert "$WORK/node.pem" key "$WORK/node.key"
await 10 is_away 'it refuses us: WRONGPASS'
assert region "${GOOD[@]/#"$WORK/ca.pem"/"$WORK/other.pem"}"
await 10 is_away 'its certificate is refused: '
assert region "${GOOD[@]}" server elsewhere.example
await 10 is_away 'hostname mismatch'
assert region user media password file "$WORK/password" tls ca "$WORK/ca.pem"
await 10 is_away 'TLS fails: '
assert ctl region add home redis nothing.invalid:6390 "${GOOD[@]}"
await 15 is_away 'its name is not resolved: '
assert_equal "$(client_python allocate.py carol wonder)" allocated "a known user while Redis is away"
redis mset turn/realm/sluice/user-quota 100000 turn/realm/sluice/max-bps 125000000 >/dev/null
redis sadd turn/realm/sluice/denied-peer-ip 198.18.2.200-198.18.2.201 >/dev/null
assert region "${GOOD[@]}"
await 10 prints 1 state connected
# they are read each 30 s
await_equal 40 100000 eval 'ctl -j turn show | jq "if type == \"array\" then .[0] else . end | .quota_user"'
assert_equal "$(ctl -j turn show | jq 'if type == "array" then .[0] else . end | .quota_max_bps')" 1000000000 "bits a second, of coturn's bytes"
lab log controlplane | grep -q 'its Redis is away: it refuses us: WRONGPASS' || fail "the log does not say so"
lab log controlplane | grep -F -e "$PASSWORD" -e wrong-word && fail "a password in the log"
grep -aFlf "$WORK/password" /proc/[0-9]*/cmdline 2>/dev/null | grep . && fail "a password in ps"
true
