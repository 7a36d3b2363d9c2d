# SPDX-License-Identifier: BSD-3-Clause
"""Prints the error that answers an Allocate which says nothing of who it is, and the answer's bytes."""

from turn_client import ALLOCATE, TRANSPORT, UDP, Client, attribute

client = Client(username=None)
answer = client.exchange(client.build(ALLOCATE, attribute(TRANSPORT, UDP)))
print(answer.code, len(answer.raw))
