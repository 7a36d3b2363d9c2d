# SPDX-License-Identifier: BSD-3-Clause
"""The laboratory and browsers in it, for tests/bench/estimates."""

import json
import os
import pathlib
import select
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAB = ROOT / "tools" / "lab"
ANSWER = 60  # seconds for an expression
SERVERS = {"client": "198.18.1.1", "peer": "198.18.2.1"}


class Failed(Exception):
    """A run did not come about: it says nothing of estimates."""


def lab(*words, **environment):
    done = subprocess.run([LAB, *words], env={**os.environ, **environment}, capture_output=True, text=True, timeout=180, check=False)
    if done.returncode != 0:
        raise Failed(f"lab {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def rows(*request):
    return json.loads(lab("ctl", "-j", *request))


def lab_begin(*arguments):
    lab("down")
    lab("up", LAB_DATAPLANE_ARGS=" ".join(arguments))
    # the page for browsers behind dp, where no link is in the way
    lab("ctl", "webrtc", "listen", f"{SERVERS['peer']}:3478")
    lab("ctl", "http", "listen", f"{SERVERS['peer']}:8080")


def link_log():
    """What the link did in each second, both ways."""
    lines = pathlib.Path(os.environ["LAB_STATE"], "link.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def film(path, width, height, rate):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate={rate}",
                    "-vf", "noise=alls=60:allf=t", "-t", "3", "-pix_fmt", "yuv420p", path], check=True, timeout=120)


class Browser:
    """tools/lib/browser.js on one side of the laboratory, with estimates_page.js in its page."""

    def __init__(self, kind="chromium", host="client", picture=""):
        command = [LAB, "exec", host, "timeout", "600", "node", ROOT / "tools/lib/browser.js", kind, f"http://{SERVERS[host]}:8080/",
                   os.environ["NODE_MODULES"]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        env={**os.environ, "BROWSER_FILM": str(picture)})
        self.rest = b""
        if self._line(120) != {"ready": True}:
            self.end()
            raise Failed(f"{kind} does not start")
        script = pathlib.Path(__file__).with_name("estimates_page.js").read_text(encoding="utf-8")
        self.ask(" ".join(line for line in script.splitlines() if not line.startswith("//")))

    def _line(self, seconds):
        end = time.monotonic() + seconds
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], max(end - time.monotonic(), 0))[0]:
                raise Failed(f"a browser says nothing for {seconds} s")
            read = os.read(self.process.stdout.fileno(), 1 << 20)
            if not read:
                raise Failed("a browser has ended")
            self.rest += read
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def ask(self, expression):
        self.process.stdin.write(expression.encode() + b"\n")
        value = self._line(ANSWER)
        if isinstance(value, dict) and "error" in value:
            raise Failed(value["error"])
        return value

    def connected(self, seconds=30):
        end = time.monotonic() + seconds
        while not self.ask("bench.connected()"):
            if time.monotonic() > end:
                raise Failed("a browser does not connect")
            time.sleep(0.2)

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
