# SPDX-License-Identifier: BSD-3-Clause
"""What both pictures need: text in SVG, and the choice between writing a picture and checking it."""

import sys
from xml.sax.saxutils import escape

MONO = "ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace"
SANS = "system-ui, 'DejaVu Sans', 'Liberation Sans', Helvetica, Arial, sans-serif"


def document(width, height, title, family, body):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" font-family="{family}">\n<title>{escape(title)}</title>\n' + "\n".join(body) + "\n</svg>\n"
    )


def rect(x, y, width, height, **style):
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{attributes(style)}/>'


def text(x, y, words, **style):
    return f'<text x="{x:g}" y="{y:g}"{attributes(style)}>{escape(words)}</text>'


def attributes(style):
    return "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())


def finish(picture, arguments):
    """--check FILE: whether it is this picture; else to stdout."""
    if arguments[:1] != ["--check"]:
        sys.stdout.write(picture)
        return 0
    with open(arguments[1], encoding="utf-8") as file:
        if file.read() == picture:
            return 0
    print(f"{arguments[1]} is not what {sys.argv[0]} draws: draw it again", file=sys.stderr)
    return 1
