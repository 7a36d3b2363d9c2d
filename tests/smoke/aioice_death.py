# SPDX-License-Identifier: BSD-3-Clause
"""Two of aioice's TURN clients that send to each other's relayed addresses without a pause.
usage: aioice_death.py; prints a line for each tenth packet that the second one receives, until it is ended"""

import asyncio

from aioice import turn

SERVER = ("198.18.1.1", 3478)


class Count(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = 0

    def datagram_received(self, data, addr):
        self.received += 1
        if self.received % 10 == 0:
            print(self.received, flush=True)


class Silent(asyncio.DatagramProtocol):
    pass


async def endpoint(protocol):
    return await turn.create_turn_endpoint(protocol, server_addr=SERVER, username="demo", password="demo", lifetime=600)


async def main():
    sender, _ = await endpoint(Silent)
    receiver, _ = await endpoint(Count)
    to_sender, to_receiver = (end.get_extra_info("sockname") for end in (sender, receiver))
    while True:
        sender.sendto(b"media", to_receiver)
        receiver.sendto(b"report", to_sender)  # which makes its permission at first
        await asyncio.sleep(0.01)


asyncio.run(main())
