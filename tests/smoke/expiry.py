# SPDX-License-Identifier: BSD-3-Clause
"""The client of expiry_test.sh: before each step it prints what is to come, and waits until time has passed."""

from turn_client import Client, Refused

client = Client(timeout=0.5)


def wait(what):
    print(what, flush=True)
    input()


def expect(what, wanted, send, *where):
    """Whether what is sent comes back from the peer that echoes: what shall not is sent once."""
    got = client.returns(send, *where, tries=10 if wanted else 1)
    assert got == wanted, f"{what}: {got}"


PEER = ("198.18.2.2", 3480)
client.allocate()
client.permit(PEER[0])
expect("at first", True, client.send_indication, *PEER)
wait("permission: 290 s")
expect("after 290 s", True, client.send_indication, *PEER)
wait("permission: 301 s")
expect("after 301 s", False, client.send_indication, *PEER)

client.refresh(3600)
client.bind(0x4000, *PEER)
expect("a new channel", True, client.send_channel, 0x4000)
wait("channel: 290 s after its binding")
expect("after 290 s", True, client.send_channel, 0x4000)
client.bind(0x4000, *PEER)
wait("channel: refreshed, 590 s later its peer is permitted still")
expect("after 590 s", True, client.send_channel, 0x4000)
expect("by an indication", True, client.send_indication, *PEER)
wait("channel: 601 s after its binding")
expect("after 601 s", False, client.send_channel, 0x4000)
client.bind(0x4000, *PEER)
expect("bound again", True, client.send_channel, 0x4000)

client.refresh(600)
wait("allocation: 601 s")
expect("after 601 s", False, client.send_channel, 0x4000)
try:
    client.permit(PEER[0])
    raise AssertionError("a permission on no allocation")
except Refused as refused:
    assert refused.code == 437, refused.code
print("done")
