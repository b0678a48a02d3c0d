"""The file of the period before, as the sealed return that a file is sent on top of: its accepted rows by reference.

They stand in a temporary file beside which little is kept in memory, so that a long file needs no more room than a
short one. A row of the file that is checked is laid over that of its case: what it does not send stays as it was.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, Self, cast

from msgspec import Struct

from service.contract.canonical import SEPARATOR, canonical_row, from_stored
from service.contract.library import Library
from service.contract.model import Field, Part, Role
from service.contract.upgrade import new_names, reader
from service.contract.values import Value
from service.returns.readers import TypedBlock

_ITEM: Final = re.compile(r"([a-z0-9_]+)([=!])(.*)", re.DOTALL)
_AT_ONCE: Final = 500
"""So many references are asked for in one statement."""
_REMEMBERED: Final = 5_000
"""So many values of a field are remembered as they are read."""
_TABLE: Final = (
    "create table sealed (key text primary key, row integer, said text, sent integer default 0) without rowid"
)


class Before(Struct, frozen=True):
    """A case as it was sealed. ``said`` is its canonical row: the same text, nothing changed."""

    key: str
    said: str
    values: Mapping[str, Value]
    empties: Mapping[str, str]


class Reading:
    """How rows of an older version of the contract stand in a newer one: as they were sent, nothing derived."""

    def __init__(self, library: Library, from_version: str, to_version: str) -> None:
        self._names = new_names(library, from_version, to_version)
        self._read = reader(library, from_version, to_version, derived=False)

    def said_of(self, fields: Sequence[Field], block: TypedBlock, index: int) -> str:
        """The canonical text that a row has in the newer version."""
        empties = {self._names[name]: why for name, why in (block.empties[index] or {}).items() if name in self._names}
        return canonical_row(fields, self._read(_record(block, index)), empties)


class Laid(Struct, frozen=True):
    """A block of a file over what was there: its values are filled in."""

    block: TypedBlock
    cases: Sequence[Before | None]
    """The case of each row as it was; None of a new one."""
    sent: frozenset[str]
    """Fields that the file itself has."""
    borne: frozenset[int] = frozenset()
    """Places of rows whose former reference is that of another case."""


def laid(block: TypedBlock, previous: Previous | None) -> Laid:
    """A block over what was there before, if anything was."""
    if previous is None:
        return Laid(block, [None] * len(block.rows), frozenset(block.values))
    return previous.lay_under(block)


class Previous:
    """What the return before holds, while a file is checked on top of it."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._key = part.by_role[Role.KEY].name
        former = part.by_role.get(Role.FORMER_KEY)
        self._former = "" if former is None else former.name
        self._values = {field.name: lru_cache(_REMEMBERED)(partial(from_stored, field)) for field in part.fields}
        self._kept = sqlite3.connect("")  # in a file of its own that nobody else sees, and that goes with it
        self._kept.execute("pragma journal_mode = off")
        self._kept.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def keep(self, block: TypedBlock, reading: Reading | None = None) -> None:
        """Remember the rows of a block of the file before."""
        said = said_of if reading is None else reading.said_of
        rows = (
            (key, block.rows[index], said(self._part.fields, block, index))
            for index, key in enumerate(block.keys or ())
            if key is not None
        )
        self._kept.executemany("insert or replace into sealed (key, row, said) values (?, ?, ?)", rows)

    def leave_out(self, held: Iterable[int]) -> None:
        """Forget the rows that could not be accepted, when all are there."""
        self._kept.execute("create index by_row on sealed (row)")
        self._kept.executemany("delete from sealed where row = ?", ((row,) for row in held))
        self._kept.execute("update sealed set row = null")  # from here on the row of the file in its place

    def expect(self, block: TypedBlock) -> None:
        """Note the references that the file has at all, before any row of it is laid over what was there."""
        self._kept.executemany("update sealed set sent = 1 where key = ?", ((key,) for key in block.keys or ()))

    def replace(self, laid: Laid) -> None:
        """Note the rows that take the place of a case."""
        places = zip(laid.block.rows, laid.cases, strict=True)
        rows = ((row, case.key) for row, case in places if case is not None)
        self._kept.executemany("update sealed set row = ? where key = ?", rows)

    def give_back(self, held: Iterable[int]) -> None:
        """Rows that are held take nobody's place."""
        self._kept.executemany("update sealed set row = null where row = ?", ((row,) for row in held))

    def remaining(self) -> Iterator[Before]:
        """The cases that are as they were, because no row took their place."""
        for key, said in self._kept.execute("select key, said from sealed where row is null order by key"):
            yield self._read(key, said)

    def lay_under(self, block: TypedBlock) -> Laid:
        """Fill in what the rows of a block do not send."""
        sent = frozenset(block.values)
        nothing: Sequence[Any] = [None] * len(block.rows)
        keys = block.keys or nothing
        formers = cast("Sequence[str | None]", block.values.get(self._former, nothing))
        known = self._asked({*keys, *formers} - {None})
        cases: list[Before | None] = []
        borne: set[int] = set()
        for index, (key, former) in enumerate(zip(keys, formers, strict=True)):
            own, other = known.get(key or ""), known.get(former or "")
            if own is None and other is not None and not other[1]:
                own, other = other, None  # the same case under another reference
            if other is not None and former != key:
                borne.add(index)
            cases.append(None if own is None else own[0])
        self._fill(block, cases)
        return Laid(block, cases, sent, frozenset(borne))

    def _asked(self, keys: Collection[Any]) -> dict[str, tuple[Before, bool]]:
        found: dict[str, tuple[Before, bool]] = {}
        listed = list(keys)
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            places = ", ".join("?" * len(some))
            for key, said, sent in self._kept.execute(
                f"select key, said, sent from sealed where key in ({places})", some
            ):
                found[key] = self._read(key, said), bool(sent)
        return found

    def _fill(self, block: TypedBlock, cases: Sequence[Before | None]) -> None:
        places = [(index, case) for index, case in enumerate(cases) if case is not None]
        sent, absent = frozenset(block.values), block.absent
        for field in self._part.fields if places else ():
            name = field.name
            if name in sent and name not in absent:
                continue
            for index, case in places:
                if name in sent and index not in absent[name]:
                    continue
                value, empty = case.values.get(name), case.empties.get(name)
                if value is not None:
                    block.values.setdefault(name, [None] * len(block.rows))[index] = value
                elif empty is not None:
                    block.empties[index] = {**(block.empties[index] or {}), name: empty}

    def _read(self, key: str, said: str) -> Before:
        values: dict[str, Value] = {}
        empties: dict[str, str] = {}
        for item in said.split(SEPARATOR):
            name, is_known, rest = cast("re.Match[str]", _ITEM.fullmatch(item)).groups()
            if is_known == "=":
                values[name] = self._values[name](rest)
            else:
                empties[name] = rest
        return Before(key, said, values, empties)


def said_of(fields: Sequence[Field], block: TypedBlock, index: int) -> str:
    """The canonical text of a row."""
    return canonical_row(fields, _record(block, index), block.empties[index])


def _record(block: TypedBlock, index: int) -> dict[str, Value]:
    return {name: column[index] for name, column in block.values.items()}
