# SPDX-License-Identifier: BSD-3-Clause
"""usage: aioice_allocate.py COUNT SECONDS: so many of aioice's TURN clients allocate at once, each within SECONDS. Prints how many
did, and after how many seconds the last of them."""

import asyncio
import sys
import time

from aioice import turn


async def allocate(seconds):
    begin = time.monotonic()
    create = turn.create_turn_endpoint(
        asyncio.DatagramProtocol, server_addr=("198.18.1.1", 3478), username="demo", password="demo", lifetime=600
    )
    transport, _ = await asyncio.wait_for(create, seconds)
    waited = time.monotonic() - begin
    transport.close()
    return waited


async def main(count, seconds):
    done = await asyncio.gather(*(allocate(seconds) for _ in range(count)), return_exceptions=True)
    waited = [one for one in done if isinstance(one, float)]
    print(len(waited), round(max(waited), 2) if waited else "-")
    await asyncio.sleep(0.2)
    return len(waited) == count


sys.exit(not asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]))))
