# SPDX-License-Identifier: BSD-3-Clause
"""usage: gate_nonce.py SECONDS: allocates, waits, and refreshes with the nonce that it has."""

import sys
import time

from turn_client import Client

client = Client(timeout=5)  # a request that is sent again is counted again
client.allocate()
time.sleep(float(sys.argv[1]))
client.refresh(600)
client.refresh(0)
