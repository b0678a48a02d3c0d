"""Number formats that show more, less or another thing than the number: ``0"+"`` shows 3 as ``3+``, ``0,`` 3000 as 3.

A format may have several sections: by the sign of a number, or by conditions of their own. Only what a person reads is
worked out, not how wide it is or in what colour.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from service.contract.values import BLANKS

LONGEST_FORMAT: Final = 500
_PIECES: Final = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<marked>.)|_.|[*](?P<fill>.)|\[\$(?P<sign>[^\]-]*)[^\]]*\]'
    r"|\[(?P<when><=|>=|<>|<|>|=)\s*(?P<than>-?[0-9.]+)\s*\]|\[[^\]]*\]"
    r"|(?P<general>general|@)|(?P<power>E[+-])|(?P<end>;)|(?P<one>.)",
    re.IGNORECASE | re.DOTALL,
)
_PLACES: Final = "0#?"
_PADDED: Final = frozenset(f"0{digit}" for digit in range(10))
_SIGNS: Final = f"{_PLACES}.,%/"
_THOUSANDS: Final = re.compile(r"(?<=[0#?])(,+)(?![0#?,])")
"""Commas behind the last digit: each shows a thousandth."""
_WHEN: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_NUMERIC: Final = 3
"""So many sections are of numbers; what stands behind them is of texts."""


class Condition(NamedTuple):
    """Of which numbers a section is."""

    when: str
    than: float

    def holds(self, number: float) -> bool:
        return _WHEN[self.when](number, self.than)


class Section(NamedTuple):
    """One way to show a number: texts that stand for themselves, and signs (``0``, ``#``, ``.``, ``%``; ``G`` for
    General), each with whether it is a sign. ``of`` is the condition that the section has itself."""

    pieces: tuple[tuple[str, bool], ...]
    of: Condition | None

    @property
    def signs(self) -> str:
        return "".join(piece for piece, is_sign in self.pieces if is_sign)

    @property
    def has_text(self) -> bool:
        """Whether it shows anything of its own that can be seen."""
        return any(piece.strip(BLANKS) for piece, is_sign in self.pieces if not is_sign)

    @property
    def scale(self) -> float:
        """What a number is multiplied by before it is shown."""
        return 100.0 ** self.signs.count("%") / 1000.0 ** sum(map(len, _THOUSANDS.findall(self.signs)))

    @property
    def shows_each(self) -> bool:
        """Whether any number is shown as itself, with nothing beside it: ``#`` shows no 0."""
        signs = self.signs
        return bool(set("G0/") & set(signs)) and not self.has_text and self.scale == 1

    def shown(self, number: float, *, has_sign: bool) -> str:
        """What a person reads; ``has_sign``: the section is of negative numbers, and says so itself or not at all."""
        digits = _Digits(self.signs, abs(number) * self.scale)
        shown = "".join(digits.at(piece) if is_sign else piece for piece, is_sign in self.pieces).strip(BLANKS)
        return f"-{shown}" if shown and number < 0 and not has_sign else shown


class _Digits:
    """Hands out the digits of a number to the places of a section, from the left."""

    def __init__(self, signs: str, number: float) -> None:
        whole, _, behind = signs.partition(".")
        self._plain = f"{number:.15g}"
        self._is_whole = "G" in signs or "E" in signs or "/" in signs
        self._groups = re.search(r"[0#?],+[0#?]", whole) is not None
        places = sum(whole.count(mark) for mark in _PLACES)
        decimals = sum(behind.count(mark) for mark in _PLACES)
        text, _, self._behind = f"{number:.{min(decimals, 15)}f}".partition(".")
        text = "" if text == "0" else text
        self._first = max(0, len(text) - places)
        self._digits = text.rjust(max(places, len(text)))
        self._place, self._is_behind = 0, False

    def at(self, sign: str) -> str:
        """What stands in the place of a sign."""
        if self._is_whole:
            # a fraction, or a power of ten, is of the number as a whole
            text, self._plain = (self._plain, "") if sign in "G0#?" else ("", self._plain)
            return text
        if sign == ".":
            self._is_behind = True
            return "." if self._behind else ""
        if sign not in _PLACES:
            return "%" if sign == "%" else ""
        if self._is_behind:
            digit, self._behind = self._behind[:1], self._behind[1:]
            return digit if sign == "0" or digit != "0" or self._behind.strip("0") else ""
        end = self._place + 1 + (self._first if not self._place else 0)
        digits, start = self._digits[self._place : end], self._place
        self._place = end
        return "".join(self._grouped(digit, start + place, sign) for place, digit in enumerate(digits))

    def _grouped(self, digit: str, place: int, sign: str) -> str:
        digit = digit if digit != " " else "0" if sign == "0" else ""
        left = len(self._digits) - place - 1
        return f"{digit}," if digit and self._groups and left and not left % 3 else digit


class Dressed(NamedTuple):
    """A format by which at least some numbers are not read as what they are."""

    sections: tuple[Section, ...]

    @classmethod
    def of(cls, code: str) -> Dressed:
        """A format of several sections."""
        return dressed(code) or cls(())

    @property
    def has_text(self) -> bool:
        return any(section.has_text for section in self.sections)

    def shown(self, number: float) -> str | None:
        """What a person reads of a number; None where that is the number, and nothing beside it."""
        place = self._place_for(number)
        if place is None:
            return "###"  # as spreadsheets say that no section is of it
        section = self.sections[place]
        is_own = place == 1 and number < 0 and section.of is None
        shown = section.shown(number, has_sign=is_own)
        if is_own and section.scale == 1:
            return None if _is_below_0(shown) else shown
        is_other = section.has_text or section.scale != 1 or not shown or shown.lstrip("-")[:2] in _PADDED
        return shown if is_other else None

    def _place_for(self, number: float) -> int | None:
        count = len(self.sections)
        if count == 1 and self.sections[0].of is None:
            return 0
        for place, section in enumerate(self.sections):
            if (section.of or _by_sign(place, count, has_own=self.sections[0].of is not None)).holds(number):
                return place
        return None


_ANY: Final = Condition("<>", float("inf"))


def _by_sign(place: int, count: int, *, has_own: bool) -> Condition:
    """Of which numbers a section is that does not say it, by its place."""
    if place == 0 and count > 1:
        return Condition(">=" if count == 2 else ">", 0)
    return Condition("<", 0) if place == 1 and count > 2 and not has_own else _ANY


def _is_below_0(shown: str) -> bool:
    """Whether a negative number has its sign, and no other text."""
    try:
        return float(shown.replace(",", "").replace(" ", "")) < 0
    except ValueError:
        return False


def dressed(code: str) -> Dressed | None:
    """The format, where it is not one that shows every number as itself, as ``0``, ``#,##0``, ``0.00`` and ``@`` do."""
    sections: list[Section] = []
    pieces: list[tuple[str, bool]] = []
    of: Condition | None = None
    is_of_text = False
    for found in _PIECES.finditer(f"{code[:LONGEST_FORMAT] or 'General'};"):
        kind, text = found.lastgroup, found[found.lastgroup or 0]
        if kind == "end":
            if len(sections) < _NUMERIC and not (is_of_text and sections):
                sections.append(Section(tuple(pieces), of))
            pieces, of, is_of_text = [], None, False
        elif kind == "than":
            of = Condition(found["when"], _number(text))
        elif kind in ("general", "power"):
            pieces.append((kind[0].upper().replace("P", "E"), True))
            is_of_text = is_of_text or text == "@"
        elif kind == "one" and text in _SIGNS:
            pieces.append((text, True))
        elif kind is not None:
            pieces.append((text, False))
    is_plain = len(sections) == 1 and sections[0].shows_each and sections[0].of is None
    return None if is_plain else Dressed(tuple(sections))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
