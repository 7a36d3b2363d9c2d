#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: estimates_viewer_table.py FOLDER: a row for each step of each run that tests/bench/estimates_viewer left there."""

import json
import pathlib
import sys


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def settled(rows, at, until):
    """the last layer of a step, and how long after the step it was there to stay"""
    seen = [row for row in rows if at <= row["at"] < until]
    last = seen[-1]["layer"]
    since = seen[0]["at"]
    for before, row in zip(seen, seen[1:]):
        if row["layer"] == last and before["layer"] != last:
            since = row["at"]
    return last, max(since - at, 0), seen[-1]["estimate_kbps"]


def longest_gap(samples, at, until):
    """seconds without another decoded frame"""
    longest, since, frames = 0, at, None
    for sample in (sample for sample in samples if at <= sample["at"] < until):
        if sample["frames"] != frames:
            longest = max(longest, sample["at"] - since) if frames is not None else longest
            since, frames = sample["at"], sample["frames"]
    return longest


def main():
    print("| run | link, kbit/s | layer | after, s | estimate at the end, kbit/s | delivered in the last 8 s, kbit/s | longest time without a frame, ms | freezes | frames |")
    print("|---|---|---|---|---|---|---|---|---|")
    for path in sorted(pathlib.Path(sys.argv[1]).glob("viewer *.json")):
        samples = json.loads(path.read_text())
        rows = lines(path.with_name(path.name + ".rows"))
        steps = lines(path.with_name(path.name + ".steps"))
        for step, following in zip(steps, steps[1:]):
            at, until = step["at"], following["at"]
            layer, after, estimate = settled(rows, at, until)
            here = [sample for sample in samples if at <= sample["at"] < until]
            end = [sample for sample in here if sample["at"] >= until - 8]
            rate = (end[-1]["bytes"] - end[0]["bytes"]) * 8 / 1000 / (end[-1]["at"] - end[0]["at"])
            print(f"| {path.stem.split()[1]} | {step['step']} | {layer} | {after:.1f} | {estimate} | {rate:.0f} | "
                  f"{longest_gap(samples, at, until) * 1000:.0f} | {here[-1]['freezes'] - here[0]['freezes']} | {here[-1]['frames'] - here[0]['frames']} |")


main()
