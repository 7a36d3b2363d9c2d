#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tests/bench/estimates judges: of lines as a run leaves them it says ok where all is well, and no where it is not."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "bench"))
sys.dont_write_bytecode = True
from estimates_cases import CASES  # noqa: E402


def rate(case, second):
    """kbit/s of a sender, or of what a viewer gets, that does as it should"""
    if case.kind == "viewer":
        return 3300 if second < 20 or second > 62 else 870 if second < 40 else 260
    return 950 if case.name in ("drop", "firefox") and second > 51 else case.kbps / 4


def sample(case, second, good):
    kbps = rate(case, second) if good else 3000 if second < case.steps[0].second + 3 else 1200
    frames = int(second * 15) if good or second < 30 else int(450 + max(second - 32, 0) * 5)
    peer = {"available_kbps": kbps, "bytes": 0, "frames": frames, "freezes": 0 if good or second < 40 else 2, "lost": 0,
            "plis": 1 if good or second < 30 else 5}
    return {"second": second, "peers": [dict(peer) for _ in range(19 if case.kind == "crowd" else 1)]}


def row(case, second, good):
    if case.kind == "viewer":
        layer = "f" if second < 21 or second > 63 else "h" if second < 41 else "q"
        return {"second": second, "layer": layer if good else "f", "estimate_kbps": 1000}
    found = {"second": second, "others": ["f" if good or int(second) % 9 else "h"] * 19, "key_frame_requests": int(second if good else 4 * second)}
    return {**found, "bad_layer": "q" if good else "f", "bad_frames": int(second * 10)} if second > case.steps[0].second else found


def write(folder, case, good):
    for variant in case.variants:
        samples, sent = [], 0
        for tenth in range(int(case.end * 10)):
            samples.append(sample(case, tenth / 10, good or variant == "without"))
            sent += samples[-1]["peers"][0]["available_kbps"] * 100 / 8
            for peer in samples[-1]["peers"]:
                peer["bytes"] = int(sent)
        lines = {
            "steps": [{"second": step.second, "name": step.name} for step in case.steps] + [{"second": case.end, "name": ""}],
            "samples": samples,
            "rows": [row(case, second / 2, good) for second in range(2 * int(case.end))] if case.kind != "publisher" else [],
            "link": [{"second": second, "way": way, "rate": 4000, "queue_ms": 20 if good else 180} for second in range(1, int(case.end) + 1)
                     for way in ("up", "down")],
        }
        (folder / f"{case.name}.{variant}.0.json").write_text(json.dumps(lines), encoding="utf-8")


def verdicts(good):
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            write(pathlib.Path(name), case, good)
        done = subprocess.run([ROOT / "tests/bench/estimates", "-j", "-f", name], capture_output=True, text=True, check=True)
        pictures = list(pathlib.Path(name).glob("*.svg"))
        assert len(pictures) == len(CASES), pictures
    return re.findall(r"^\| (.*) \| (?:(ok), 1 of 1|\*\*no\*\*, 0 of 1) \|$", done.stdout, re.MULTILINE)


def main():
    wanted = sum(len(case.rows) for case in CASES)
    failed = []
    for good in (True, False):
        seen = verdicts(good)
        if len(seen) != wanted:
            failed.append(f"{len(seen)} rows of {wanted}")
        failed += [f"{'well' if good else 'not well'}, and judged otherwise: {text}" for text, ok in seen if (ok == "ok") != good]
    print("\n".join(f"FAILED: {line}" for line in failed), file=sys.stderr)
    return 1 if failed else 0


sys.exit(main())
