#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: metrics_test.sh SLUICE-METRICS-PAGE: docs/metrics.md is what the tables make, and has each name once; each metric that
# the dashboard or a rule names is in it.
page=$(realpath "$1") || exit
cd "${BASH_SOURCE[0]%/*}/../../docs" || exit
status=0
say() { printf 'FAILED: %s\n' "$*" >&2; status=1; }

"$page" | diff - metrics.md >&2 || say "docs/metrics.md is not what the tables make: $page >docs/metrics.md"
twice=$(sed -n 's/^| `\([^`]*\)`.*/\1/p' metrics.md | sort | uniq -d)
[[ -z $twice ]] || say "declared twice: $twice"
for name in $({ jq -r '.. | .expr? // empty' grafana.json; cat alerts.yml; } | grep -o '\bsluice_[a-z0-9_]*' | sort -u); do
	grep -qw -- "$name" metrics.md || say "no metric is called $name"
done
# Of several hosts in one panel each is to be told apart.
[[ $(jq '[.. | .legendFormat? // empty | select(contains("{{instance}}") | not)] | length' grafana.json) == 0 ]] || say "a legend names no host"
exit $status
