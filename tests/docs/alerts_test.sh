#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each rule of docs/alerts.yml fires when it should and not otherwise; a rule that alerts_test.yml does not try is an error.
cd "${BASH_SOURCE[0]%/*}" || exit
command -v promtool >/dev/null || { echo "skipped: no promtool (prometheus)" >&2; exit 77; }
status=0
promtool check rules ../../docs/alerts.yml || status=1
promtool test rules alerts_test.yml || status=1
for alert in $(sed -n 's/.*- alert: //p' ../../docs/alerts.yml); do
	grep -q "alertname: $alert, exp_alerts: \[\]" alerts_test.yml || { echo "FAILED: where does $alert not fire?" >&2; status=1; }
	grep -q "alertname: $alert\$" alerts_test.yml || { echo "FAILED: where does $alert fire?" >&2; status=1; }
done

# With a rate over one minute, of which there is one sample, the rules never fire: the check can fail.
short=$(mktemp -d) || exit
trap 'rm -rf "$short"' EXIT
sed 's/\[5m\]/[1m]/g' ../../docs/alerts.yml >"$short/alerts.yml"
sed "s|../../docs/alerts.yml|$short/alerts.yml|" alerts_test.yml >"$short/alerts_test.yml"
promtool test rules "$short/alerts_test.yml" >/dev/null 2>&1 && {
	echo "FAILED: rules that never fire pass for these" >&2
	status=1
}
exit $status
