"""Sheets to be filled in, made from the contract: the rows of a part, and beside them what each field takes.

Rows that are exported stand in the same workbook as those that are not there yet, so that what was downloaded can be
filled in and sent back. The sheet of rows comes first; the others have no heading of any part, and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from service.contract.guidance import (
    EMPTY,
    habits_about,
    hint,
    partly_known,
    rules_about,
    takes,
    when_empty,
    words_of_empty,
)
from service.contract.model import CodeList, Contract, Field, Part, PartName
from service.contract.sheet import HANDED_OUT, NOTES, csv_block
from service.contract.workbook import Choice, Column, Sheet, Workbook
from service.criteria.vocabulary import Kind

_CODES: Final = "Codes"
_GUIDANCE: Final = "Guidance"
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_FIRST_CODE: Final = 3
"""The row of a list's first code, as a spreadsheet numbers it: above stand the list's name and its title."""

_KEPT: Final[dict[tuple[str, PartName], bytes]] = {}


def empty_csv(part: Part) -> bytes:
    """The heading of a part and nothing else."""
    return csv_block(names_of(part), (), heading=True)


def empty_workbook(contract: Contract, part: Part) -> bytes:
    """A workbook to be filled in."""
    with Workbook() as book:
        PartSheet(book, contract, part).guide()
        return book.content()


def kept_workbook(contract: Contract, part: Part) -> bytes:
    """The same, made once for each part of each version that is in use: it says the same to everyone."""
    key = contract.hash, part.name
    if key not in _KEPT:
        _KEPT[key] = empty_workbook(contract, part)
    return _KEPT[key]


def names_of(part: Part) -> list[str]:
    """The headings of a part's columns."""
    return [field.name for field in part.fields]


class PartSheet:
    """The rows of a part in a workbook; ``guide`` puts its guidance and its codes into sheets behind.

    ``names``: only these columns, of which some may be no fields; ``headed`` gives those another heading that a file
    of somebody's own form has; ``behind`` are more that are no fields, after all others.
    """

    def __init__(
        self,
        book: Workbook,
        contract: Contract,
        part: Part,
        names: Sequence[str] | None = None,
        headed: Mapping[str, str] = MappingProxyType({}),
        behind: Sequence[str] = (),
    ) -> None:
        self._book, self._contract, self._part = book, contract, part
        fields = [part.by_name.get(name) for name in names or names_of(part)]
        self.names = [*(names or names_of(part)), *([] if NOTES in part.by_name else [NOTES]), *behind]
        fields += [None] * (len(self.names) - len(fields))
        is_handed_out = HANDED_OUT in behind
        columns = [
            _column(headed.get(name, name), field, is_handed_out=is_handed_out)
            for name, field in zip(self.names, fields, strict=True)
        ]
        self.rows = book.sheet(part.title[:31], columns)
        self._fields = dict(zip(self.names, fields, strict=True))
        self._places = _places(part)
        for place, field in enumerate(fields):
            if field is not None:
                self.rows.offer(place, _choice(field, self._places))
            elif self.names[place] in _HINTS:
                self.rows.offer(place, Choice(title=self.names[place], hint=_HINTS[self.names[place]]))

    def guide(self) -> None:
        """What each field takes, and the codes."""
        guidance = self._book.sheet(_GUIDANCE, _GUIDANCE_COLUMNS)
        _write_guidance(guidance, self._contract, self._part, is_handed_out=HANDED_OUT in self.names)
        if self._places:
            _write_codes(self._book, self._places)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows as the service shows them."""
        self.rows.add_all(map(self._values, rows))

    def add_asked(self, row: Mapping[str, Any], asked: Collection[str]) -> None:
        """One more row, with a colour in the columns that it is asked for."""
        self.rows.add(self._values(row), asked=[place for place, name in enumerate(self._fields) if name in asked])

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        return [_typed(field, row.get(name)) for name, field in self._fields.items()]


def _column(heading: str, field: Field | None, *, is_handed_out: bool) -> Column:
    if heading == NOTES and field is None:  # in a sheet that is handed out it says what each row takes
        return Column(name=heading, width=70 if is_handed_out else 40, wraps=is_handed_out)
    if field is None:
        return Column(name=heading, aside=heading == HANDED_OUT)
    return Column(name=heading, width=_width(field), text=_is_text(field))


_NOTES_HINT: Final = "For yourself: this column is not read, and nothing in it is kept. No names here either."
_HANDED_OUT_HINT: Final = (
    "What this row said when the list was made. Leave it as it is: by it the service knows what you changed, and "
    "leaves all else as it stands by then."
)
_HINTS: Final = {NOTES: _NOTES_HINT, HANDED_OUT: _HANDED_OUT_HINT}
_ASKED: Final = (
    "What would settle the case of the row, as far as you can find it out; the column notes says what each answer "
    "does. Other cells may be corrected as well. What stays as it is changes nothing."
)
_ANY: Final = "(any column)"
_OF_SHEET: Final = (
    "The first line of the sheet of rows stays as it is; its columns may stand in any order, and those that are not "
    "needed may be deleted."
)
_GUIDANCE_COLUMNS: Final = (
    Column(name="Column", width=26, wraps=True),
    Column(name="What it is", width=26, wraps=True),
    Column(name="Meaning", width=48, wraps=True),
    Column(name="Must be there", width=14, wraps=True),
    Column(name="What it takes", width=40, wraps=True),
    Column(name="Partly known", width=40, wraps=True),
    Column(name="Empty", width=40, wraps=True),
    Column(name="Example", width=18, wraps=True),
    Column(name="Codes", width=24, wraps=True),
    Column(name="Rules", width=80, wraps=True),
)


class _Place(Struct, frozen=True):
    """Where a list stands in the sheet of codes: its column, from 0."""

    list: CodeList
    column: int


def _places(part: Part) -> dict[str, _Place]:
    lists = dict.fromkeys(field.list.name for field in part.fields if field.list is not None)
    found = {field.list.name: field.list for field in part.fields if field.list is not None}
    return {name: _Place(found[name], 2 * number) for number, name in enumerate(lists)}


def _choice(field: Field, places: Mapping[str, _Place]) -> Choice:
    if field.list is None:
        return Choice(title=field.label, hint=hint(field))
    column, first = letters_of(places[field.list.name].column), _FIRST_CODE
    last = first + len(field.list.codes) + len(words_of_empty(field)) - 1
    source = f"={_CODES}!${column}${first}:${column}${last}"
    only = field.exact and field.kind is Kind.CODE
    return Choice(title=field.label, hint=hint(field), source=source, only=only)


def _write_guidance(sheet: Sheet, contract: Contract, part: Part, *, is_handed_out: bool) -> None:
    sheet.add(["(every row)", part.title, f"One row is {part.row_is}. {_OF_SHEET} {contract.title}."])
    if is_handed_out:
        sheet.add(["(coloured cells)", "What is asked", _ASKED])
    for field in part.fields:
        sheet.add(
            [
                field.name,
                field.label,
                field.meaning,
                "yes" if field.required else "",
                takes(field),
                partly_known(field),
                when_empty(field),
                field.example,
                "" if field.list is None else f"{field.list.title} ({field.list.name})",
                "\n".join(rules_about(field, part, contract)),
            ]
        )
    if NOTES not in part.by_name:
        sheet.add([NOTES, "Notes", _NOTES_HINT])
    if is_handed_out:
        sheet.add([HANDED_OUT, "As handed out", _HANDED_OUT_HINT])
    for habit in habits_about(part):
        sheet.add([_ANY, habit.title, habit.why, "", habit.done, "", "", habit.cells])


def _write_codes(book: Workbook, places: Mapping[str, _Place]) -> None:
    columns = [
        column
        for name in places
        for column in (Column(name=name, width=22), Column(name=f"{name}: what it means", width=44))
    ]
    sheet = book.sheet(_CODES, columns)
    lists = [_coded(place.list) for place in places.values()]
    sheet.add([text for place in places.values() for text in ("", place.list.title)])
    for row in range(max(map(len, lists))):
        sheet.add([text for listed in lists for text in (listed[row] if row < len(listed) else ("", ""))])


def _coded(of: CodeList) -> list[tuple[str, str]]:
    """The codes of a list, and then the words for the kinds of empty, as far as they are no codes."""
    codes = [(code.code, code.title) for code in of.codes]
    return codes + [(word, says) for word, says in EMPTY.items() if word not in of.by_code]


def letters_of(place: int) -> str:
    """What a spreadsheet calls a column, from 0: ``AB`` for 27."""
    letters = ""
    while place >= 0:
        place, left = divmod(place, 26)
        letters, place = chr(65 + left) + letters, place - 1
    return letters


def _is_text(field: Field) -> bool:
    """Whether a spreadsheet must leave alone what is typed: everything but numbers that are only ever exact."""
    return not (field.exact and field.kind in (Kind.NUMBER, Kind.DECIMAL))


def _typed(field: Field | None, value: object) -> object:
    """A value as a cell: exact numbers are numbers, so that they can be added up; all else is text."""
    if field is not None and field.kind is Kind.DECIMAL and isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    return value


def _width(field: Field) -> int:
    return max(18 if field.kind is Kind.TEXT else 12, min(len(field.name) + 3, 30))
