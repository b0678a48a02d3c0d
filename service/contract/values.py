"""From the text of one cell to what it says: a value, a kind of empty, or the reading check that failed.

The words are those of the contract standard: ``3`` ``3-5`` ``2+`` · ``2014`` ``2014-03`` ``2014-03-07`` ``2012/2014`` ·
``school|care_home`` (one of these) · ``kent;essex`` (all of these) · empty, ``not_known``, ``not_provided``,
``not_applicable``. Nothing is guessed: ``007``, ``1e3`` or ``07/03/2014`` fail, and ``mending.py`` says what to write.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from service.contract.model import Field
from service.contract.personal import LONGEST_ORDINARY, ORDINARY, personal_in
from service.criteria.evaluate import Value
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, Kind

__all__ = [
    "BLANKS",
    "Cell",
    "CellReader",
    "Check",
    "Empty",
    "Otherwise",
    "Value",
    "cell_reader",
    "otherwise_written",
    "quick_look",
    "read_cell",
]


class Check(StrEnum):
    """What reading can find; the rules of a contract (``check:``) give each its id, severity and words."""

    NUMBER = "number"
    DATE = "date"
    DECIMAL = "decimal"
    TEXT = "text"
    SHAPE = "shape"
    ENCODING = "encoding"
    CODE = "code"
    REQUIRED = "required"
    BOUNDS = "bounds"
    PATTERN = "pattern"
    PERSONAL = "personal"
    UNKNOWN_COLUMN = "unknown_column"
    DUPLICATE_KEY = "duplicate_key"
    EXACT = "exact"
    NOT_APPLICABLE = "not_applicable"
    DUPLICATE_CELL = "duplicate_cell"
    FORMER_IN_USE = "former_in_use"
    KNOWLEDGE_LOST = "knowledge_lost"
    SUM_EXCEEDS = "sum_exceeds"
    SUM_DIFFERS = "sum_differs"


class Empty(StrEnum):
    """Why nothing stands there, where the force says so; a plain blank is *not known* and has no entry."""

    NOT_PROVIDED = "not_provided"
    NOT_APPLICABLE = "not_applicable"


class Otherwise(StrEnum):
    """In what a text that is taken may differ from how the standard writes it: each an entry of the table in
    ``contracts/spreadsheets.yaml``, which says it in words."""

    BLANKS_AROUND = "blanks_around"
    BLANKS_IN_LIST = "blanks_in_list"
    CAPITALS = "other_capitals"
    WORDS = "words_for_empty"
    YES_NO = "yes_or_no_cell"
    YEAR = "year_shown"


class Cell(NamedTuple):
    """What one cell says. At most one of the three is set; none of them: not known."""

    value: Value = None
    empty: Empty | None = None
    failed: Check | None = None


CellReader = Callable[[str], Cell]

BLANKS: Final = " \t\r\n\u00a0\u2007\u202f\ufeff"
"""Trimmed from both ends: what spreadsheets and copying leave behind."""

_LEAST_NUMBER: Final = -2_147_483_648
_MOST_DECIMAL: Final = Decimal("99999999.99")
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]*")
_WHOLE_RANGE: Final = re.compile(r"(0|-?[1-9][0-9]*)(?:\+|-(0|-?[1-9][0-9]*))")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]{1,2})?")
_DECIMAL_RANGE: Final = re.compile(rf"({_DECIMAL.pattern})(?:\+|-({_DECIMAL.pattern}))")
_DAY: Final = re.compile(r"([1-9][0-9]{3})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_SEPARATORS: Final = re.compile(r"[ _-]+")
_LONGEST: Final = 40
"""No number and no date is longer; it bounds the work on a cell that is nothing of the kind."""


def read_cell(field: Field, text: str) -> Cell:
    """What ``text`` says as a value of ``field``. For many cells ask ``cell_reader`` once."""
    return cell_reader(field)(text)


def cell_reader(field: Field) -> CellReader:
    """The reader of one field's cells. Pure: the same text always says the same, so it may be remembered by text."""
    read_known = _READERS[field.kind](field)
    blank = Cell(failed=Check.REQUIRED) if field.required else Cell()
    declared = _declared(field, blank)

    def read(text: str) -> Cell:
        text = text.strip(BLANKS)
        if not text:
            return blank
        if text[0] in "nN":
            cell = declared.get(_SEPARATORS.sub("_", text[:_LONGEST].lower()))
            if cell is not None:
                return cell
        return read_known(text)

    return read


def otherwise_written(field: Field) -> Callable[[str], frozenset[Otherwise]]:
    """For the texts that the reader of a field takes: in what each differs from how it is to be written."""
    declared = _declared(field, Cell())
    codes = field.list.by_code if field.list is not None else None
    separator = "|" if field.kind is Kind.CODE else ";"

    def look(text: str) -> frozenset[Otherwise]:
        bare = text.strip(BLANKS)
        found = set[Otherwise]() if bare == text else {Otherwise.BLANKS_AROUND}
        word = _SEPARATORS.sub("_", bare[:_LONGEST].lower()) if bare[:1] in ("n", "N") else ""
        if word in declared:
            found |= set() if word == bare else {Otherwise.WORDS}
        elif codes is not None and bare and bare not in codes:
            pieces = bare.split(separator)
            bared = [piece.strip(BLANKS) for piece in pieces]
            found |= set() if bared == pieces else {Otherwise.BLANKS_IN_LIST}
            found |= set() if all(code in codes for code in bared) else {Otherwise.CAPITALS}
        return frozenset(found)

    return look


def quick_look(field: Field) -> Callable[[str], object] | None:
    """A look in one step that is true only of texts which ``cell_reader`` gives back as they are: references of the
    commonest form. None where the field has no such; of other texts it says nothing."""
    if field.kind is not Kind.TEXT or field.length < LONGEST_ORDINARY:
        return None
    fits = "" if field.pattern is None else rf"(?=(?:{field.pattern})\Z)"
    try:
        return re.compile(fits + ORDINARY.pattern).fullmatch
    except re.error:  # a pattern that is right only where it stands alone
        return None


def _declared(field: Field, blank: Cell) -> dict[str, Cell]:
    """The words for the kinds of empty; where a list has such a code, the code wins."""
    not_provided = blank if field.required else Cell(empty=Empty.NOT_PROVIDED)
    not_applicable = Cell(empty=Empty.NOT_APPLICABLE) if field.not_applicable else Cell(failed=Check.NOT_APPLICABLE)
    words = {"not_known": blank, "not_provided": not_provided, "not_applicable": not_applicable}
    codes = field.list.by_code if field.list is not None else {}
    return {word: cell for word, cell in words.items() if word not in codes}


def _text(field: Field) -> CellReader:
    pattern = re.compile(field.pattern) if field.pattern is not None else None

    def read(text: str) -> Cell:
        if len(text) > field.length:
            return Cell(failed=Check.TEXT)
        if not field.identifier and personal_in(text) is not None:
            return Cell(failed=Check.PERSONAL)
        if not text.isprintable():
            return Cell(failed=Check.TEXT)
        if pattern is not None and pattern.fullmatch(text) is None:
            return Cell(failed=Check.PATTERN)
        return Cell(text)

    return read


def _codes(field: Field, separator: str) -> CellReader:
    bit_of = (
        {item.code: field.list.mask_of((item.code,)) for item in field.list.codes} if field.list is not None else {}
    )
    folded: dict[str, int] = {}
    for code, bit in bit_of.items():
        folded[code.casefold()] = bit if code.casefold() not in folded else 0

    def read(text: str) -> Cell:
        mask = bit_of.get(text, 0)
        if mask:
            return Cell(failed=Check.EXACT) if field.exact and mask & (mask - 1) else Cell(mask)
        for piece in text.split(separator):
            code = piece.strip(BLANKS)
            bit = bit_of.get(code, 0) or folded.get(code.casefold(), 0)
            if not bit:
                return Cell(failed=Check.CODE)
            mask |= bit
        if field.exact and mask & (mask - 1):
            return Cell(failed=Check.EXACT)
        return Cell(mask)

    return read


def _number(field: Field) -> CellReader:
    least = field.least if isinstance(field.least, int) else _LEAST_NUMBER
    greatest = field.greatest if isinstance(field.greatest, int) else OPEN_NUMBER - 1

    def read(text: str) -> Cell:
        if len(text) > _LONGEST:
            return Cell(failed=Check.NUMBER)
        if _WHOLE.fullmatch(text):
            low = high = int(text)
        else:
            found = _WHOLE_RANGE.fullmatch(text)
            if found is None:
                return Cell(failed=Check.NUMBER)
            low = int(found[1])
            high = OPEN_NUMBER if found[2] is None else int(found[2])
            if low > high and found[2] is not None:
                return Cell(failed=Check.NUMBER)
        if low < least or low > greatest or (high > greatest and not text.endswith("+")):
            return Cell(failed=Check.BOUNDS)
        return Cell(failed=Check.EXACT) if field.exact and low != high else Cell((low, high))

    return read


def _decimal(field: Field) -> CellReader:
    least = Decimal(field.least) if isinstance(field.least, int) else -_MOST_DECIMAL
    greatest = Decimal(field.greatest) if isinstance(field.greatest, int) else _MOST_DECIMAL
    open_above = Decimal(OPEN_NUMBER)

    def read(text: str) -> Cell:
        if len(text) > _LONGEST:
            return Cell(failed=Check.DECIMAL)
        if _DECIMAL.fullmatch(text):
            low = high = Decimal(text)
        else:
            found = _DECIMAL_RANGE.fullmatch(text)
            if found is None:
                return Cell(failed=Check.DECIMAL)
            low = Decimal(found[1])
            high = open_above if found[2] is None else Decimal(found[2])
            if low > high and found[2] is not None:
                return Cell(failed=Check.DECIMAL)
        if low < least or low > greatest or (high > greatest and not text.endswith("+")):
            return Cell(failed=Check.BOUNDS)
        return Cell(failed=Check.EXACT) if field.exact and low != high else Cell((low, high))

    return read


def _date(field: Field) -> CellReader:
    least = field.least if isinstance(field.least, date) else OPEN_BELOW
    greatest = field.greatest if isinstance(field.greatest, date) else OPEN_ABOVE

    def read(text: str) -> Cell:
        span = _one_day(text) if len(text) == 10 else None
        if span is None:
            span = _span_of(text[: _LONGEST + 1])
            if span is None:
                return Cell(failed=Check.DATE)
        low, high = span
        if (low < least and low != OPEN_BELOW) or (high > greatest and high != OPEN_ABOVE):
            return Cell(failed=Check.BOUNDS)
        if low > greatest or high < least:
            return Cell(failed=Check.BOUNDS)
        return Cell(failed=Check.EXACT) if field.exact and low != high else Cell(span)

    return read


def _one_day(text: str) -> tuple[date, date] | None:
    """The commonest form, quickly: ``2014-03-07``."""
    if text[4] == "-" == text[7] and text[0] != "0":
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return None if day == OPEN_ABOVE else (day, day)
    return None


def _span_of(text: str) -> tuple[date, date] | None:
    """The first and last day of what stands on either side of a slash, or of the one thing that stands there."""
    left, slash, right = text.partition("/")
    return _between(_span(left), left, right) if slash else _span(left)


def _span(text: str) -> tuple[date, date] | None:
    """The first and last day of ``2014``, ``2014-03`` or ``2014-03-07``; None where there is no such day."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        if day is not None:
            low = high = date(int(year), int(month), int(day))
        elif month is not None:
            low = date(int(year), int(month), 1)
            high = low.replace(day=monthrange(low.year, low.month)[1])
        else:
            low, high = date(int(year), 1, 1), date(int(year), 12, 31)
    except ValueError:
        return None
    # the very last day stands for "open above", so it is no date of its own
    return None if high == OPEN_ABOVE else (low, high)


def _between(first: tuple[date, date] | None, left: str, right: str) -> tuple[date, date] | None:
    """``2012/2014``, or with ``..`` at one end where only until when or from when is known."""
    last = _span(right)
    if left == ".." and last is not None:
        return OPEN_BELOW, last[1]
    if right == ".." and first is not None:
        return first[0], OPEN_ABOVE
    return (first[0], last[1]) if first is not None and last is not None and first[0] <= last[1] else None


_READERS: Final[dict[Kind, Callable[[Field], CellReader]]] = {
    Kind.TEXT: _text,
    Kind.CODE: lambda field: _codes(field, "|"),
    Kind.CODES: lambda field: _codes(field, ";"),
    Kind.NUMBER: _number,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
}
