# SPDX-License-Identifier: BSD-3-Clause
"""usage: run_time.py SECONDS SERVER-PID: the CPU that the machine spends in SECONDS from now, in percent of one core:
all tasks, the server's, turn-load's, the kernel's threads, the rest; and what the kernel says was not idle.

It is the sum of all tasks' run times (/proc/PID/task/TID/schedstat, in ns by the scheduler's clock, less what a hypervisor took).
Softirqs run in a task's time and are in its sum, so nothing of the network stack is left out or has to be sampled."""

import os
import sys
import time

PF_KTHREAD = 0x00200000
GROUPS = ("server", "load", "kernel", "rest")


def group(pid, server):
    with open(f"/proc/{pid}/stat") as file:
        name, fields = file.read().split("(", 1)[1].rsplit(")", 1)
    if pid == server:
        return "server"
    if name == "turn-load":
        return "load"
    return "kernel" if int(fields.split()[6]) & PF_KTHREAD else "rest"


def tasks(server):
    """{(pid, tid): (group, ns)} of all tasks but this one."""
    found = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        if pid == os.getpid():
            continue
        try:
            kind = group(pid, server)
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/schedstat") as file:
                    found[pid, tid] = kind, int(file.read().split()[0])
        except OSError:
            pass  # it ended meanwhile
    return found


def idle_s():
    with open("/proc/uptime") as file:
        return float(file.read().split()[1])


seconds, server = float(sys.argv[1]), int(sys.argv[2])
before, idle, start = tasks(server), idle_s(), time.monotonic()
time.sleep(seconds)
after, idle, took = tasks(server), idle_s() - idle, time.monotonic() - start
spent = dict.fromkeys(GROUPS, 0)
for task, (kind, ns) in after.items():
    spent[kind] += ns - before.get(task, (kind, 0))[1]
percent = [sum(spent.values())] + [spent[kind] for kind in GROUPS]
print(*(f"{ns / took / 1e7:.1f}" for ns in percent), f"{100 * (os.cpu_count() - idle / took):.1f}")
