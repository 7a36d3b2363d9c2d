#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# TURN over TCP and TLS behind HAProxy, which says whose connections it brings: allocations are the clients', and nobody else may connect.
# One port of it is shared with pages over HTTPS, as docs/first-hour.md has it.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

command -v haproxy >/dev/null || skip "not installed: haproxy (tools/install-deps test)"
FRONT=198.18.1.77 # of HAProxy; its own connections come from the client's address
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=turn.test -keyout "$WORK/turn.key" -out "$WORK/turn.pem" 2>/dev/null
at_exit ctl config reload # what it has configured goes
assert ctl turn certificate "$WORK/turn.pem" key "$WORK/turn.key" name turn.test
assert ctl turn listen $SERVER4:3490 tcp proxy 198.18.1.2/32
assert ctl turn listen $SERVER4:5390 tls proxy 198.18.1.2/32
assert in_client ip address add $FRONT/32 dev eth0
at_exit in_client ip address delete $FRONT/32 dev eth0

cat >"$WORK/haproxy.cfg" <<END
defaults
	mode tcp
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen tcp
	bind $FRONT:3490
	server turn $SERVER4:3490 source 198.18.1.2 send-proxy-v2
frontend shared
	bind $FRONT:443
	tcp-request inspect-delay 5s
	tcp-request content accept if { req.ssl_hello_type 1 }
	use_backend turn if { req.ssl_alpn -m sub stun } or !{ req.ssl_alpn -m found }
	default_backend pages
backend pages
	server here $SERVER4:8443
backend turn
	server here $SERVER4:5390 source 198.18.1.2 send-proxy-v2
END
assert ctl http tls cert "$WORK/turn.pem" key "$WORK/turn.key"
assert ctl http listen $SERVER4:8443 tls
assert in_client haproxy -D -p "$WORK/haproxy.pid" -f "$WORK/haproxy.cfg"
haproxy_end() { kill -KILL "$(<"$WORK/haproxy.pid")"; }
at_exit haproxy_end
front_is_up() { in_client ss -Hltn "src $FRONT:443" | grep -q .; }
await 10 front_is_up
clients() { ctl -j allocation show | jq -r '.[].client' | sed 's/:[0-9]*$//' | sort -u; }
proxy() { ctl -j turn listen show | jq -r '.[] | select(.address == "198.18.1.1:5390").proxy'; }
assert_equal "$(proxy)" 198.18.1.2/32

echo_start
assert_equal "$(in_client curl -sk https://$FRONT/healthz)" ok "a page at the shared port"
for listener in "3490" "443 -S"; do
	read -r port tls <<<"$listener"
	# shellcheck disable=SC2086 # one or two words
	start client turnutils_uclient -t $tls -p "$port" -u demo -w demo -e $PEER4 -n 1000 -m 1 -c $FRONT
	uclient=$STARTED
	await 20 at_least 1 allocations
	assert_equal "$(clients)" $FRONT "clients of port $port"
	await 10 allocation_relays 20
	child_end "$uclient"
	await_equal 10 0 allocations
done

# without a header, and from elsewhere
knocks() { in_client timeout -k 1 10 bash -c "exec 3<>/dev/tcp/$SERVER4/3490 && printf 'GET / HTTP/1.1\r\n\r\n' >&3; cat <&3" >/dev/null 2>&1; }
before=$(counter stream.proxy_header)
knocks
await 10 at_least $((before + 1)) counter stream.proxy_header
assert ctl turn listen $SERVER4:3490 tcp proxy 198.18.1.99/32
before=$(counter stream.proxy_refused)
knocks
await 10 at_least $((before + 1)) counter stream.proxy_refused
