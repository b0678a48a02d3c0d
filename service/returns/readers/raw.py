"""A sheet as it stands: the sender's own column names and cells, before anything says what they are.

For what looks at a file of another form than the contract's: proposing a mapping, saying what one covers, and writing
the file out again in the contract's form. The same readers find the rows, so that they are the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from service.contract.mapping import FileMapping
from service.contract.model import Contract, Field, Part
from service.contract.values import BLANKS, Check
from service.criteria.vocabulary import Kind
from service.errors import UnsupportedMedia
from service.returns.readers import MAPPED
from service.returns.readers.block import HeldRow, TypedBlock
from service.returns.readers.columns import Typing
from service.returns.readers.csv_file import read_csv
from service.returns.readers.heading import Heading
from service.returns.readers.source import Source
from service.returns.readers.xlsx_file import read_xlsx


class RawRows(Struct, frozen=True):
    """Some rows: ``names`` by column number, without columns that have none; the cells of each such column."""

    names: Mapping[int, str]
    rows: Sequence[int]
    """Numbers as the sender sees them."""
    cells: Mapping[int, Sequence[str]]
    unreadable: Sequence[int]
    """Rows of these that cannot be read into the columns of the heading."""


class _Raw(Typing):
    """Takes what a reader found as it is."""

    def __init__(self, contract: Contract, part: Part, mapping: FileMapping | None) -> None:
        super().__init__(contract, part, None, mapping)
        self.key = None
        self.names: dict[int, str] = {}
        self.troubled: list[int] = []

    def heading(self, cells: Sequence[str]) -> Heading:
        self.names = {place: cell.strip(BLANKS) for place, cell in enumerate(cells) if cell.strip(BLANKS)}
        return Heading(len(cells), {place: _column(place) for place in self.names}, {})

    def block(
        self,
        rows: list[int],
        columns: Mapping[str, Sequence[Any]],
        *,
        text_of: Callable[[int], str],
        is_plain: bool,
        shapes: list[frozenset[str]] | None = None,
        unread: Sequence[HeldRow] = (),
        notes: tuple[str, ...] = (),
    ) -> TypedBlock:
        del text_of, is_plain, shapes
        return TypedBlock(
            rows=rows,
            values={name: list(map(str, column)) for name, column in columns.items()},
            empties=[None] * len(rows),
            findings=[],
            held=set(),
            failed={},
            originals=(),
            unread=list(unread),
            notes=notes,
        )

    def add(self, block: TypedBlock, check: Check, index: int, field: str | None, value: str | None) -> None:
        del check, field, value
        self.troubled.append(block.rows[index])

    def unread(self, row: int, text: str, check: Check, why: str, key: str | None = None) -> HeldRow:
        del text, check, why
        return HeldRow(row, "", (), key)


def _column(place: int) -> Field:
    return Field(name=str(place), ordinal=place, kind=Kind.TEXT, label="", meaning="")


def read_raw(
    source: Source, media: str, part: Part, contract: Contract, mapping: FileMapping | None = None
) -> Iterator[RawRows]:
    """The rows of a sheet, some at a time. Part, contract and mapping only help to tell which sheet and delimiter it
    is."""
    if media not in MAPPED:
        raise UnsupportedMedia("Only a file with a heading and columns can be mapped.", "Give it as CSV or XLSX.")
    typing = _Raw(contract, part, mapping)
    blocks = (read_csv if media == "text/csv" else read_xlsx)(source, typing, 1_000)
    for block in blocks:
        cells = {place: block.values.get(str(place), [""] * len(block.rows)) for place in typing.names}
        unreadable = sorted({*typing.troubled, *(row.row for row in block.unread)})
        typing.troubled.clear()
        yield RawRows(dict(typing.names), block.rows, cells, unreadable)
