# SPDX-License-Identifier: BSD-3-Clause
"""usage: aioice_allocate.py COUNT SECONDS: so many of aioice's TURN clients allocate at once, each within SECONDS."""

import asyncio
import sys

from aioice import turn


async def allocate(seconds):
    create = turn.create_turn_endpoint(
        asyncio.DatagramProtocol, server_addr=("198.18.1.1", 3478), username="demo", password="demo", lifetime=600
    )
    transport, _ = await asyncio.wait_for(create, seconds)
    transport.close()


async def main(count, seconds):
    await asyncio.gather(*(allocate(seconds) for _ in range(count)))
    await asyncio.sleep(0.2)


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
