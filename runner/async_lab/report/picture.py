"""The timeline as PNG: the SVG, drawn by resvg, which is an extra."""

from __future__ import annotations

from collections.abc import Callable

from async_lab.errors import EnvironmentFailure, UsageError
from async_lab.report import svg

_ZOOM = 2
"""Pixels for each of the SVG's, so that it is sharp on today's screens."""
_FONTS = ("DejaVu Sans", "Helvetica", "Arial", "Segoe UI", "Liberation Sans", "Noto Sans", "Cantarell", "Ubuntu")
"""What systems come with. resvg doesn't choose one by itself, and leaves words out without a sign."""
_WORD = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15">{}</text></svg>'


def png(drawn: str) -> bytes:
    """Return a chart that is an SVG file of its own as a PNG, in light colors.

    Raises UsageError when resvg isn't installed, EnvironmentFailure on a machine without fonts.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise UsageError("PNG takes resvg-py, which is not installed: pip install 'async-lab[png]'") from error
    font = _font(svg_to_bytes)
    return bytes(svg_to_bytes(svg_string=svg.in_plain_style(drawn), zoom=_ZOOM, sans_serif_family=font))


def _font(draw: Callable[..., bytes]) -> str:
    """Return a font that this machine has. One that it hasn't is drawn in the machine's serifs, or not at all."""
    nothing = draw(svg_string=_WORD.format(""))
    instead = draw(svg_string=_WORD.format("m"), font_family="no such font")
    for font in _FONTS:
        if draw(svg_string=_WORD.format("m"), font_family=font) not in (nothing, instead):
            return font
    if instead != nothing:
        return _FONTS[0]
    raise EnvironmentFailure(
        f"This machine has none of the fonts {', '.join(_FONTS)}, and the picture's words would be missing: "
        "install one (such as Debian's fonts-dejavu-core), or export --format svg."
    )
