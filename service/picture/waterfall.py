"""A bridge as a picture: a waterfall, as SVG that can be printed and needs no script. Pure.

Every bar bears its number in words beside it, so that nothing depends on colour; the table beside it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final
from xml.sax.saxutils import escape

from msgspec import Struct

from service.clock import day_in_words, london_date
from service.picture.bridge_export import Told, in_words, moved_by, moves_most_alone
from service.picture.national import Counts

_TOP: Final = 24
_LINE: Final = 20
_BAR: Final = 30
_GAP: Final = 14
_RISES, _FALLS, _STANDS = "#00703c", "#d4351c", "#1d70b8"


class Layout(Struct, frozen=True, kw_only=True):
    """Where bars and words stand: bars from ``left`` on, their numbers in what is left at the ``right``, and words
    before them or above, ``characters`` a line; ``caption``: those a line of what it is of. ``name`` is the id of the
    picture's title."""

    name: str
    width: int
    left: int
    right: int
    characters: int
    caption: int
    is_above: bool


WIDE: Final = Layout(name="bridge-title", width=960, left=430, right=90, characters=58, caption=118, is_above=False)
NARROW: Final = Layout(
    name="bridge-title-narrow", width=360, left=2, right=76, characters=44, caption=44, is_above=True
)
"""For a phone, where the words of the wide one would be too small to read."""


class Bar(Struct, frozen=True):
    """One bar: from where to where, and what is written beside it."""

    label: str
    low: int
    high: int
    number: str
    colour: str


def bars(told: Told) -> list[Bar]:
    """Opening, what each part moved, closing."""
    return list(_bars(told))


def _bars(told: Told) -> Iterator[Bar]:
    """Of what is in scope; where none of that moved, of how many it may be at most."""
    item = told.bridge
    at_most = moves_most_alone(item)
    said = ", at most" if at_most else ""
    stands = _stock(item.opening, at_most=at_most)
    yield Bar(f"Opening{said}", 0, stands, f"{stands:,}", _STANDS)
    for words, delta in moved_by(told):
        moved = delta.in_scope + (delta.undetermined if at_most else 0)
        if moved:
            ends = stands + moved
            sign = "+" if moved > 0 else "\N{MINUS SIGN}"
            colour = _RISES if moved > 0 else _FALLS
            yield Bar(words, min(stands, ends), max(stands, ends), f"{sign}{abs(moved):,}", colour)
            stands = ends
    ends = _stock(item.closing, at_most=at_most)
    yield Bar(f"Closing{said}", 0, ends, f"{ends:,}", _STANDS)


def _stock(counts: Counts, *, at_most: bool) -> int:
    return counts.in_scope + (counts.undetermined if at_most else 0)


def _caption(told: Told) -> str:
    """What the picture is of, so that a copy of it says so."""
    ends = (
        f"change {end.position:,} ({day_in_words(london_date(end.at))}) under {end.edition.name}"
        for end in (told.opening, told.closing)
    )
    of = "how many it may be at most" if moves_most_alone(told.bridge) else "what is in scope"
    return f"From {' to '.join(ends)}: {of}"


def waterfall(told: Told, layout: Layout = WIDE) -> str:
    """The picture of a bridge."""
    rows = bars(told)
    most = max([bar.high for bar in rows] + [1])
    caption = wrap(_caption(told), layout.caption)
    drawn = [
        f'<text x="2" y="{_TOP + _LINE * place}" fill="#0b0c0c">{escape(line)}</text>'
        for place, line in enumerate(caption)
    ]
    y = _TOP + _LINE * len(caption)
    for bar in rows:
        lines = wrap(bar.label, layout.characters)
        drawn.append(_drawn(bar, lines, y, layout, most))
        y += _height(lines, layout)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {layout.width} {y + _TOP}" role="img" '
        f'aria-labelledby="{layout.name}" font-family="arial, sans-serif" font-size="16">'
        f'<title id="{layout.name}">{escape(in_words(told))}</title>'
        f'<rect width="{layout.width}" height="{y + _TOP}" fill="#ffffff"/>{"".join(drawn)}</svg>'
    )


def _height(lines: Sequence[str], layout: Layout) -> int:
    """What a bar takes with its words and the space below it."""
    words = _LINE * len(lines)
    return _GAP + (words + _BAR if layout.is_above else max(words, _BAR))


def _drawn(bar: Bar, lines: Sequence[str], y: int, layout: Layout, most: int) -> str:
    scale = (layout.width - layout.left - layout.right) / most
    x, width = layout.left + bar.low * scale, max((bar.high - bar.low) * scale, 1.0)
    if layout.is_above:
        first, bar_y, at, anchor = y + 15, y + _LINE * len(lines), layout.left, "start"
    else:
        first, bar_y, at, anchor = y + 21 - _LINE * (len(lines) - 1) // 2, y, layout.left - 12, "end"
    said = "".join(
        f'<text x="{at}" y="{first + _LINE * place}" text-anchor="{anchor}" fill="#0b0c0c">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    return (
        f'{said}<rect x="{x:.1f}" y="{bar_y}" width="{width:.1f}" height="{_BAR}" fill="{bar.colour}"/>'
        f'<text x="{x + width + 8:.1f}" y="{bar_y + 21}" fill="#0b0c0c">{escape(bar.number)}</text>'
    )
