# SPDX-License-Identifier: BSD-3-Clause
"""usage: allocate.py USER PASSWORD: prints "allocated" (and gives it back) or the error code."""

import sys

from turn_client import Client, Refused

client = Client(username=sys.argv[1], password=sys.argv[2])
try:
    client.allocate()
    client.refresh(0)
    print("allocated")
except Refused as refused:
    print(refused.code)
