"""Leaves what nobody touched in a sheet that the service handed out, however old the sheet is by now.

Such a sheet says in a column of its own what each row said when it was made. A cell that says the same still is as if
it were not there, and a row of which that is so of every cell is not taken at all: what was written meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from service.contract.canonical import SEPARATOR
from service.contract.model import Field
from service.contract.sheet import HANDED_OUT, as_written
from service.contract.values import BLANKS, Check
from service.returns.readers.block import Handed, HeldRow, TypedBlock
from service.returns.readers.columns import ABSENT, Typing
from service.returns.readers.heading import Heading

_DECODE: Final = msgspec.json.Decoder(dict[str, str]).decode
_NEW: Final = "A case that is new comes in a file of its own."
_NOT_ITS_OWN: Final = SEPARATOR.join(
    (
        f"its cell in the column {HANDED_OUT} is not whole, or that of another row",
        f"Download a new list and answer there. {_NEW}",
    )
)
_OF_ANOTHER: Final = SEPARATOR.join(
    (
        "it was handed out for {key}, and its reference is another now",
        f"Format the column as Text and write {{key}} again. {_NEW}",
    )
)
"""What is wrong, and what to do. Never to empty the cell: with a reference that a spreadsheet spoilt, that would be a
second case."""
_LONGEST_KEY: Final = 60
"""In characters: a longer one is no reference."""


def _read(text: str) -> Mapping[str, str] | None:
    """What the cell of a row says was handed out; None where it is not whole."""
    try:
        return _DECODE(text)
    except msgspec.DecodeError:
        return None


class Foreign(Struct, frozen=True, kw_only=True):
    """A row of which nobody can say what was handed out, by its place in the block and its number; ``key`` is the
    reference that stands in it."""

    index: int
    row: int
    why: str
    key: str | None


class Taken(Struct, kw_only=True):
    """The rows of a block that are to be taken: their numbers, their cells by field and by place."""

    rows: list[int]
    fields: Mapping[str, Sequence[Any]]
    columns: Sequence[Sequence[Any]]
    shapes: list[frozenset[str]] | None = None
    kept: list[int] | None = None
    """Which of the block's rows they are, where these are not all."""
    left: int = 0
    foreign: Sequence[Foreign] = ()
    """Those of which nobody can say what was handed out: they are held as they came, and not read any further."""
    handed: Handed | None = None

    def text_of(self, text_of: Callable[[int], str]) -> Callable[[int], str]:
        """The text of a row as it was sent, by its place among those that are taken."""
        kept = self.kept
        return text_of if kept is None else lambda index: text_of(kept[index])

    def unread(self, typing: Typing, text_of: Callable[[int], str], others: Sequence[HeldRow]) -> list[HeldRow]:
        """The foreign ones as they are held, with ``others`` in the order of the file. ``text_of``: of all rows."""
        own = [typing.unread(each.row, text_of(each.index), Check.SHAPE, each.why, each.key) for each in self.foreign]
        return sorted([*others, *own], key=lambda each: each.row) if own else list(others)

    def tell(self, block: TypedBlock) -> None:
        """Say of the block what is left out of it."""
        block.left, block.handed = self.left, self.handed


def taken(typing: Typing, heading: Heading, rows: list[int], columns: Sequence[Sequence[Any]]) -> Taken:
    """What is to be taken of some rows; all, where the sheet does not say what it was."""
    place = heading.handed_out
    if not typing.leaves or place is None or not any(columns[place]):
        fields = {field.name: columns[place] for place, field in heading.fields.items()}
        return Taken(rows=rows, fields=fields, columns=columns)
    return _Comparison(typing, heading, columns, place).taken(rows)


class _Comparison:
    """One block beside what was handed out of it."""

    def __init__(self, typing: Typing, heading: Heading, columns: Sequence[Sequence[Any]], place: int) -> None:
        self._typing, self._heading, self._columns, self._place = typing, heading, columns, place
        key = typing.key
        self._key = next(((at, field.name) for at, field in heading.fields.items() if field is key), None)
        beside = {place, heading.notes, *heading.left_out, *([] if self._key is None else [self._key[0]])}
        self._looked = [at for at in range(heading.width) if at not in beside]

    def taken(self, rows: list[int]) -> Taken:
        kept: list[int] = []
        foreign: list[Foreign] = []
        touched: list[frozenset[int] | None] = []
        was: list[Mapping[str, str]] = []
        for index, cell in enumerate(self._columns[self._place]):
            text = as_written(str(cell)).strip(BLANKS)
            given = self._given(index, text) if text else None
            places = None if given is None else self._touched(index, given)
            if places is not None and not places:
                continue
            if text and given is None:
                why, key = self._why_foreign(text), self._key_of(index)
                foreign.append(Foreign(index=index, row=rows[index], why=why, key=key))
                continue
            kept.append(index)
            touched.append(places)
            was.append(given or {})
        shapes = [self._shape(places) for places in touched]
        return Taken(
            rows=[rows[index] for index in kept],
            fields=self._fields(kept, touched, frozenset[str]().union(*shapes)),
            columns=[[column[index] for index in kept] for column in self._columns],
            shapes=None if all(places is None for places in touched) else shapes,
            kept=kept,
            left=len(rows) - len(kept) - len(foreign),
            foreign=foreign,
            handed=self._handed(touched, was),
        )

    def _why_foreign(self, text: str) -> str:
        """Why a row is not the one that was handed out: most often a spreadsheet made a number or a day of its
        reference, and what it was can be said."""
        given = _read(text)
        key = None if given is None or self._key is None else given.get(self._key[1])
        if not key or len(key) > _LONGEST_KEY:
            return _NOT_ITS_OWN
        return _OF_ANOTHER.format(key=key)

    def _key_of(self, index: int) -> str | None:
        cell = None if self._key is None else self._columns[self._key[0]][index]
        return self._typing.key_of(cell) if type(cell) is str else None

    def _given(self, index: int, text: str) -> Mapping[str, str] | None:
        """What was handed out of a row; None where that cannot be said."""
        given = _read(text)
        if given is None or self._key is None:
            return None
        place, name = self._key
        return given if given.get(name) == str(self._columns[place][index]).strip(BLANKS) else None

    def _touched(self, index: int, given: Mapping[str, str]) -> frozenset[int]:
        """The places of the cells that say something else now."""
        return frozenset(
            place for place in self._looked if not self._is_same(place, self._columns[place][index], given)
        )

    def _is_same(self, place: int, cell: Any, given: Mapping[str, str]) -> bool:
        field = self._heading.fields.get(place)
        if field is None:  # as many words as a version may have that the return does not know yet
            return str(cell).strip(BLANKS) == given.get(self._heading.unknown.get(place, ""), "")
        was = given.get(field.name)
        if was is None or type(cell) is not str:
            return False
        return cell.strip(BLANKS) == was or self._says_same(field, cell, was)

    def _says_same(self, field: Field, cell: str, was: str) -> bool:
        """Whether a cell that a spreadsheet wrote otherwise means what it did."""
        said = self._typing.says(field, cell)
        return said is not None and said == self._typing.says(field, was)

    def _shape(self, places: Iterable[int] | None) -> frozenset[str]:
        """The fields that a row sends."""
        fields = self._heading.fields
        if places is None:
            return frozenset(field.name for field in fields.values())
        key = () if self._key is None else (self._key[1],)
        return frozenset((*key, *(fields[place].name for place in places if place in fields)))

    def _fields(
        self, kept: Sequence[int], touched: Sequence[frozenset[int] | None], sent: frozenset[str]
    ) -> dict[str, Sequence[Any]]:
        """The cells by field, of those that any row sends; ``ABSENT`` where a row leaves one as it is."""
        key = -1 if self._key is None else self._key[0]
        return {
            field.name: [
                self._columns[place][index] if places is None or place in places or place == key else ABSENT
                for index, places in zip(kept, touched, strict=True)
            ]
            for place, field in self._heading.fields.items()
            if field.name in sent or place == key
        }

    def _handed(self, touched: Sequence[frozenset[int] | None], was: Sequence[Mapping[str, str]]) -> Handed | None:
        """What was handed out of the cells that say something else now, as far as this version can read it."""
        indexes: list[int] = []
        names: list[tuple[str, ...]] = []
        said: list[dict[str, tuple[Any, str | None]]] = []
        for index, (places, given) in enumerate(zip(touched, was, strict=True)):
            cells: dict[str, tuple[Any, str | None]] = {}
            for place in places or ():
                field = self._heading.fields.get(place)
                was_said = None if field is None or field.name not in given else given[field.name]
                read = None if field is None or was_said is None else self._typing.says(field, was_said)
                if field is not None and read is not None:
                    cells[field.name] = read
            if cells:
                indexes.append(index)
                names.append(tuple(sorted(cells)))
                said.append(cells)
        if not indexes:
            return None
        every = sorted({name for each in names for name in each})
        return Handed(
            indexes=indexes,
            names=names,
            values={name: [each[name][0] if name in each else None for each in said] for name in every},
            empties=[{name: empty for name, (_, empty) in each.items() if empty is not None} for each in said],
        )
