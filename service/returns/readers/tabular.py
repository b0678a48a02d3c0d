"""What rows under a heading have in common, however they come: columns of one length, and what lies outside of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.contract.findings import found
from service.contract.sheet import HANDED_OUT, NOTES
from service.contract.values import BLANKS, Check
from service.returns.readers.block import HeldRow, TypedBlock
from service.returns.readers.columns import Typing
from service.returns.readers.heading import Heading

NOT_READ: Final = f"The column “{NOTES}” is your own: it was not read, and nothing of it is kept."


def columns_of(rows: list[list[str]], width: int) -> list[Sequence[str]]:
    """Cells by column. Rows become as wide as the heading: what a short row lacks is blank."""
    if rows and set(map(len, rows)) != {width}:
        for row in rows:
            row[len(row) :] = [""] * (width - len(row))
            del row[width:]
    return list(zip(*rows, strict=True)) if rows else [()] * width


def too_wide(typing: Typing, row: int, text: str, cells: int, width: int, key: str | None) -> HeldRow:
    """A row with a value beyond the last column of the heading, which has ``width``."""
    return typing.unread(row, text, Check.SHAPE, f"it has {cells} cells, and the heading {width}", key)


def cut_off(typing: Typing, row: int, text: str, cells: int, width: int, key: str | None) -> HeldRow:
    """The last row of a file that ends before the row does."""
    why = f"the file ends within it, after {cells} of {width} cells; send the whole file again"
    return typing.unread(row, text, Check.SHAPE, why, key)


def tell_heading(typing: Typing, block: TypedBlock, heading: Heading, row: int) -> None:
    """The findings of the heading, which stands in a row of its own: columns that the part does not have."""
    check, part = Check.UNKNOWN_COLUMN, typing.part.name
    block.findings += [found(typing.contract, part, check, row, name) for name in heading.unknown.values()]


def tell_columns(typing: Typing, block: TypedBlock, heading: Heading, columns: Sequence[Sequence[str]]) -> None:
    """The findings of rows outside of their fields: values in columns that are unknown or have no name."""
    for place, column in enumerate(columns):
        if place in heading.fields or place in heading.left_out or not any(column):
            continue
        own = {heading.notes: NOTES, heading.handed_out: HANDED_OUT}
        name = own.get(place, heading.unknown.get(place))
        if block.cells is not None and name is not None:
            block.cells[name] = column
        if place == heading.notes:
            by_service = heading.handed_out is not None  # it wrote there what is asked of each row
            block.notes += () if by_service or NOT_READ in block.notes else (NOT_READ,)
            continue
        if place == heading.handed_out:
            continue
        for index, cell in enumerate(column):
            if not cell.strip(BLANKS):
                continue
            if name is not None:
                typing.add(block, Check.UNKNOWN_COLUMN, index, name, cell)
            else:
                why = f"a value stands in column {place + 1}, which has no name"
                typing.add(block, Check.SHAPE, index, None, why)
