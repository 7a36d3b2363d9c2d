# SPDX-License-Identifier: BSD-3-Clause
"""Runs the cases of tests/bench/estimates, which says the arguments, and prints its table."""

import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from estimates_cases import CASES, LAYERS, Run
from estimates_graph import graph
from estimates_lab import ROOT, Browser, Failed, film, lab, lab_begin, link_log, rows

STREAM = "estimates"
OTHERS = 19
POLL = 0.4  # seconds between two looks at the server
CROWD = (("q", 4, 120), ("h", 2, 350), ("f", 1, 900))


def encodings(layers):
    return [{"rid": rid, "scaleResolutionDownBy": smaller, "maxBitrate": kbps * 1000} for rid, smaller, kbps in layers]


def publish(browser, **options):
    browser.ask(f"bench.publish({json.dumps({'stream': STREAM, **options})})")
    browser.connected()


def watch(browser, count, ms):
    browser.ask(f"bench.watch('{STREAM}', {count})")
    browser.connected(60)
    browser.ask(f"bench.look({ms})")


class Watched:
    """What the server says of its viewers, now and then: rows of a run."""

    def __init__(self, crowd):
        self.crowd = crowd
        self.good = None  # ids of those that were there before
        self.bad = None  # the browser of the other one
        self.rows = []

    def look(self, second):
        sessions = [row for row in rows("session", "show") if row["role"] == "watch"]
        if not self.crowd:
            self.rows.append({"second": second, **{name: sessions[0][name] for name in ("layer", "layer_reason", "estimate_kbps")}})
            return
        self.good = self.good or {row["id"] for row in sessions}
        layers = {row["id"]: row["layer"] for row in sessions}
        row = {"second": second, "others": [layers[each] for each in sorted(self.good)],
               "key_frame_requests": sum(row["key_frame_requests"] for row in rows("stream", "show"))}
        if self.bad is not None:
            row["bad_layer"] = next((layer for each, layer in layers.items() if each not in self.good), "")
            row["bad_frames"] = (self.bad.ask("bench.samples.length ? bench.samples[bench.samples.length - 1].peers[0] : {}")).get("frames", 0)
        self.rows.append(row)


def steps_do(case, publisher, watched, begun):
    """Until the end; what was done, and when it began."""
    done = []
    for step in case.steps:
        wait_until(begun, step.second, watched)
        done.append({"second": time.time() - begun, "name": step.name})
        if step.words == "join":
            watched.bad = Browser()
            done[-1]["second"] = time.time() - begun
            watch(watched.bad, 1, 200)
        elif step.words in ("pause", "resume"):
            publisher.ask(f"bench.{step.words}().then(() => true)")
        else:
            lab("link", *step.words.split())
    wait_until(begun, case.end, watched)
    done.append({"second": time.time() - begun, "name": ""})
    return done


def wait_until(begun, second, watched):
    while (left := begun + second - time.time()) > 0:
        if watched is not None:
            watched.look(time.time() - begun)
        time.sleep(max(min(left, POLL), 0))


def lines_of(begun, samples, steps, watched):
    """Times as seconds of the run."""
    for line in samples:
        line["second"] = line.pop("at") - begun
    link = [{**line, "second": line["time"] - begun} for line in link_log()]
    return {"steps": steps, "samples": samples, "rows": watched.rows if watched else [],
            "link": [{name: line[name] for name in ("second", "way", "rate", "queue_ms", "queue_most_ms", "out_kbps", "full")} for line in link]}


def run_publisher(case, picture, browsers):
    browsers.append(Browser(case.browser, "client", picture))
    publish(browsers[0], width=640, height=360, rate=30, canvas=case.browser == "firefox", encodings=[{"maxBitrate": case.kbps * 1000}])
    browsers[0].ask("bench.look(200)")
    begun = time.time()
    steps = steps_do(case, browsers[0], None, begun)
    return lines_of(begun, browsers[0].ask("bench.samples"), steps, None)


def run_viewers(case, picture, browsers):
    crowd = case.kind == "crowd"
    browsers.append(Browser("chromium", "peer", picture))
    publish(browsers[0], width=640 if crowd else 960, height=360 if crowd else 540, rate=15 if crowd else 20,
            encodings=encodings(CROWD if crowd else LAYERS))
    time.sleep(8)  # its own start
    browsers.append(Browser("chromium", "peer" if crowd else "client"))
    watch(browsers[1], OTHERS if crowd else 1, 500 if crowd else 100)
    watched, begun = Watched(crowd), time.time()
    steps = steps_do(case, browsers[0], watched, begun)
    if watched.bad is not None:
        browsers.append(watched.bad)
    return lines_of(begun, browsers[1].ask("bench.samples"), steps, watched)


def too_long(*_):
    raise Failed("it took too long")


def run(case, argument, pictures, path):
    """False: it did not come about, twice."""
    for attempt in range(2):
        browsers = []
        signal.alarm(int(case.end) + 180)
        try:
            lab_begin(*argument.split())
            lab("link", *case.link.split())
            size = {"publisher": (640, 360, 30), "viewer": (960, 540, 20), "crowd": (640, 360, 15)}[case.kind]
            if size not in pictures:
                pictures[size] = path.parent / f"{size[0]}x{size[1]}.y4m"
                film(pictures[size], *size)
            lines = (run_publisher if case.kind == "publisher" else run_viewers)(case, pictures[size], browsers)
            path.write_text(json.dumps(lines), encoding="utf-8")
            return True
        except (Failed, LookupError, OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"{case.name}: {type(error).__name__}: {error}" + ("; once more" if attempt == 0 else ""), file=sys.stderr)
        finally:
            signal.alarm(0)
            for browser in browsers:
                browser.end()
    return False


def path_of(folder, case, variant, number):
    return folder / f"{case.name}.{variant}.{number}.json"


def rounds_of(folder, case):
    """Those of which each variant is there."""
    found = []
    for number in range(99):
        paths = {variant: path_of(folder, case, variant, number) for variant in case.variants}
        if all(path.exists() for path in paths.values()):
            found.append({variant: Run(json.loads(path.read_text(encoding="utf-8"))) for variant, path in paths.items()})
    return found


def table_row(case, row, rounds):
    seen = [row.judge(runs) for runs in rounds]
    good = sum(bool(so) for _, so in seen)
    measured = ["; ".join(values[i] for values, _ in seen) if i < len(case.variants) else "" for i in range(2)]
    return f"| {case.title} | {row.what}: {row.must} | {measured[0]} | {measured[1]} | {'ok' if good == len(seen) else '**no**'}, {good} of {len(seen)} |"


def arguments_read():
    parser = argparse.ArgumentParser(prog="tests/bench/estimates")
    parser.add_argument("-l", action="store_true", help="list the cases")
    parser.add_argument("-j", action="store_true", help="judge the lines that are in the folder")
    parser.add_argument("-d", action="store_true", help="put the graphs into docs/")
    parser.add_argument("-r", type=int, default=1, help="rounds")
    parser.add_argument("-f", help="folder of lines and graphs")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no case {' '.join(sorted(unknown))}")
    return arguments


def main():
    arguments = arguments_read()
    cases = [case for case in CASES if not arguments.cases or case.name in arguments.cases]
    if arguments.l:
        for case in cases:
            print(f"{case.name:8} {len(case.variants) * case.end:4.0f} s  {case.title}")
        return 0
    signal.signal(signal.SIGALRM, too_long)
    folder = pathlib.Path(arguments.f or tempfile.mkdtemp(prefix="estimates."))
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for number in range(0 if arguments.j else arguments.r):
        for case in cases:
            for variant, argument in zip(case.variants, case.arguments):
                run(case, argument, pictures, path_of(folder, case, variant, number))
    print("| case | what, and what must be so | measured | without RemoteEstimate | verdict |\n|---|---|---|---|---|")
    missing = []
    for case in cases:
        rounds = rounds_of(folder, case)
        missing += [] if rounds else [case.name]
        if not rounds:
            continue
        for row in case.rows:
            print(table_row(case, row, rounds), flush=True)
        picture = graph(case, rounds[0], folder)
        if arguments.d:
            shutil.copy(picture, ROOT / "docs")
    print(f"the lines are in {folder}" + (f"; of these there are none: {' '.join(missing)}" if missing else ""), file=sys.stderr)
    return 1 if missing else 0


sys.exit(main())
