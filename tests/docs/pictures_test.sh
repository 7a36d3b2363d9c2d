#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The pictures in docs/ are what their sources say.
cd "${BASH_SOURCE[0]%/*}/../.." || exit
status=0
tools/pictures/grafana docs/grafana.json --check docs/grafana.svg || status=1
tools/pictures/terminal "sluicectl top" 80 docs/top.screen --check docs/top.svg || status=1

# A panel that moves makes another picture: the check can fail.
moved=$(mktemp) || exit
jq '.panels[1].gridPos.x += 1' docs/grafana.json >"$moved"
tools/pictures/grafana "$moved" --check docs/grafana.svg 2>/dev/null && {
	echo "FAILED: a picture of another dashboard passes for this one's" >&2
	status=1
}
rm -f "$moved"

for picture in docs/*.svg; do
	[[ $(wc -c <"$picture") -lt 200000 ]] || { echo "FAILED: $picture is too big"; status=1; }
	grep -q "(${picture#docs/})" docs/*.md || { echo "FAILED: no page shows $picture"; status=1; }
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$picture" || status=1
done
exit $status
