# SPDX-License-Identifier: BSD-3-Clause
"""Chromium publishes and watches by sessions of the dataplane's own socket; prints what it saw as JSON.
usage: session_chromium.py SOCKET PLAYWRIGHT-CORE SECONDS STREAM [comeback]"""

import json
import pathlib
import subprocess
import sys

from session_sdp import make

path, playwright, seconds, stream, *more = sys.argv[1:]
script = pathlib.Path(__file__).with_name("session_chromium.js")
browser = subprocess.Popen(["node", script, playwright, seconds, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
count = 0
for line in browser.stdout:
    said = json.loads(line)
    if "result" in said:
        print(json.dumps(said["result"]))
        continue
    role = ["publish", "watch"].index(said["role"])
    name = f"{stream}-{said['role']}" + (str(count) if count > 1 else "")
    count += 1
    answer = make(path, said["sdp"], name, role, stream)
    browser.stdin.write(json.dumps({"answer": answer}) + "\n")
    browser.stdin.flush()
sys.exit(browser.wait())
