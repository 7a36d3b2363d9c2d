#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The picture in docs/graph.md is the graph that runs.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

ctl -j graph show | "$SMOKE/graph_picture" | sort >"$WORK/runs"
sed -n '/^```mermaid/,/^```$/{//!p}' "$SLUICE_ROOT/docs/graph.md" | sort >"$WORK/drawn"
assert diff "$WORK/drawn" "$WORK/runs"
