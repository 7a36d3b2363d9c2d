# SPDX-License-Identifier: BSD-3-Clause
"""aioice against the lab: its TURN client echoes through the peer that this script is itself, and ICE over two relays.
usage: aioice_turn.py [udp|tcp|tls]"""

import asyncio
import ssl
import sys

import aioice
from aioice import turn

WAY = sys.argv[1] if len(sys.argv) > 1 else "udp"
SERVER = ("198.18.1.1", 5349 if WAY == "tls" else 3478)
TRANSPORT = "udp" if WAY == "udp" else "tcp"
SSL = ssl.create_default_context() if WAY == "tls" else False
if SSL:
    SSL.check_hostname, SSL.verify_mode = False, ssl.CERT_NONE


class Collect(asyncio.DatagramProtocol):
    def __init__(self):
        self.got = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.got.put_nowait((data, addr))


async def relayed_pair():
    """Two allocations send to each other's relayed addresses."""
    ends = []
    for _ in range(2):
        ends.append(
            await turn.create_turn_endpoint(
                Collect,
                server_addr=SERVER,
                username="demo",
                password="demo",
                lifetime=600,
                ssl=SSL,
                transport=TRANSPORT,
            )
        )
    (first, from_first), (second, from_second) = ends
    to_first, to_second = (end.get_extra_info("sockname") for end in (first, second))
    ways = ((first, b"ping", to_second, from_second), (second, b"pong", to_first, from_first))
    # Each end makes its permission when it first sends: until then nothing gets in.
    while not all(protocol.got.qsize() for *_, protocol in ways):
        for end, name, to, _ in ways:
            end.sendto(name, to)
        await asyncio.sleep(0.1)
    for index in range(50):
        for end, name, to, _ in ways:
            end.sendto(b"%s %d" % (name, index), to)
        await asyncio.sleep(0.005)
    for _, name, to, protocol in ways:
        source = to_first if to == to_second else to_second
        data, count = b"", 0
        while data != b"%s 49" % name:
            data, addr = await asyncio.wait_for(protocol.got.get(), 20)
            assert data.startswith(name) and addr[0] == source[0], (data, addr, source)
            count += data.startswith(name + b" ")
        assert count >= 45, count
    for end, _ in ends:
        end.close()
    await asyncio.sleep(0.5)


async def ice_relayed():
    agents = []
    for controlling in (True, False):
        agent = aioice.Connection(
            ice_controlling=controlling,
            turn_server=SERVER,
            turn_username="demo",
            turn_password="demo",
            turn_ssl=SSL,
            turn_transport=TRANSPORT,
        )
        await agent.gather_candidates()
        agents.append(agent)
    await exchange(*agents)
    await asyncio.gather(*(agent.connect() for agent in agents))
    await agents[0].send(b"through two relays")
    assert await asyncio.wait_for(agents[1].recv(), 20) == b"through two relays"
    await asyncio.gather(*(agent.close() for agent in agents))


async def exchange(one, other):
    for local, remote in ((one, other), (other, one)):
        relayed = [c for c in local.local_candidates if c.type == "relay"]
        assert relayed, "no relayed candidate"
        for candidate in relayed:
            await remote.add_remote_candidate(candidate)
        await remote.add_remote_candidate(None)
        remote.remote_username, remote.remote_password = local.local_username, local.local_password


async def main():
    await relayed_pair()
    await ice_relayed()


asyncio.run(main())
