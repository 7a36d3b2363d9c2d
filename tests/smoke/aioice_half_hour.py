# SPDX-License-Identifier: BSD-3-Clause
"""The client of channels_live_test.sh: aioice, which renews its channel after 500 s and never a permission. Before each 490 s it prints
"next", and goes on with the line that it reads: the server's clock is put forward meanwhile, and aioice's own here."""

import asyncio
import sys
import time

from aioice import turn

SERVER, PEER, STEP = ("198.18.1.1", 3478), ("198.18.2.2", 3480), 490


class Clock:
    skew = 0

    def time(self):
        return time.time() + self.skew


class Collect(asyncio.DatagramProtocol):
    def __init__(self):
        self.got = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.got.put_nowait(data)


async def echoed(transport, protocol, text):
    """Of twenty datagrams, how many came back. The first one after a rebinding may be sent before the answer is there."""
    for index in range(20):
        transport.sendto(b"%s %d" % (text, index), PEER)
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    count = protocol.got.qsize()
    while not protocol.got.empty():
        protocol.got.get_nowait()
    return count


async def main():
    turn.time = clock = Clock()
    transport, protocol = await turn.create_turn_endpoint(
        Collect, server_addr=SERVER, username="demo", password="demo", lifetime=3600
    )
    assert await echoed(transport, protocol, b"first") == 20
    for step in range(1, 1800 // STEP + 2):
        print("next", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        clock.skew += STEP
        count = await echoed(transport, protocol, b"%d" % step)
        assert count == 20, f"after {clock.skew} s {count} of 20 came back"
    print("done", flush=True)
    transport.close()
    await asyncio.sleep(0.5)


asyncio.run(main())
