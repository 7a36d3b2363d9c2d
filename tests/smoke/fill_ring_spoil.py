# SPDX-License-Identifier: BSD-3-Clause
"""usage: fill_ring_spoil.py PID: takes from the kernel every buffer that it could fill for the AF_XDP sockets of a process,
behind the back of that process: all entries of their fill rings name memory outside the UMEM from now on. As root.
Prints the number of sockets."""

import ctypes
import mmap
import os
import socket
import struct
import sys

AF_XDP, SOL_XDP, XDP_MMAP_OFFSETS, XDP_OPTIONS = 44, 283, 1, 8
FILL_RING = 0x100000000  # XDP_UMEM_PGOFF_FILL_RING
ENTRIES = 2048           # XDP_RING_SIZE
PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)


def xdp_socket(process, number):
    """A duplicate of the process' descriptor; None where it is no AF_XDP socket."""
    fd = libc.syscall(PIDFD_GETFD, process, number, 0)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    found = socket.socket(AF_XDP, socket.SOCK_RAW, 0, fd)
    try:
        return found, struct.unpack("16Q", found.getsockopt(SOL_XDP, XDP_MMAP_OFFSETS, 128))
    except OSError:
        found.close()
        return None


def spoil(found, offsets):
    entries = offsets[8 + 2]  # rx, tx, fill, completion: each producer, consumer, desc, flags
    with mmap.mmap(found.fileno(), entries + 8 * ENTRIES, mmap.MAP_SHARED, offset=FILL_RING) as ring:
        ring[entries:] = b"\xff" * 8 * ENTRIES
    found.close()


pid = int(sys.argv[1])
process = os.pidfd_open(pid)
sockets = [xdp_socket(process, int(number)) for number in os.listdir(f"/proc/{pid}/fd")
           if os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:")]
sockets = [found for found in sockets if found]
for found in sockets:
    spoil(*found)
print(len(sockets))
