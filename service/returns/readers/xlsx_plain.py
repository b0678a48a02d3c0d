"""Rows of a sheet in the one form in which programs write them, cut into cells without parsing XML.

Nine rows in ten thousand are of another form, or none. What the XML parser would make of such a row is known
beforehand: patterns have to cover all of it, and take no entity, no comment and nothing that is not ASCII. Rows of
which that is not certain are left to the parser.

A row is cut where its cells begin, and what is left of a cell, its own row's number taken out, is looked up: cells that
are written alike say the same, so a pattern looks at each way of writing once, and not at each cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from service.contract.values import BLANKS
from service.returns.readers.block import LONGEST_ROW
from service.returns.readers.xlsx_book import LONGEST_TEXT, Look, unescaped
from service.returns.readers.xlsx_cells import Cells, Odd, OddDay

LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384

END: Final = b"</row>"
SHEET_DATA: Final = b"<sheetData>"

_REMEMBERED: Final = 50_000
MARK: Final = b"\0"
"""Put in place of the row's number and the quotation mark after it: no XML has this character, so a cell of the plain
form has it once, where the number stood."""
_CELL: Final = b'<c r="'
_TEXT: Final = rb"[^<&\x00-\x1f\x7f-\xff]*+"
_ROW: Final = b"<row r="
_TO_CELL: Final = b">" + _CELL
_HEAD: Final = re.compile(rb'\s*+<row r="([1-9][0-9]{0,6})"((?: [A-Za-z0-9:.]{1,30}="[^"<&>\x00-\x1f\x7f-\xff]*+")*+)')
_ATTRIBUTE: Final = re.compile(rb' ([A-Za-z0-9:.]+)="')
_WRITTEN: Final = re.compile(
    rb'([A-Z]{1,3})%b(?: s="([0-9]{1,5})")?+(?: t="([a-zA-Z]{1,9})")?+'
    rb"(?:/>|><v>(%b)</v></c>|><is><t(?: xml:space=\"preserve\")?+>(%b)</t></is></c>)" % (MARK, _TEXT, _TEXT)
)
_TO_VALUE: Final = b"><v>"
_VALUE_END: Final = b"</v></c>"
_BEFORE_END: Final = -len(_VALUE_END)
_TO_OWN: Final = b"><is><t>"
_OWN_END: Final = b"</t></is></c>"
_BEFORE_OWN_END: Final = -len(_OWN_END)
_DIGITS_OF_DAYS: Final = 7
_NO_CELLS: Final[dict[int, str]] = {}
_SHORT: Final = 8_192
"""In characters: a row of which all texts are surely not longer is not measured."""


class SheetRow(Struct, gc=False):
    """``number`` is that which the person sees beside it."""

    number: int
    cells: dict[int, str]
    """By column from 0, without those that are empty; none where the row is spread."""
    length: int = 0
    """Of all its texts, at least roughly."""
    last: int = -1
    """The last column that has a value."""
    written: int = 0
    """With so many cells it is written."""
    spread: list[str] | None = None
    """The cells from the first column to the last that the heading has, blanks and all."""


class _NotPlain(Exception):
    """A cell is not surely of the plain form."""


class PlainRows:
    """Reads rows of one sheet, where they are of the plain form. ``odd``: the columns in which a cell was ``Odd``."""

    def __init__(self, cells: Cells) -> None:
        self._known = _Known(cells)
        self.odd = self._known.odd
        self._blank: list[str] = []
        self._taken: set[bytes] = set()
        """What stood beside the numbers of rows that were taken."""

    def spread(self, width: int, days: frozenset[int]) -> None:
        """From here on rows come spread over the columns of a heading. In ``days``, columns of dates, a day is nothing
        odd."""
        self._known.spread(days)
        self._blank = [""] * width

    def read(self, pieces: Sequence[bytes], place: int, after: int) -> Iterator[SheetRow]:
        """The rows of which these are the texts without the end tag, from ``place`` on, as far as they are surely of
        the plain form: numbers ascend ``after`` one, and cells are in order."""
        taken, number = self._taken, after
        for index in range(place, len(pieces)):
            head, _, rest = pieces[index].partition(_TO_CELL)
            opening, _, behind = head.partition(b'"')
            number += 1
            name = b'%d"' % number
            if opening != _ROW or not behind.startswith(name) or behind[len(name) :] not in taken:
                found = _HEAD.fullmatch(head)  # it is not the next row, or none like those before
                if found is None or not self._takes(found[2]):
                    return
                number, name = int(found[1]), found[1] + b'"'
            if not rest or not after < number <= LAST_ROW:
                return
            row = self._row(number, rest.replace(name, MARK).split(_CELL))
            if row is None:
                return
            after = number
            yield row

    def _row(self, number: int, written: Sequence[bytes]) -> SheetRow | None:
        """The row of cells as they are written; None where that is not surely of the plain form."""
        if not self._blank:
            return self._wide(number, written)
        known, spread, before = self._known, self._blank.copy(), -1
        try:
            for place, text in map(known.__getitem__, written):
                if place <= before:
                    return None
                spread[place] = text
                before = place
        except IndexError:  # it is wider than the heading
            return self._wide(number, written)
        except _NotPlain:
            return None
        length = known.longest * len(written)
        if length > _SHORT:
            length = sum(map(len, spread))
            if length > LONGEST_ROW // 2:  # the parser knows whether that is too long
                return None
        if known.has_blanks and not spread[before].strip(BLANKS):
            before = next((place for place in range(before, -1, -1) if spread[place].strip(BLANKS)), -1)
        return SheetRow(number, _NO_CELLS, length, before, len(written), spread)

    def _wide(self, number: int, written: Sequence[bytes]) -> SheetRow | None:
        try:
            cells = dict(map(self._known.__getitem__, written))
        except _NotPlain:
            return None
        length = sum(map(len, cells.values()))
        if len(cells) != len(written) or list(cells) != sorted(cells) or length > LONGEST_ROW // 2:
            return None
        cells = {place: text for place, text in cells.items() if text}
        return SheetRow(number, cells, length, last_of(cells), len(written))

    def _takes(self, attributes: bytes) -> bool:
        """Whether a row may have these beside its number: no hidden row, and none twice."""
        names = [b"r", *_ATTRIBUTE.findall(attributes)]
        if b"hidden" in attributes or len(set(names)) < len(names):
            return False
        if len(self._taken) >= _REMEMBERED:
            self._taken.clear()
        self._taken.add(attributes)
        return True


def last_of(cells: dict[int, str]) -> int:
    """The last column that has a value; -1 where none has."""
    last = next(reversed(cells), -1)
    if last >= 0 and not cells[last].strip(BLANKS):
        return next((place for place in reversed(cells) if cells[place].strip(BLANKS)), -1)
    return last


class _Known(dict[bytes, tuple[int, str]]):
    """Place and text of cells, by how they are written behind the mark of their beginning. Remembered, and not for
    ever."""

    def __init__(self, cells: Cells) -> None:
        super().__init__()
        self._cells = cells
        self._counts: dict[bytes, tuple[int, Callable[[bytes], str | None]]] = {}
        """How cells begin that have nothing but digits, for which there is a quick reading."""
        self._owns: dict[bytes, int] = {}
        """How cells begin that have a text of their own."""
        self._day_texts = _DayTexts(cells)
        self.longest = cells.longest
        self.has_blanks = cells.has_blanks
        self.odd: set[int] = set()
        self.days: frozenset[int] = frozenset()

    def spread(self, days: frozenset[int]) -> None:
        """From here on, a day is nothing odd in these columns."""
        self.days = days
        for known in (self, self._counts, self._owns):
            known.clear()

    def __missing__(self, cell: bytes) -> tuple[int, str]:
        beginning, _, rest = cell.partition(_TO_VALUE)
        known = self._counts.get(beginning)
        text = None
        if known is not None and rest[_BEFORE_END:] == _VALUE_END and (digits := rest[:_BEFORE_END]).isdigit():
            place, read = known
            text = read(digits)
        if text is None:
            place, text = self._any(cell)
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[cell] = place, text
        return found

    def _any(self, cell: bytes) -> tuple[int, str]:
        """Any cell of the plain form, and what is to be noted of it."""
        beginning, _, rest = cell.partition(_TO_OWN)
        place = self._owns.get(beginning, -1)
        if place >= 0 and rest.endswith(_OWN_END) and _is_clean(own := rest[:_BEFORE_OWN_END]):
            text = unescaped(own.decode())
        else:
            place, text = self._whole(cell)
            if isinstance(text, Odd):
                if type(text) is OddDay and place in self.days:
                    return place, str(text)
                self.odd.add(place)
        if len(text) > self.longest:
            self.longest = len(text)
        if not text or text[-1] in BLANKS:
            self.has_blanks = True
        return place, text

    def _whole(self, cell: bytes) -> tuple[int, str]:
        found = _WRITTEN.fullmatch(cell)
        if found is None or len(cell) > LONGEST_TEXT:
            raise _NotPlain
        letters, style, kind, value, own = (group.decode() for group in found.groups(b""))
        place, is_own = column_number(letters), kind == "inlineStr"
        if place >= LAST_COLUMN or (value if is_own else own):
            raise _NotPlain
        if len(self._counts) + len(self._owns) >= _REMEMBERED:
            self._counts.clear()
            self._owns.clear()
        if is_own:
            self._owns[cell.partition(_TO_OWN)[0]] = place
            return place, unescaped(own)
        if kind == "s":
            self._counts[cell.partition(_TO_VALUE)[0]] = place, self._cells.shared
        elif kind in ("", "n") and place in self.days and self._cells.look(style) is Look.DAY:
            self._counts[cell.partition(_TO_VALUE)[0]] = place, self._day_texts.__getitem__
        return place, self._cells.read(kind, style, value)


class _DayTexts(dict[bytes, str | None]):
    """Days as text by their count; None where a count is of no day, and a cell of it has to be looked at."""

    def __init__(self, cells: Cells) -> None:
        super().__init__()
        self._read = cells.days.read

    def __missing__(self, digits: bytes) -> str | None:
        if len(self) >= _REMEMBERED:
            self.clear()
        said = self._read(Look.DAY, digits.decode()) if len(digits) <= _DIGITS_OF_DAYS else None
        found = self[digits] = str(said) if type(said) is OddDay else None
        return found


def _is_clean(text: bytes) -> bool:
    """Whether a text stands for itself, and is not too long."""
    plain = text.isascii() and b"<" not in text and b"&" not in text
    return plain and len(text) <= LONGEST_TEXT and text.decode().isprintable()


def column_number(letters: str) -> int:
    """The place of a column by its letters, from 0: 27 for ``AB``."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def is_closed(piece: bytes) -> bool:
    """Whether a piece that ends with the end of a row surely leaves nothing open but elements."""
    return b"<!" not in piece and b"<?" not in piece
