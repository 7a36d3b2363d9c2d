# SPDX-License-Identifier: BSD-3-Clause
"""usage: binding.py [SERVER [PORT]]: one Binding request; exit status 1 where nothing answers within three seconds."""

import sys

from turn_client import BINDING, REQUEST, Client, message

sys.exit(Client(*sys.argv[1:2], *map(int, sys.argv[2:3]), timeout=0.5).exchange(message(BINDING, REQUEST), tries=6) is None)
