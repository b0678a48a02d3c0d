"""What a cell of a workbook says, as the text that a person would have typed; or why that cannot be known.

A workbook keeps a number where a person saw a day, a percentage or a reference. Where what was seen and what is kept
are not the same, the cell is ``Odd``: it has the text that says most, and no field takes it but one that can.
"""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from service.contract.model import Field
from service.contract.values import BLANKS, Otherwise, cell_reader
from service.criteria.vocabulary import Kind
from service.returns.readers.otherwise import Written
from service.returns.readers.xlsx_book import Book, Look, Shows, text_at
from service.returns.readers.xlsx_format import Dressed
from service.returns.readers.xlsx_package import bad_workbook

WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_FRACTION: Final = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?|-?\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?")
_DIGITS: Final = 10**15
"""A spreadsheet keeps 15 digits of a number; of a longer one the last are lost."""
_END_OF_DAYS: Final = date.max.toordinal() + 1
_EPOCHS: Final = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001  days have no time zone
_NEVER: Final = 60
"""So many days after the first there is one that there never was."""
_YEARS_TYPED: Final = range(1900, 2101)
"""Counts of days, all in the years 1905 to 1909, that are years which somebody typed into a column of dates."""
_COMMON: Final = 5
"""Digits of a count of days: those of 1927 to 2173."""
_REMEMBERED: Final = 50_000
_LONGEST_SEEN: Final = 24
_YES_NO: Final = {"1": "yes", "true": "yes", "0": "no", "false": "no"}
_MONTHS: Final = tuple(month_abbr)
NOT_CALCULATED: Final = "#NOT CALCULATED"
"""Stands for a formula that has no value in the file."""


class Odd(str):
    """A text that is not simply what stands in the cell."""

    __slots__ = ()


class OddDay(Odd):
    """A whole day, shown as one."""

    __slots__ = ()


class OddYear(Odd):
    """A day of which the year alone is shown: the text is the year."""

    __slots__ = ()


class OddPower(Odd):
    """A number shown as a power of ten: a number still, and no more the code or the reference that was typed."""

    __slots__ = ()


class OddYesNo(Odd):
    """A spreadsheet's own true or false."""

    __slots__ = ()


class Cells:
    """Reads the cells of one workbook."""

    def __init__(self, book: Book) -> None:
        self._texts, self._looks = book.texts, book.looks
        self.days = Days(is_1904=book.is_1904)
        self._numbers: dict[Shows, _Numbers] = {}
        self._remembered = 0
        self.longest = max(map(len, book.texts), default=0)
        """Of the texts that cells share, in characters."""
        self.has_blanks = any(not text or text[-1] in BLANKS for text in book.texts)
        """Whether such a text is blank, or ends with one."""

    def read(self, kind: str, style: str, text: str) -> str:
        """The text of a cell by its type (``t``), style (``s``) and value as it stands, blanks and all."""
        if kind == "s":
            return self.shared(text)
        if kind in ("n", ""):
            look = self.look(style)
            if look not in self._numbers:
                self._numbers[look] = _Numbers(look, self.days, self._count)
            return self._numbers[look][text]
        return _READERS.get(kind, str.strip)(text)

    def shared(self, number: str | bytes) -> str:
        """The text of that number, of those that cells share."""
        return text_at(self._texts, number)

    def look(self, style: str) -> Shows:
        """How a style shows numbers."""
        try:
            return self._looks[int(style)] if style else Look.NUMBER
        except (IndexError, ValueError):
            return Look.NUMBER

    def _count(self) -> None:
        """One more is remembered, of any look; all are forgotten where they are too many."""
        self._remembered += 1
        if self._remembered > _REMEMBERED:
            for each in self._numbers.values():
                each.clear()
            self._remembered = 1


class _Numbers(dict[str, str]):
    """What numbers say that are shown in one way, by how they are written. Remembered, and not for ever."""

    def __init__(self, look: Shows, days: Days, count: Callable[[], None]) -> None:
        super().__init__()
        self._look, self._days, self._count = look, days, count

    def __missing__(self, text: str) -> str:
        self._count()
        said = self[text] = self._said(text.strip())
        return said

    def _said(self, text: str) -> str:
        """A number as it was meant to be seen."""
        if not text:
            return ""
        if len(text) > 40 or _FRACTION.fullmatch(text) is None:
            raise bad_workbook()
        look = self._look
        if isinstance(look, Look) and look not in (Look.NUMBER, Look.PERCENT, Look.POWER):
            return self._days.read(look, text)
        return _plain(look, text)


class Days:
    """Days and moments, by how many days passed since the first that a workbook counts."""

    def __init__(self, *, is_1904: bool) -> None:
        self._is_1904 = is_1904
        self._epoch = _EPOCHS[is_1904]
        self._first = self._epoch.toordinal()
        self._end = _END_OF_DAYS - self._first

    def read(self, look: Look, text: str) -> str:
        """What a count of days says that is shown in one way."""
        if look is Look.DAY and len(text) == _COMMON and text.isdecimal():
            day = int(text)
            if _NEVER <= day < self._end:
                return OddDay(date.fromordinal(self._first + day).isoformat())
        days = float(text)
        try:
            if not 0 <= days < self._end:
                return Odd(_shown(days))
            if days <= _NEVER or days in _YEARS_TYPED:
                return Odd(self._of_a_number(look, days))
            return _dated(look, self._moment(days))
        except OverflowError:  # the last second of the last day, rounded up
            return Odd(_shown(days))

    def _of_a_number(self, look: Look, days: float) -> str:
        """What is shown of a count of days that is surely none: a small one, or a year."""
        if days == _NEVER and not self._is_1904 and look is Look.DAY:
            return "1900-02-29"
        return _dated(Look.DAY if look is Look.MONTH_ALONE else look, self._moment(days))

    def _moment(self, days: float) -> datetime:
        """The moment of a count of days. Before March 1900 the count has a day that there never was."""
        if not self._is_1904 and days < _NEVER:
            days += 1
        return self._epoch + timedelta(seconds=round(days * 86_400))


def _iso(text: str) -> str:
    try:
        return _dated(Look.DAY, datetime.fromisoformat(text[:40]).replace(tzinfo=None))
    except ValueError:
        return Odd(text[:40])


_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "b": lambda text: OddYesNo(_YES_NO.get(text.strip(), text.strip())) if text.strip() else "",
    "e": lambda text: Odd(text.strip() or "#ERROR"),
    "d": lambda text: _iso(text.strip()),
    "str": str,
}


def _plain(look: Shows, text: str) -> str:
    number = float(text)
    shown = text if WHOLE.fullmatch(text) and text != "-0" else _shown(number)
    if look is Look.POWER:
        return OddPower(_as_power(number))
    if look is Look.PERCENT:
        return Odd(f"{_shown(number * 100)}%")
    if isinstance(look, Dressed) and (seen := look.shown(number)) is not None:
        return Odd(f"{_cut_off(seen)} [kept as {shown}]".strip())
    if isinstance(look, int) and len(shown) < look:
        return Odd(shown.zfill(look))
    return Odd(shown) if abs(number) >= _DIGITS else shown


def _as_power(number: float) -> str:
    """``1.5E+05``, with all the digits that a spreadsheet is sure of."""
    digits, _, power = f"{number:.14E}".partition("E")
    return f"{digits.rstrip('0').rstrip('.')}E{power}"


def _cut_off(seen: str) -> str:
    """What a cell shows, so short that what is kept can stand beside it where findings are worded."""
    return seen if len(seen) <= _LONGEST_SEEN else f"{seen[:_LONGEST_SEEN]}…"


def _shown(number: float) -> str:
    """With the 15 digits that a spreadsheet shows: 21 for 21.0, 0.3 for 0.30000000000000004."""
    shown = f"{number:.15g}"
    return "0" if shown == "-0" else shown


def _dated(look: Look, moment: datetime) -> str:
    day = moment.date()
    if look is Look.YEAR:
        return OddYear(day.year)
    if moment != datetime(day.year, day.month, day.day):  # noqa: DTZ001  days have no time zone
        return Odd(moment.isoformat(" "))
    if look is Look.MONTH:
        return Odd(f"{_MONTHS[day.month]} {day.year}")
    if look is Look.MONTH_ALONE:
        return Odd(f"{month_name[day.month]} [kept as {day.isoformat()}]")
    if look is Look.DAY_OF_YEAR:
        return Odd(f"{day.day:02}-{_MONTHS[day.month]}")
    return OddDay(day.isoformat()) if look is Look.DAY else Odd(day.isoformat())


def fitted(field: Field | None, column: Sequence[str], written: Written) -> Sequence[str]:
    """The cells of a column: a day is one for a date, a year that a person sees is one, and true is yes for a code; a
    field takes nothing else that is odd, and a column that is no field takes all of it as text."""
    if field is None:
        return [*map(str, column)]
    if field.kind is Kind.DATE:
        column = [str(cell) if type(cell) is OddDay else cell for cell in column]
        return _taken(field, column, OddYear, Otherwise.YEAR, written)
    if field.kind in (Kind.NUMBER, Kind.DECIMAL):
        return [_shown(float(cell)) if type(cell) is OddPower else cell for cell in column]
    if field.kind in (Kind.CODE, Kind.CODES):
        return _taken(field, column, OddYesNo, Otherwise.YES_NO, written)
    return column


def _taken(
    field: Field, column: Sequence[str], odd: type[Odd], otherwise: Otherwise, written: Written
) -> Sequence[str]:
    """The column with the odd cells of one sort as texts, where the field takes those; they are counted."""
    read = cell_reader(field)
    taken = {str(cell) for cell in column if type(cell) is odd and read(cell).failed is None}
    if taken:
        written.add(field, [otherwise], sum(type(cell) is odd and cell in taken for cell in column))
        return [str(cell) if type(cell) is odd and cell in taken else cell for cell in column]
    return column
