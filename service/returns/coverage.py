"""What a mapping covers of a file: its columns, the values of those with codes, its rows. And the sample of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from service.contract.mapping import FileMapping, fold
from service.contract.model import Contract, Field, Part
from service.contract.proposal import Column
from service.contract.values import Check, cell_reader
from service.errors import Malformed
from service.returns.readers.heading import read_heading
from service.returns.readers.raw import RawRows, read_raw
from service.returns.readers.source import Source

SAMPLED: Final = 10_000
"""So many rows are the sample of a file."""
_COUNTED: Final = 500
"""So many different values of a column are told apart."""


def sample_of(source: Source, media: str, part: Part, contract: Contract) -> list[Column]:
    """The columns of a file with the values of its first rows."""
    counted: dict[int, Counter[str]] = {}
    many: set[int] = set()
    names: dict[int, str] = {}
    rows = 0
    for some in read_raw(source, media, part, contract):
        names |= some.names
        for place, cells in some.cells.items():
            seen = counted.setdefault(place, Counter())
            seen.update(cells)
            if len(seen) > _COUNTED:
                many.add(place)
                counted[place] = Counter(dict(seen.most_common(_COUNTED)))
        rows += len(some.rows)
        if rows >= SAMPLED:
            break
    folded = Counter(map(fold, names.values()))
    twice = [place for place, name in names.items() if folded[fold(name)] > 1]
    if twice:
        says = f"The same column name stands in the heading twice, as columns {twice[0] + 1} and {twice[1] + 1}."
        raise Malformed(says, "Give each column a name of its own.", code="duplicate-column")
    return [Column(name, dict(counted.get(place, {})), many=place in many) for place, name in names.items()]


class Values(Struct, frozen=True, kw_only=True):
    """The values of one column: how many are different, and those that its field cannot read, with their rows."""

    field: str
    column: str
    different: int
    unread: dict[str, int]
    more: int
    """Rows with a value beyond those that are told apart here."""


class Coverage(Struct, frozen=True, kw_only=True):
    """What a mapping covers of one file."""

    columns: int
    mapped: int
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]
    """Columns that are neither a field nor left out."""
    fields: int
    filled: int
    needed: tuple[str, ...]
    """Required fields for which there is no column."""
    values: tuple[Values, ...]
    """Of the columns with codes."""
    rows: int
    whole: int
    """Rows of which every value of a mapped column can be read, and that have none in an unknown one."""

    @property
    def is_whole(self) -> bool:
        return self.whole == self.rows and not self.unknown and not self.needed


def cover(source: Source, media: str, part: Part, contract: Contract, mapping: FileMapping) -> Coverage:
    """Look through a whole file. Raises what concerns all of it, as its validation would."""
    counting: _Counting | None = None
    for some in read_raw(source, media, part, contract, mapping):
        if counting is None:
            counting = _Counting(some, part, contract, mapping)
        counting.take(some)
    if counting is None:
        raise Malformed("There is no row in the file.", "Give a file with some.", code="empty-upload")
    return counting.result()


class _Column:
    """One mapped column: which of its cells can be read, each looked at once."""

    def __init__(self, field: Field, mapping: FileMapping) -> None:
        self.field = field
        self._read = cell_reader(field)
        self._translate: Callable[[str], str] = mapping.translation(field.name) or str
        self._known: dict[str, bool] = {}
        self.counted: Counter[str] = Counter()
        self.more = 0

    def good(self, cells: Sequence[str]) -> list[bool]:
        known = self._known
        if len(known) > 50_000:
            known.clear()
        for cell in set(cells) - known.keys():
            failed = self._read(self._translate(cell)).failed
            known[cell] = failed is None or failed is Check.REQUIRED
        if self.field.kind.is_mask:
            for cell, times in Counter(cells).items():
                if cell in self.counted or len(self.counted) < _COUNTED:
                    self.counted[cell] += times
                else:
                    self.more += times
        return list(map(known.__getitem__, cells))

    def values(self, own: str) -> Values:
        different = {cell.strip() for cell in self.counted if cell.strip()}
        unread = Counter[str]()
        for cell, times in self.counted.items():
            failed = self._read(self._translate(cell)).failed
            if failed is not None and failed is not Check.REQUIRED:
                unread[cell.strip()] += times
        return Values(
            field=self.field.name,
            column=own,
            different=len(different),
            unread=dict(unread.most_common()),
            more=self.more,
        )


class _Counting:
    """One file under way."""

    def __init__(self, first: RawRows, part: Part, contract: Contract, mapping: FileMapping) -> None:
        self._names, self._part, self._mapping = first.names, part, mapping
        width = max(first.names, default=-1) + 1
        cells = [first.names.get(place, "") for place in range(width)]
        self._heading = read_heading(cells, part, contract, mapping)
        self._columns = {place: _Column(field, mapping) for place, field in self._heading.fields.items()}
        self._rows = self._whole = 0

    def take(self, some: RawRows) -> None:
        good = [column.good(some.cells[place]) for place, column in self._columns.items()]
        good += [[not cell.strip() for cell in some.cells[place]] for place in self._heading.unknown]
        self._rows += len(some.rows) + len(set(some.unreadable) - set(some.rows))
        unreadable = set(some.unreadable)
        self._whole += sum(
            all(each) and row not in unreadable for row, each in zip(some.rows, zip(*good, strict=True), strict=True)
        )

    def result(self) -> Coverage:
        heading, fields = self._heading, self._part.fields
        filled = {field.name for field in heading.fields.values()}
        coded = [(place, column) for place, column in self._columns.items() if column.field.kind.is_mask]
        return Coverage(
            columns=len(self._names),
            mapped=len(filled),
            left_out=tuple(self._names[place] for place in sorted(heading.left_out)),
            unknown=tuple(heading.unknown.values()),
            fields=len(fields),
            filled=len(filled),
            needed=tuple(field.name for field in fields if field.required and field.name not in filled),
            values=tuple(column.values(self._names[place]) for place, column in coded),
            rows=self._rows,
            whole=self._whole,
        )
