# SPDX-License-Identifier: BSD-3-Clause
"""usage: permit.py PEER: prints "permitted" or the error code."""

import sys

from turn_client import Client, Refused

client = Client()
client.allocate()
try:
    client.permit(sys.argv[1])
    print("permitted")
except Refused as refused:
    print(refused.code)
client.refresh(0)
