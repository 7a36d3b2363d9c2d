#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: estimates_table.py FOLDER: a row for each step of each run that tests/bench/estimates left there."""

import json
import pathlib
import statistics
import sys

WINDOW = 10  # seconds after a step


def values(rows, key, first, last):
    return [row[key] for row in rows if first <= row["second"] < last and row.get(key) is not None]


def queue_most(path, first, last):
    """The longest mean queue of a second on the way up, between these seconds of the run; the log has the time of day."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if '"way": "up"' in line]
    end = rows[-1]["time"]
    return max((row["queue_ms"] for row in rows if first <= row["time"] - end <= last), default=0)


def main():
    print("| case | RemoteEstimate | run | step | available before, kbit/s | lowest in 10 s | change | below 1.1 Mbit/s after, s | longest queue from 4 s on, ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jsonl")):
        name, estimate, number = path.stem.rsplit(" ", 2)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [line for line in lines if "step" not in line]
        steps = [line for line in lines if "step" in line]
        end = steps[-1]["second"]
        for step, following in zip(steps, steps[1:]):
            at, until = step["second"], following["second"]
            before = statistics.mean(values(rows, "available_kbps", at - 3, at))
            lowest = min(values(rows, "available_kbps", at, min(until, at + WINDOW)))
            below = next((row["second"] - at for row in rows if at < row["second"] < until and row.get("available_kbps", 1e9) < 1100), None)
            queue = queue_most(path.with_name(path.name + ".link"), at + 4 - end, until - end)
            print(f"| {name} | {estimate} | {number} | {step['step']} | {before:.0f} | {lowest} | {(lowest - before) / before * 100:+.0f} % | "
                  f"{'' if below is None else f'{below:.1f}'} | {queue:.0f} |")


main()
