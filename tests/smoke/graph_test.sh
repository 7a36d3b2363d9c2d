#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The picture in docs/graph.md is the graph that runs.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

assert_equal "$(ctl graph show | "$SMOKE/graph_picture")" "$(picture <"$SLUICE_ROOT/docs/graph.md")" docs/graph.md
