#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A Refresh of 0 ends an allocation and all that hangs from it; a Refresh otherwise prolongs it, to the longest at most.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

echo_start
assert client_python refresh.py
await_equal 5 0 allocations
