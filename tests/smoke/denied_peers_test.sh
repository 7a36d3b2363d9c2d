#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Peers that no client may reach, in every way to write them.
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"

assert client_python denied_peers.py
