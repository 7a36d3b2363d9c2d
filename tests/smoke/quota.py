# SPDX-License-Identifier: BSD-3-Clause
"""usage: quota.py USER... [keep]: an allocation for each, all at once; prints what became of each. keep: leaves them there."""

import sys

from turn_client import Client, Refused

clients, results = [], []
users = [user for user in sys.argv[1:] if user != "keep"]
for user in users:
    client = Client(username=user)
    try:
        client.allocate()
        clients.append(client)
        results.append("allocated")
    except Refused as refused:
        results.append(str(refused.code))
for client in clients if users == sys.argv[1:] else []:
    client.refresh(0)
print(*results)
