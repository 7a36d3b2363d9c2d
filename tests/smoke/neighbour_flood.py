# SPDX-License-Identifier: BSD-3-Clause
"""usage: neighbour_flood.py ALLOCATIONS: one user's allocations, each of which sends to 1,000 addresses that lie on the
relay's link and do not answer."""

import sys
from ipaddress import ip_address

from turn_client import FAMILY, IPV6, Client, attribute

AT_ONCE = 40  # peers of a request
first = int(ip_address("2001:2:0:2::1:0"))
for number in range(int(sys.argv[1])):
    client = Client(timeout=5)
    client.allocate(attribute(FAMILY, IPV6))
    hosts = [str(ip_address(first + 1000 * number + i)) for i in range(1000)]
    for at in range(0, len(hosts), AT_ONCE):
        client.permit(*hosts[at : at + AT_ONCE])
    for host in hosts:
        client.send_indication(host, 7000, b"anybody")
    client.refresh(0)
