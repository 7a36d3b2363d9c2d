# SPDX-License-Identifier: BSD-3-Clause
"""usage: bindings.py COUNT: Binding requests from COUNT ports, each its own flow; prints how many were answered."""

import sys

from turn_client import BINDING, REQUEST, Client, message

clients = [Client(timeout=0.5) for _ in range(int(sys.argv[1]))]
print(sum(client.exchange(message(BINDING, REQUEST), tries=6) is not None for client in clients))
