# SPDX-License-Identifier: BSD-3-Clause
"""The client of credentials_test.sh, from an address of its own. usage: kept.py USER; goes on with each line read."""

import socket
import sys

from turn_client import Client, Refused

client = Client(username=sys.argv[1], timeout=5)
client.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.socket.bind(("198.18.1.66", 0))
client.socket.settimeout(5)
client.socket.connect(("198.18.1.1", 3478))


def code(ask, *args):
    try:
        ask(*args)
        return 0
    except Refused as refused:
        return refused.code


client.allocate()
client.permit("198.18.2.2")
print("allocated", flush=True)
sys.stdin.readline()
client.refresh(600)
client.permit("198.18.2.2")
print("refreshed, a new permission", code(client.permit, "198.18.2.3"), flush=True)
sys.stdin.readline()
print("refresh", code(client.refresh, 600), flush=True)
