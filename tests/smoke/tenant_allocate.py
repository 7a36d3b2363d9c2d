# SPDX-License-Identifier: BSD-3-Clause
"""usage: tenant_allocate.py PORT PASSWORD: the realm and "allocated", or the code."""

import sys

from turn_client import Client, Refused

client = Client(port=int(sys.argv[1]), password=sys.argv[2])
try:
    client.allocate()
    print(client.realm.decode(), "allocated")
    client.refresh(0)
except Refused as refused:
    print(refused.code)
