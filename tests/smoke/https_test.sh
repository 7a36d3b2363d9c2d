#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTPS: a listener with a certificate of ours, which SIGHUP reads again; what is wrong with a file is said, and the old one stays.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

CONF=$LAB_STATE/dp/sluice.conf

certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2>/dev/null
	chmod 644 "$WORK"/*.pem
}
subject() {
	in_client openssl s_client -connect 198.18.1.1:8443 </dev/null 2>/dev/null | openssl x509 -noout -subject
}
is_subject() { [[ $(subject) == *$1* ]]; }
logged() { lab log controlplane | grep -q "$1"; }

chmod 755 "$WORK"
cp "$CONF" "$WORK/kept"
at_exit ctl config reload
at_exit cp "$WORK/kept" "$CONF"
assert certificate first.example
assert_match "$(ctl http listen 198.18.1.1:8443 tls 2>&1)" 'http tls cert FILE key FILE'
assert_match "$(ctl http tls cert "$WORK/none.pem" key "$WORK/key.pem" 2>&1)" 'none.pem'
assert ctl http tls cert "$WORK/cert.pem" key "$WORK/key.pem"
assert ctl http listen 198.18.1.1:8443 tls
assert_equal "$(in_client curl -sk https://198.18.1.1:8443/healthz)" ok "over TLS"
assert_match "$(in_client curl -sk https://198.18.1.1:8443/)" '<title>sluice</title>'
assert_match "$(subject)" 'first.example'
ends=$(openssl x509 -noout -enddate -in "$WORK/cert.pem")
assert_equal "$(ctl -j http show | jq .expires)" "$(date -d "${ends#*=}" +%s)" "when the certificate expires"
in_client curl -s -m 5 http://198.18.1.1:8443/healthz && fail "plain HTTP at the TLS port"
assert ctl config save
assert certificate second.example
pid=$(ctl -j version | jq -r '.[] | select(.program == "sluice-controlplane").pid')
assert kill -HUP "$pid"
await 5 is_subject second.example
echo broken >"$WORK/cert.pem"
assert kill -HUP "$pid"
await 5 logged 'the certificate stays the old one'
assert_match "$(subject)" 'second.example'
# with TLS and without, in place: the socket stays, nobody who comes meanwhile is refused
in_dp timeout 120 python3 -c 'import os, socket, sys, time
refused = came = 0
while not os.path.exists(sys.argv[1]):
    try:
        # from another address than curl: connections of one are bounded, and the idlest goes
        socket.create_connection(("198.18.1.1", 8443), 20, ("198.18.2.1", 0)).close()
        came += 1
        time.sleep(0.01)
    except ConnectionRefusedError:
        refused += 1
print(refused, came > 0)' "$WORK/enough" >"$WORK/refused" &
connects=$!
at_exit child_end $connects
for ((i = 0; i < 5; i++)); do
	assert ctl http listen 198.18.1.1:8443
	assert_equal "$(in_client curl -s http://198.18.1.1:8443/healthz)" ok "plain again"
	assert ctl http listen 198.18.1.1:8443 tls
	assert_equal "$(in_client curl -sk https://198.18.1.1:8443/healthz)" ok "over TLS again"
done
touch "$WORK/enough"
wait $connects
assert_equal "$(<"$WORK/refused")" "0 True" "refused meanwhile"
cp "$WORK/kept" "$CONF"
assert ctl config reload
assert_equal "$(ctl config show | grep -c "http tls")" 0 "lines of a certificate"
