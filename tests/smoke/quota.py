# SPDX-License-Identifier: BSD-3-Clause
"""usage: quota.py USER...: an allocation for each, all at once; prints what became of each."""

import sys

from turn_client import Client, Refused

clients, results = [], []
for user in sys.argv[1:]:
    client = Client(username=user)
    try:
        client.allocate()
        clients.append(client)
        results.append("allocated")
    except Refused as refused:
        results.append(str(refused.code))
for client in clients:
    client.refresh(0)
print(*results)
