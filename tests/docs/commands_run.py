#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Commands of README and docs/ that are no words of sluicectl (those are commands_test.sh's): each is run by a test, or it is said why by none.
Prints the list of them: PAGE: COMMAND: what runs it. usage: commands_run.py BUILD-FOLDER"""

import fnmatch
import glob
import os
import re
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = sys.argv[1]
SYSTEM = (r"git lscpu uname ip ethtool openssl curl turnutils_\w+ systemctl systemd-\w+ apt meson ninja coturn2sluice sluice-[a-z]+ dpdk-testpmd tools/\S+ "
          r"tests/\S+ build/\S+ sudoedit rmdir rm userdel tee podman crun cp tar dpkg echo chrt usermod head")
COMMAND = re.compile(rf"^(({'|'.join(SYSTEM.split())})(\s|$)|(user|password)=)")
PROGRAMS = {"sluice-capture": "tools/capture", "sluice-bench": "tools/bench", "sluice-dataplane": "dataplane", "sluice-controlplane": "controlplane"}
failed = False


def wrong(text):
    global failed
    failed = True
    print(f"FAILED: {text}", file=sys.stderr)


def plain(text):
    """Without comment, prompt, sudo and an environment."""
    text = re.sub(r"\s+# .*", "", text).strip()
    return re.sub(r"^([A-Z_]+=\S+ )+", "", re.sub(r"^(\$ )?(sudo )?", "", text))


def commands_of(page):
    block = language = None
    with open(page, encoding="utf-8") as file:
        for line in file:
            if line.startswith("```"):
                block, language = not block, line[3:].strip()
            elif block and language == "":
                yield plain(line)
            elif not block:
                yield from (plain(text) for text in re.findall(r"`([^`]+)`", line) if " " in text)


def smoke(words):
    for word in words[1:]:
        if not glob.glob(f"tests/smoke/{word}*_test.sh"):
            return None
    return "tools/check smoke"


def bench_script(words):
    return "by hand: it wants the machine, or minutes" if os.access(words[0], os.X_OK) else None


def fuzz(words):
    return "tools/check fuzz" if os.path.exists(f"tests/fuzz/{words[-1]}_fuzz.c") else None


def meson_test(words):
    names = [word for word in words[2:] if not word.startswith("-") and word not in ("build", "unit", "packet", "docs")]
    listed = " ".join(open(path, encoding="utf-8").read() for path in glob.glob("tests/*/meson.build"))
    return "tools/check unit" if all(re.search(rf"'{name}'|'{name}_test\.c'", listed) for name in names) else None


def sluice_bench(words):
    return "tools/check benches" if len(words) == 1 or words[1] in ("turn", "srtp", "gate", "webrtc", "regions") else None


def options_of(words):
    """Each option is one that the program says it has."""
    program = os.path.join(BUILD, PROGRAMS[words[0]], words[0])
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout
    for word in words[1:]:
        if re.match(r"^--?[a-z]", word) and not re.search(rf"(^|[\s,]){re.escape(word)}\b", said):
            return wrong(f"{words[0]} has no {word}")
    return True


RULES = [("tests/smoke/run", smoke), ("tests/bench/", bench_script), ("tests/fuzz/run", fuzz), ("meson test", meson_test),
         ("sluice-bench", sluice_bench)]
CAPTURES = "tests/smoke/capture_filter_test.sh and others"


def run_by(command, rows):
    words = command.split("|")[0].split()
    if words[0] in PROGRAMS and not options_of(words):
        return None
    for begin, rule in RULES:
        if command.startswith(begin):
            return rule(words)
    for pattern, file, needle in rows:
        if fnmatch.fnmatchcase(command, pattern):
            used.add(pattern)
            return f"none: {needle}" if file == "-" else file
    if words[0] == "sluice-capture":
        return CAPTURES
    if words[0].startswith(("tools/", "tests/")) and os.access(words[0], os.X_OK):
        return "by hand"
    return "tools/check smoke (each start of the lab)" if words[0] == "sluice-dataplane" else None


with open("tests/docs/commands_run.txt", encoding="utf-8") as file:
    table = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
used, count, none = set(), 0, 0
for pattern, path, needle in table:
    if path != "-" and not re.search(needle, open(path, encoding="utf-8").read()):
        wrong(f"commands_run.txt: {path} has no '{needle}'")
for page in ["README.md", "CONTRIBUTING.md", *sorted(glob.glob("docs/*.md"))]:
    for command in sorted(set(commands_of(page))):
        if not COMMAND.match(command):
            continue
        by = run_by(command, table)
        count += 1
        none += bool(by and by.startswith(("none", "by hand")))
        print(f"{page}: {command}: {by}")
        if not by:
            wrong(f"{page}: '{command}' is run by no test, and tests/docs/commands_run.txt does not say why")
for pattern, _, _ in table:
    if pattern not in used:
        print(f"commands_run.txt: no page has '{pattern}' any more")
if count < 150:
    wrong(f"only {count} commands were found")
print(f"{count} commands, {count - none} of them by a test")
sys.exit(failed)
