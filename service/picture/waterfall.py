"""A bridge as a picture: a waterfall, as SVG that can be printed and needs no script. Pure.

Every bar bears its number in words beside it, so that nothing depends on colour; the table beside it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from msgspec import Struct

from service.picture.bridge import Bridge
from service.picture.bridge_export import CAUSES, Told, by_cause, in_words

_WIDTH: Final = 960
_ROW: Final = 44
_LEFT: Final = 430
_RIGHT: Final = 90
_TOP: Final = 24
_RISES, _FALLS, _STANDS = "#00703c", "#d4351c", "#1d70b8"


class Bar(Struct, frozen=True):
    """One bar: from where to where, and what is written beside it."""

    label: str
    low: int
    high: int
    number: str
    colour: str


def bars(item: Bridge) -> list[Bar]:
    """Opening, what each cause moved, closing."""
    return list(_bars(item))


def _bars(item: Bridge) -> Iterator[Bar]:
    stands = item.opening.in_scope
    yield Bar("Opening", 0, stands, f"{stands:,}", _STANDS)
    for cause, delta in by_cause(item):
        if delta.in_scope:
            ends = stands + delta.in_scope
            sign = "+" if delta.in_scope > 0 else "\N{MINUS SIGN}"
            words = CAUSES[cause][0].upper() + CAUSES[cause][1:]
            colour = _RISES if delta.in_scope > 0 else _FALLS
            yield Bar(words, min(stands, ends), max(stands, ends), f"{sign}{abs(delta.in_scope):,}", colour)
            stands = ends
    yield Bar("Closing", 0, item.closing.in_scope, f"{item.closing.in_scope:,}", _STANDS)


def waterfall(told: Told) -> str:
    """The picture of a bridge."""
    rows = bars(told.bridge)
    most = max([bar.high for bar in rows] + [1])
    height = _TOP * 2 + _ROW * len(rows)
    said = escape(in_words(told))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="bridge-title" font-family="arial, sans-serif" font-size="16">',
        f'<title id="bridge-title">{said}</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for place, bar in enumerate(rows):
        parts.append(_drawn(bar, place, most))
    return "".join([*parts, "</svg>"])


def _drawn(bar: Bar, place: int, most: int) -> str:
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    x, width = _LEFT + bar.low * scale, max((bar.high - bar.low) * scale, 1.0)
    y, middle = _TOP + place * _ROW, _TOP + place * _ROW + 21
    return (
        f'<text x="{_LEFT - 12}" y="{middle}" text-anchor="end" fill="#0b0c0c">{escape(bar.label)}</text>'
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="30" fill="{bar.colour}"/>'
        f'<text x="{x + width + 8:.1f}" y="{middle}" fill="#0b0c0c">{escape(bar.number)}</text>'
    )
