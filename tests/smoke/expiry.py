# SPDX-License-Identifier: BSD-3-Clause
"""The client of expiry_test.sh: before each step it prints what is to come, and waits until time has passed."""

from turn_client import Client, Refused

client = Client(timeout=0.5)


def wait(what):
    print(what, flush=True)
    input()


def echoes(send, *args):
    """Whether what is sent comes back from the peer that echoes."""
    send(*args, b"there")
    return client.receive() is not None


def expect(what, got, wanted):
    assert got == wanted, f"{what}: {got}"


PEER = ("198.18.2.2", 3480)
client.allocate()
client.permit(PEER[0])
expect("at first", echoes(client.send_indication, *PEER), True)
wait("permission: 290 s")
expect("after 290 s", echoes(client.send_indication, *PEER), True)
wait("permission: 301 s")
expect("after 301 s", echoes(client.send_indication, *PEER), False)

client.refresh(3600)
client.bind(0x4000, *PEER)
expect("a new channel", echoes(client.send_channel, 0x4000), True)
wait("channel: 290 s after its binding")
expect("after 290 s", echoes(client.send_channel, 0x4000), True)
client.bind(0x4000, *PEER)
wait("channel: refreshed, 590 s later its peer is permitted still")
expect("after 590 s", echoes(client.send_channel, 0x4000), True)
expect("by an indication", echoes(client.send_indication, *PEER), True)
wait("channel: 601 s after its binding")
expect("after 601 s", echoes(client.send_channel, 0x4000), False)
client.bind(0x4000, *PEER)
expect("bound again", echoes(client.send_channel, 0x4000), True)

client.refresh(600)
wait("allocation: 601 s")
expect("after 601 s", echoes(client.send_channel, 0x4000), False)
try:
    client.permit(PEER[0])
    raise AssertionError("a permission on no allocation")
except Refused as refused:
    expect("437", refused.code, 437)
print("done")
