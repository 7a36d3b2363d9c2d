#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the RFCs answer to requests that are wrong; and nothing that existed is harmed by them.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

echo_start
assert client_python errors.py
