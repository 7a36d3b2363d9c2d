# SPDX-License-Identifier: BSD-3-Clause
"""The graphs of tests/bench/estimates: what is drawn of a run, as CSV, and the SVG of that CSV."""

import csv
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "pictures"))
import svg  # noqa: E402

COLORS = {"with": "#1f6fb2", "without": "#c0392b", "link": "#888888", "delivered": "#1f6fb2", "estimate": "#2a8f3c", "queue": "#1f6fb2",
          "the other 19: least": "#1f6fb2", "the other 19: most": "#8fbbe0", "the bad one": "#c0392b"}
WIDTH, LEFT, RIGHT, TOP, PANEL, GAP = 900, 60, 20, 44, 210, 46


def link_line(run, way):
    """Mbit/s of the link; none where it has no limit."""
    return [(line["second"] - 0.5, line["rate"] / 1000) for line in run.lines["link"] if line["way"] == way and line["rate"] > 0 and line["second"] >= 0]


def queue_line(run, way):
    return [(line["second"] - 0.5, line["queue_ms"]) for line in run.lines["link"] if line["way"] == way and line["second"] >= 0]


def believes(run, case):
    if case.browser == "firefox":
        return [(second, rate / 1000) for second, rate in run.rates(2)]
    return [(sample["second"], sample["peers"][0]["available_kbps"] / 1000) for sample in run.lines["samples"] if "available_kbps" in sample["peers"][0]]


def frames_line(run, first, last, pick):
    """Frames a second of the last two, the least or the most of all."""
    line = []
    for second in range(int(first) + 2, int(last) + 1):
        seen = []
        for peer in range(len(run.lines["samples"][-1]["peers"])):
            frames = run.values("frames", second - 2, second, peer)
            if len(frames) > 1:
                seen.append((frames[-1] - frames[0]) / 2)
        if seen:
            line.append((second, pick(seen)))
    return line


def panels_of(case, runs):
    """[(title, {series: [(second, value)]})]"""
    first = next(iter(runs.values()))
    if case.kind == "publisher":
        what = "sent, Mbit/s" if case.browser == "firefox" else "availableOutgoingBitrate, Mbit/s"
        return [(what, {"link": link_line(first, "up"), **{name: believes(run, case) for name, run in runs.items()}}),
                ("queue of the link, ms", {name: queue_line(run, "up") for name, run in runs.items()})]
    if case.kind == "viewer":
        return [("Mbit/s", {"link": link_line(first, "down"), "delivered": [(second, rate / 1000) for second, rate in first.rates(1)],
                            "estimate": [(row["second"], row["estimate_kbps"] / 1000) for row in first.lines["rows"]]}),
                ("queue of the link, ms", {"queue": queue_line(first, "down")})]
    bad = [(row["second"], row["bad_frames"]) for row in first.lines["rows"] if row.get("bad_frames") is not None]
    return [("frames a second, decoded", {
        "the other 19: least": frames_line(first, 0, first.end, min), "the other 19: most": frames_line(first, 0, first.end, max),
        "the bad one": [(second, (count - before) / (second - since)) for (since, before), (second, count) in zip(bad, bad[5:])]})]


def csv_write(path, panels):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("panel", "series", "second", "value"))
        for title, series in panels:
            for name, line in series.items():
                out.writerows((title, name, f"{second:.1f}", f"{value:.3g}") for second, value in line)


def csv_read(path):
    panels = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            panels.setdefault(row["panel"], {}).setdefault(row["series"], []).append((float(row["second"]), float(row["value"])))
    return list(panels.items())


def round_up(value):
    """A number at the top of an axis, and how far its lines are apart."""
    value = max(value, 0.01)
    step = 10 ** math.floor(math.log10(value))
    for part in (0.2, 0.5, 1, 2):
        if value / (step * part) <= 6:
            return math.ceil(value / (step * part)) * step * part, step * part
    return value, value


def panel_draw(top, title, series, end, marks):
    most, apart = round_up(max((value for line in series.values() for _, value in line), default=1))
    bottom = top + PANEL

    def at(second, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * second / end, bottom - PANEL * min(value, most) / most

    drawn = [svg.text(LEFT, top - 6, title, font_size=12, fill="#333")]
    for i in range(round(most / apart) + 1):
        y = at(0, i * apart)[1]
        drawn += [svg.rect(LEFT, y, WIDTH - LEFT - RIGHT, 0.5, fill="#ccc"),
                  svg.text(LEFT - 6, y + 4, f"{i * apart:g}", font_size=11, text_anchor="end", fill="#333")]
    for second in range(0, int(end) + 1, 10):
        drawn.append(svg.text(at(second, 0)[0], bottom + 14, str(second), font_size=11, text_anchor="middle", fill="#333"))
    for second, name in marks:
        x = at(second, 0)[0]
        drawn += [svg.rect(x, top, 0.7, PANEL, fill="#555"), svg.text(x + 4, top + 12, name, font_size=11, fill="#555")]
    names = [name for name in series if series[name]]
    for i, name in enumerate(names):
        points = " ".join("{:.1f},{:.1f}".format(*at(second, value)) for second, value in series[name])
        drawn.append(f'<polyline fill="none" stroke="{COLORS[name]}" stroke-width="1.6" points="{points}"/>')
        drawn.append(svg.text(WIDTH - RIGHT - 110 * (len(names) - i), top - 6, name, font_size=12, fill=COLORS[name]))
    return drawn


def draw(title, panels, marks):
    end = max(second for _, series in panels for line in series.values() for second, _ in line)
    height = TOP + len(panels) * (PANEL + GAP)
    body = [svg.rect(0, 0, WIDTH, height, fill="white"), svg.text(LEFT, 18, title, font_size=14, fill="#111")]
    for i, (name, series) in enumerate(panels):
        body += panel_draw(TOP + i * (PANEL + GAP), name, series, end, marks)
    body.append(svg.text(WIDTH - RIGHT, height - 10, "seconds", font_size=11, text_anchor="end", fill="#333"))
    return svg.document(WIDTH, height, title, svg.SANS, body)


def graph(case, runs, folder):
    """FOLDER/NAME.csv and .svg; the path of the latter."""
    name = pathlib.Path(folder, f"estimates-{case.name}.csv")
    csv_write(name, panels_of(case, runs))
    marks = [(step["second"], step["name"]) for step in next(iter(runs.values())).steps if step["name"]]
    picture = name.with_suffix(".svg")
    picture.write_text(draw(case.title, csv_read(name), marks), encoding="utf-8")
    return picture
