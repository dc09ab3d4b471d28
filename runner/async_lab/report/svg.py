"""SVG by hand: elements, and the one style sheet of all charts.

Horizontal positions are percentages of the chart's width, vertical ones pixels: a chart is as wide as the page gives it
room, and its text stays as large as the page's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

STANDALONE_WIDTH = 760
"""Pixels, where a chart is a file of its own."""

_FONT, _FONT_IN_FULL = "font:12px/1 system-ui,sans-serif", "font-size:12px;font-family:system-ui,sans-serif"
STYLE = """
.chart{font:12px/1 system-ui,sans-serif;overflow:visible;display:block}
.chart text{fill:var(--ink)}.chart .soft{fill:var(--soft)}
.chart .halo{paint-order:stroke;stroke:var(--paper);stroke-width:6px}
.grid{stroke:var(--line)}.base{stroke:var(--soft)}
.wait{stroke:var(--soft);stroke-width:2;stroke-dasharray:2 3}.run{fill:var(--run)}
.limit{stroke:var(--limit);stroke-width:2;stroke-dasharray:6 3}.limit-text{color:var(--limit);white-space:nowrap}
.alarm{fill:var(--alarm)}.alarm-strip{fill:var(--lost)}
.bar{fill:var(--run)}.none{fill:url(#none)}
.chart tspan{stroke:none}.inferred{opacity:.65}.chart .on-run{fill:#fff}
.dropped{fill:var(--lost);stroke:var(--lost)}.failed,.timed-out{fill:var(--bad);stroke:var(--bad)}
.system-error{fill:var(--odd);stroke:var(--odd)}.throttled{fill:var(--late);stroke:var(--late)}
.succeeded{fill:var(--good);stroke:var(--good)}.waiting{fill:var(--wait)}
.mark{stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
"""
COLORS = """--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--run:#3572b0;--wait:#c3cad3;
--good:#1a7f37;--late:#9a6700;--bad:#bc4c00;--lost:#cf222e;--odd:#8250df;--limit:#0a6b7c;--alarm:#cf222e22"""
DARK_COLORS = """--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#161b22;--run:#4d8fd6;
--wait:#414a55;--good:#3fb950;--late:#d29922;--bad:#f0883e;--lost:#ff7b72;--odd:#bc8cff;--limit:#39c5cf;--alarm:#ff7b7233"""
DEFINITIONS = """<defs>
<pattern id="none" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
<line y2="6" class="base" stroke-width="2"/></pattern>
<g id="dropped" class="mark dropped"><path d="M-5-5H5L0 5Z"/></g>
<g id="failed" class="mark failed"><path d="M-4-4 4 4M4-4-4 4"/></g>
<g id="timed-out" class="mark timed-out"><path d="M-4-5H4L-4 5H4Z" fill="none"/></g>
<g id="system-error" class="mark system-error"><path d="M0-5 5 0 0 5-5 0Z"/></g>
<g id="throttled" class="mark throttled"><circle r="3.5" fill="var(--paper)"/></g>
<g id="succeeded" class="mark succeeded"><path d="M-5 0-1 4 5-4" fill="none"/></g>
</defs>"""


def element(name: str, content: str = "", title: str = "", **attributes: object) -> str:
    """Return an element. ``class_`` is the attribute class, ``text_anchor`` text-anchor; a title is shown on hover."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = (f"<title>{escape(title)}</title>" if title else "") + content
    return f"<{name}{given}>{inner}</{name}>" if inner else f"<{name}{given}/>"


def percent(part: float, whole: float) -> str:
    """Return a horizontal position."""
    return f"{_number(100 * part / whole if whole else 0)}%"


def text(x: str, y: float, words: str, *, anchor: str | None = None, class_: str | None = None) -> str:
    """Return words at a place; ``anchor`` is start, middle or end."""
    return element("text", escape(words), x=x, y=y, text_anchor=anchor, class_=class_)


def chart(parts: Iterable[str], height: float, label: str, *, is_decoration: bool = False) -> str:
    """Return a chart for a page that has the definitions and the style sheet; ``label`` says what it shows."""
    seen = {"aria_hidden": "true"} if is_decoration else {"role": "img", "aria_label": label}
    return element("svg", "".join(parts), class_="chart", width="100%", height=height, **seen)


def standalone(parts: Iterable[str], height: float, label: str) -> str:
    """Return a chart that is a file of its own, light or dark as its reader has it."""
    style = f"svg{{{COLORS};background:var(--paper)}}@media(prefers-color-scheme:dark){{svg{{{DARK_COLORS}}}}}{STYLE}"
    margin = 16
    inner = element(
        "svg",
        "".join(parts),
        x=margin,
        y=margin,
        width=STANDALONE_WIDTH - 2 * margin,
        height=height,
        overflow="visible",
    )
    return element(
        "svg",
        f"<style>{style}</style>{DEFINITIONS}{inner}",
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
        width=STANDALONE_WIDTH,
        height=height + 2 * margin,
        role="img",
        aria_label=label,
    )


def in_plain_style(drawn: str) -> str:
    """Return a chart that is a file of its own for readers of little CSS: no variables, no media query, no shorthand.

    Its colors are the light ones.
    """
    colors = dict(pair.split(":") for pair in COLORS.replace("\n", "").removeprefix("--").split(";--"))
    light = re.sub(r"@media\(prefers-color-scheme:dark\)\{svg\{[^}]*\}\}", "", drawn)
    light = light.replace(_FONT, _FONT_IN_FULL)
    return re.sub(r"var\(--(\w+)\)", lambda found: colors[found[1]], light)


def _written(value: object) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
