# SPDX-License-Identifier: BSD-3-Clause
"""What the daemons' sockets speak (include/sluice/api.h)."""

import pathlib
import re
import struct

HEADER = struct.Struct("=HHIiII")
TEXT = (pathlib.Path(__file__).resolve().parents[2] / "include/sluice/api.h").read_text()
VERSION = int(re.search(r"#define SLUICE_API_VERSION (\d+)", TEXT)[1])


def request(kind, body=b"", number=1):
    return HEADER.pack(VERSION, kind, number, 0, 0, len(body)) + body
