"""What a cell of a workbook says, as the text that a person would have typed; or why that cannot be known.

A workbook keeps a number where a person saw a day, a percentage or a reference. Where what was seen and what is kept
are not the same, the cell is ``Odd``: it has the text that says most, and no field takes it but one that can.
"""

from __future__ import annotations

import re
from calendar import month_abbr
from datetime import datetime, timedelta
from typing import Final, Self

from service.contract.model import Field
from service.criteria.vocabulary import Kind
from service.returns.readers.xlsx_book import Book, Look, text_at
from service.returns.readers.xlsx_package import bad_workbook

WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_FRACTION: Final = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?|-?\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?")
_DIGITS: Final = 10**15
"""A spreadsheet keeps 15 digits of a number; of a longer one the last are lost."""
_LAST_DAY: Final = 2_958_466
_EPOCHS: Final = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001  days have no time zone
_MONTHS: Final = tuple(month_abbr)
NOT_CALCULATED: Final = "#NOT CALCULATED"
"""Stands for a formula that has no value in the file."""


class Odd(str):
    """A text that is not simply what stands in the cell. ``day``: that it is a whole day, shown as one."""

    __slots__ = ("day",)
    day: bool

    def __new__(cls, text: str, *, day: bool = False) -> Self:
        made = super().__new__(cls, text)
        made.day = day
        return made


class Cells:
    """Reads the cells of one workbook. What a number says is remembered by its text and style."""

    def __init__(self, book: Book) -> None:
        self._texts, self._looks, self._epoch = book.texts, book.looks, _EPOCHS[book.is_1904]
        self._is_1904 = book.is_1904
        self._known: dict[tuple[str, str], str] = {}

    def read(self, kind: str, style: str, text: str) -> str:
        """The text of a cell by its type (``t``), style (``s``) and value."""
        if kind == "s":
            return text_at(self._texts, text)
        if kind in ("n", ""):
            return self.number(style, text) if text else ""
        if kind == "b":
            return {"1": "yes", "true": "yes", "0": "no", "false": "no", "": ""}.get(text, text)
        if kind == "e":
            return Odd(text or "#ERROR")
        return self._iso(text) if kind == "d" else text

    def number(self, style: str, text: str) -> str:
        """A number as it was meant to be seen."""
        known = self._known.get((style, text))
        if known is None:
            if len(self._known) > 50_000:
                self._known.clear()
            known = self._known[style, text] = self._number(self._look(style), text)
        return known

    def _look(self, style: str) -> Look | int:
        try:
            return self._looks[int(style)] if style else Look.NUMBER
        except (IndexError, ValueError):
            return Look.NUMBER

    def _number(self, look: Look | int, text: str) -> str:
        if len(text) > 40 or _FRACTION.fullmatch(text) is None:
            raise bad_workbook()
        if isinstance(look, int) or look in (Look.NUMBER, Look.PERCENT):
            return _plain(look, text)
        days = float(text)
        if not 0 <= days < _LAST_DAY:
            return Odd(_shown(days))
        return _dated(look, self._moment(days))

    def _moment(self, days: float) -> datetime:
        """The moment of a count of days. Before March 1900 the count has a day that there never was."""
        if not self._is_1904 and days < 60:
            days += 1
        return self._epoch + timedelta(seconds=round(days * 86_400))

    def _iso(self, text: str) -> str:
        try:
            return _dated(Look.DAY, datetime.fromisoformat(text[:40]).replace(tzinfo=None))
        except ValueError:
            return Odd(text[:40])


def _plain(look: Look | int, text: str) -> str:
    number = float(text)
    shown = text if WHOLE.fullmatch(text) and text != "-0" else _shown(number)
    if look is Look.PERCENT:
        return Odd(f"{_shown(number * 100)}%")
    if isinstance(look, int) and len(shown) < look:
        return Odd(shown.zfill(look))
    return Odd(shown) if abs(number) >= _DIGITS else shown


def _shown(number: float) -> str:
    """With the 15 digits that a spreadsheet shows: 21 for 21.0, 0.3 for 0.30000000000000004."""
    shown = f"{number:.15g}"
    return "0" if shown == "-0" else shown


def _dated(look: Look, moment: datetime) -> str:
    day = moment.date()
    if moment != datetime(day.year, day.month, day.day):  # noqa: DTZ001  days have no time zone
        return Odd(moment.isoformat(" "))
    if look is Look.MONTH:
        return Odd(f"{_MONTHS[day.month]} {day.year}")
    if look is Look.DAY_OF_YEAR:
        return Odd(f"{day.day:02}-{_MONTHS[day.month]}")
    return Odd(day.isoformat(), day=look is Look.DAY)


def fit(field: Field | None, cell: str) -> str:
    """The cell for a column: a day is one for a date; a field takes nothing else that is odd, and a column that is no
    field takes all of it as text."""
    if type(cell) is not Odd:
        return cell
    if field is None or (cell.day and field.kind is Kind.DATE):
        return str(cell)
    return cell
