# SPDX-License-Identifier: BSD-3-Clause
"""The cases of tests/bench/estimates: links that change, what must be so of each, and how a run is judged by its lines."""

import dataclasses
import statistics
from typing import Callable

LAYERS = (("q", 4, 230), ("h", 2, 760), ("f", 1, 3100))  # RID, by how much smaller, kbit/s at most
QUEUE = 300  # ms that the links' queues hold


@dataclasses.dataclass
class Step:
    second: float
    name: str  # empty: it is one of many, and not drawn
    words: str  # of `lab link`, or "pause", "resume" or "join"


@dataclasses.dataclass
class Row:
    what: str
    must: str
    judge: Callable  # (runs: {variant: Run}) -> [measured of each variant], whether it is so


@dataclasses.dataclass
class Case:
    name: str
    title: str
    link: str  # at first
    steps: list
    end: float
    rows: list
    kind: str = "publisher"  # viewer, crowd
    browser: str = "chromium"
    kbps: int = 8000  # of a publisher, at most
    arguments: tuple = ("", "--no-remote-estimate")  # of the dataplane, in turns

    @property
    def variants(self):
        return ("with", "without")[: len(self.arguments)]


class Run:
    """What a run left: samples of the browsers, rows of the server, seconds of the link."""

    def __init__(self, lines):
        self.lines = lines
        self.steps = lines["steps"]

    def step(self, name):
        return next(step["second"] for step in self.steps if step["name"] == name)

    @property
    def end(self):
        return self.steps[-1]["second"]

    def values(self, key, first, last, peer=0):
        return [sample["peers"][peer][key] for sample in self.lines["samples"]
                if first <= sample["second"] < last and len(sample["peers"]) > peer and sample["peers"][peer].get(key) is not None]

    def rate(self, first, last, peer=0):
        """kbit/s that were sent or that came"""
        seen = [sample for sample in self.lines["samples"] if first <= sample["second"] < last and len(sample["peers"]) > peer]
        if len(seen) < 2:
            return 0.0
        return (seen[-1]["peers"][peer]["bytes"] - seen[0]["peers"][peer]["bytes"]) * 8 / 1000 / (seen[-1]["second"] - seen[0]["second"])

    def rates(self, seconds, peer=0):
        """(second, kbit/s) over the last so many seconds"""
        return [(sample["second"], self.rate(sample["second"] - seconds, sample["second"] + 0.01, peer))
                for sample in self.lines["samples"] if sample["second"] >= seconds]

    def queue(self, first, last, way="up"):
        """the longest mean queue of a second"""
        return max((line["queue_ms"] for line in self.lines["link"] if line["way"] == way and first <= line["second"] - 1 and line["second"] <= last),
                   default=0)


# -- publishers --


def fall(run, name, seconds=10):
    at = run.step(name)
    before = statistics.mean(run.values("available_kbps", at - 3, at))
    return (min(run.values("available_kbps", at, at + seconds)) - before) / before * 100


def falls(name, percent):
    def judge(runs):
        seen = [fall(run, name) for run in runs.values()]
        return [f"{value:+.0f} %" for value in seen], seen[0] >= -percent

    return judge


def sent_falls(name, percent):
    """Of a browser that does not say what it believes: the least of what it sent in two seconds."""

    def least(run):
        at = run.step(name)
        before = run.rate(at - 10, at)
        return (min(rate for second, rate in run.rates(2) if at + 2 <= second < at + 12) - before) / before * 100

    def judge(runs):
        seen = [least(run) for run in runs.values()]
        return [f"{value:+.0f} %" for value in seen], seen[0] >= -percent

    return judge


def below(name, kbps, seconds, sent=False):
    def after(run):
        at = run.step(name)
        seen = run.rates(1) if sent else [(sample["second"], sample["peers"][0].get("available_kbps", 1e9)) for sample in run.lines["samples"]]
        return next((second - at for second, value in seen if second > at and value < kbps), None)

    def judge(runs):
        seen = [after(run) for run in runs.values()]
        return ["never" if value is None else f"{value:.1f} s" for value in seen], seen[0] is not None and seen[0] <= seconds

    return judge


def queue(name, seconds, ms=100):
    def judge(runs):
        seen = [run.queue(run.step(name) + seconds, run.end) for run in runs.values()]
        return [f"{value:.0f} ms" for value in seen], seen[0] <= ms

    return judge


def not_below(name):
    """in the mean from the step to the end"""

    def judge(runs):
        seen = [statistics.mean(run.values("available_kbps", run.step(name), run.end)) for run in runs.values()]
        return [f"{value:.0f} kbit/s" for value in seen], seen[0] >= 0.95 * seen[-1]

    return judge


def both(name):
    return [Row("queue", "no second of more than 100 ms in the mean, from 5 s on", queue(name, 5)),
            Row("available", "in the mean not below what it is without", not_below(name))]


# -- viewers --


def steps_of(run):
    named = [step for step in run.steps if step["name"]]
    return [(step["name"], step["second"], following["second"]) for step, following in zip(named, named[1:] + [run.steps[-1]])
            if step["second"] != following["second"]]


def layer_after(run, first, last):
    """The last layer of a step, and how long after its begin it was there to stay."""
    seen = [row for row in run.lines["rows"] if first <= row["second"] < last]
    since = first
    for before, row in zip(seen, seen[1:]):
        if row["layer"] == seen[-1]["layer"] != before["layer"]:
            since = row["second"]
    return seen[-1]["layer"], since - first


def right_layers(wanted):
    def judge(runs):
        run = runs["with"]
        words, good, before = [], True, ""
        for (name, first, last), layer in zip(steps_of(run), wanted):
            got, after = layer_after(run, first, last)
            good &= got == layer and after <= (2 if before > "" and rank(layer) < rank(before) else 10)
            words.append(f"{got} after {after:.1f} s")
            before = layer
        return [", ".join(words)], good

    return judge


def rank(layer):
    return next(i for i, (rid, _, _) in enumerate(LAYERS) if rid == layer)


def longest_gap(run, first, last, peer=0):
    """ms without another decoded frame, of times that end in the step or at its end; a sample is taken ten times a second"""
    longest, since, frames = 0, 0, None
    for sample in run.lines["samples"]:
        if sample["second"] >= last or len(sample["peers"]) <= peer:
            continue
        second, count = sample["second"], sample["peers"][peer].get("frames")
        if second >= first and frames:
            longest = max(longest, second - since)
        if count != frames:
            since, frames = second, count
    return longest * 1000


def no_freeze(ms):
    def judge(runs):
        run = runs["with"]
        gaps = [longest_gap(run, first, last) for _, first, last in steps_of(run)]
        return [", ".join(f"{gap:.0f}" for gap in gaps) + " ms"], max(gaps) <= ms

    return judge


def no_error(runs):
    """A decoder that fails asks for a key frame."""
    seen = runs["with"].values("plis", 0, runs["with"].end)
    return [f"{seen[-1] - seen[0]} requests"], seen[-1] == seen[0]


def used(kbps, percent):
    def judge(runs):
        run = runs["with"]
        seen = [run.rate(last - 8, last) / rate * 100 for (_, _, last), rate in zip(steps_of(run), kbps)]
        return [", ".join(f"{value:.0f}" for value in seen) + " %"], min(seen) >= percent

    return judge


# -- a crowd: of the samples the first peers are the good ones, the last browser's is the bad one --


def others_go_on(runs):
    run = runs["with"]
    joins, end = run.step("join"), run.end
    shares, freezes, lost = [], 0, 0
    for peer in range(len(run.lines["samples"][-1]["peers"])):
        frames = [run.values("frames", first, last, peer) for first, last in ((joins - 15, joins), (joins, joins + 15))]
        shares.append((frames[1][-1] - frames[1][0]) / max(frames[0][-1] - frames[0][0], 1) * 100)
        for name in ("freezes", "lost"):
            seen = run.values(name, joins, end, peer)
            freezes, lost = (freezes + seen[-1] - seen[0], lost) if name == "freezes" else (freezes, lost + seen[-1] - seen[0])
    return [f"{min(shares):.0f} to {max(shares):.0f} % of the frames before, {freezes} freezes, {lost} packets lost"], \
        min(shares) >= 95 and freezes == 0 and lost == 0


def others_layers(runs):
    run = runs["with"]
    seen = [row["others"] for row in run.lines["rows"] if row["second"] >= run.step("join") - 5]
    changes = sum(sum(a != b for a, b in zip(before, after)) for before, after in zip(seen, seen[1:]))
    return [f"{changes} changes, {'/'.join(sorted(set(seen[-1])))}"], changes == 0


def key_frames(runs):
    """Requests to the publisher, in any five seconds after it joined."""
    run = runs["with"]
    seen = [(row["second"], row["key_frame_requests"]) for row in run.lines["rows"] if row["second"] >= run.step("join")]
    most = max((later - count) for second, count in seen for at, later in seen if 0 <= at - second <= 5.0)
    return [f"{most} in 5 s"], most <= 6


def bad_one(runs):
    run = runs["with"]
    frames = [row["bad_frames"] for row in run.lines["rows"] if row["second"] >= run.end - 10]
    layer = run.lines["rows"][-1]["bad_layer"]
    return [f"{layer}, {(frames[-1] - frames[0]) / 10:.0f} frames a second"], layer == "q" and frames[-1] > frames[0]


CASES = [
    Case("ample", "an ample link, a sender of 2.5 Mbit/s, 50 ms longer", f"0 10 {QUEUE} 0", [Step(20, "+50 ms", f"up 0 60 {QUEUE} 0")], 34,
         [Row("available", "falls by at most 5 % in 10 s", falls("+50 ms", 5))], kbps=2500),
    Case("drop", "4 Mbit/s, 50 ms longer, then 1 Mbit/s", f"4000 10 {QUEUE} 0",
         [Step(35, "+50 ms", f"up 4000 60 {QUEUE} 0"), Step(50, "1 Mbit/s", f"up 1000 60 {QUEUE} 0")], 110,
         [Row("available, +50 ms", "falls by at most 10 % in 10 s", falls("+50 ms", 10)),
          Row("available, 1 Mbit/s", "below 1.1 Mbit/s within 2 s", below("1 Mbit/s", 1100, 2)),
          Row("queue, 1 Mbit/s", "no second of more than 100 ms in the mean, from 4 s on, in 60 s", queue("1 Mbit/s", 4))]),
    Case("half", "50 ms longer and half the rate at once", f"4000 10 {QUEUE} 0", [Step(35, "+50 ms, 2 Mbit/s", f"up 2000 60 {QUEUE} 0")], 65,
         both("+50 ms, 2 Mbit/s")),
    Case("ramp", "200 ms longer in 10 s", f"4000 10 {QUEUE} 0",
         [Step(35 + i / 2, "" if i else "ramp", f"up 4000 {20 + 10 * i} {QUEUE} 0") for i in range(20)], 65, both("ramp")),
    Case("jitter", "jitter of 30 ms", f"4000 10 {QUEUE} 0", [Step(35, "30 ms", f"up 4000 10 {QUEUE} 0 30")], 65, both("30 ms")),
    Case("loss", "3 % of the packets lost", f"4000 10 {QUEUE} 0", [Step(35, "3 %", f"up 4000 10 {QUEUE} 3")], 65, both("3 %")),
    Case("bursts", "a link that stands still for 0.2 s each second, as Wi-Fi does", f"4000 10 {QUEUE} 0",
         [step for i in range(20) for step in (Step(35 + i, "" if i else "bursts", f"up 100 10 {QUEUE} 0"),
                                               Step(35.2 + i, "", f"up 4000 10 {QUEUE} 0"))], 65, both("bursts")),
    Case("pause", "a sender that pauses for 30 s", f"4000 10 {QUEUE} 0", [Step(30, "pause", "pause"), Step(60, "goes on", "resume")], 90,
         both("goes on")),
    Case("firefox", "Firefox: 4 Mbit/s, 50 ms longer, then 1 Mbit/s", f"4000 10 {QUEUE} 0",
         [Step(35, "+50 ms", f"up 4000 60 {QUEUE} 0"), Step(50, "1 Mbit/s", f"up 1000 60 {QUEUE} 0")], 110,
         [Row("sent, +50 ms", "falls by at most 10 % in 10 s", sent_falls("+50 ms", 10)),
          Row("sent, 1 Mbit/s", "below 1.1 Mbit/s within 3 s", below("1 Mbit/s", 1100, 3, sent=True)),
          Row("queue, 1 Mbit/s", "no second of more than 100 ms in the mean, from 4 s on, in 60 s", queue("1 Mbit/s", 4))], browser="firefox"),
    Case("viewer", "a viewer of three layers at 4, 1, 0.3 and 4 Mbit/s", f"0 10 {QUEUE} 0",
         [Step(0, "4 Mbit/s", f"down 4000 25 {QUEUE} 0"), Step(20, "1 Mbit/s", f"down 1000 25 {QUEUE} 0"),
          Step(40, "0.3 Mbit/s", f"down 300 25 {QUEUE} 0"), Step(60, "4 Mbit/s again", f"down 4000 25 {QUEUE} 0")], 85,
         [Row("layer", "the right one within 2 s down and 10 s up", right_layers("fhqf")),
          Row("longest time without a frame", "at most 500 ms", no_freeze(500)),
          Row("the decoder's requests for a key frame", "none", no_error),
          Row("used of the link, in the last 8 s", "80 %", used((4000, 1000, 300, 4000), 80))], kind="viewer", arguments=("",)),
    Case("crowd", "20 viewers, one of them at 0.3 Mbit/s with 5 % loss", f"300 25 {QUEUE} 5", [Step(25, "join", "join")], 60,
         [Row("the other 19", "as if it were not there", others_go_on), Row("their layers", "do not change", others_layers),
          Row("key frames that the publisher is asked for", "one a second at most", key_frames),
          Row("the bad one", "goes on with the lowest layer", bad_one)], kind="crowd", arguments=("",)),
]
