# SPDX-License-Identifier: BSD-3-Clause
"""usage: uclients.py COUNT SERVER PEER: so many of coturn's turnutils_uclient at once. Prints how many have a relayed address, and after
how many seconds the last of them."""

import subprocess
import sys
import threading
import time

PATIENCE_S = 20


def watch(process, begin, waited):
    """Its first relayed address: it asks for another one then, and for channels."""
    for line in process.stdout:
        if "Received relay addr" in line:
            waited.append(time.monotonic() - begin)
            break


def main(count, server, peer):
    words = ["stdbuf", "-oL", "turnutils_uclient", "-v", "-c", "-u", "demo", "-w", "demo", "-m", "1", "-n", "1", "-e", peer, server]
    waited, threads, processes = [], [], []
    for _ in range(count):
        begin = time.monotonic()
        processes.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace"))
        threads.append(threading.Thread(target=watch, args=(processes[-1], begin, waited), daemon=True))
        threads[-1].start()
    end = time.monotonic() + PATIENCE_S
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    print(len(waited), round(max(waited), 2) if waited else "-", flush=True)
    for process in processes:
        process.terminate()


main(int(sys.argv[1]), *sys.argv[2:])
