# SPDX-License-Identifier: BSD-3-Clause
"""usage: flood_channel.py COUNT SIZE: sends COUNT packets of ChannelData to the peer as fast as it can."""

import sys
import time

from turn_client import Client

count, size = int(sys.argv[1]), int(sys.argv[2])
client = Client()
client.allocate()
client.bind(0x4000, "198.18.2.2", 9)
for index in range(count):
    client.send_channel(0x4000, bytes(size))
    if index % 32 == 0:
        time.sleep(0.002)
client.refresh(0)
