"""A file of a force's own form, written out in the contract's: what leaves the machine is that, and nothing else.

Rows keep their numbers, so that what the service finds in row 212 is in row 212 of the force's own file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from service.contract.mapping import FileMapping, Translate
from service.contract.model import Contract, Field, Part
from service.errors import Invalid, Malformed
from service.returns.readers.heading import read_heading
from service.returns.readers.raw import read_raw
from service.returns.readers.source import Source

_NAMED: Final = 10


class NotMapped(Invalid):
    """Columns of which nobody said what they are. Their names are the sender's words: they stand in ``do`` alone."""

    code = "columns-not-mapped"

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"{len(names)} columns of the file are neither mapped nor left out, so nothing was sent.")
        listed = ", ".join(f"“{name}”" for name in names[:_NAMED])
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        self.do = f"Give each a field, or name it under left_out: {listed}{more}."


def translated(source: Source, media: str, part: Part, contract: Contract, mapping: FileMapping) -> Iterator[bytes]:
    """The file as CSV of the contract, a piece at a time. Raises ``NotMapped`` before the first piece, and
    ``Malformed`` where a row cannot be read: it could not be sent as it stands."""
    words = {field.name: mapping.translation(field.name) for field in part.fields}
    fields: dict[int, Field] | None = None
    written = 1
    for some in read_raw(source, media, part, contract, mapping):
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        if some.unreadable:
            says = f"{len(some.unreadable):,} rows cannot be read (the first is row {some.unreadable[0]:,})."
            raise Malformed(says, "See what is wrong: case-returns validate, with the same --mapping.")
        if fields is None:
            fields = _fields(some.names, part, contract, mapping)
            writer.writerow([field.name for field in fields.values()])
        columns = [_column(some.cells[place], words[field.name]) for place, field in fields.items()]
        for row, cells in zip(some.rows, zip(*columns, strict=True), strict=True):
            out.write("\n" * (row - written - 1))  # blank rows of the sheet, and those above its heading
            writer.writerow(cells)
            written = row
        yield out.getvalue().encode()


def _fields(names: Mapping[int, str], part: Part, contract: Contract, mapping: FileMapping) -> dict[int, Field]:
    """The field of each column that is sent; what the service would say of the heading is said here."""
    width = max(names, default=-1) + 1
    heading = read_heading([names.get(place, "") for place in range(width)], part, contract, mapping)
    if heading.unknown:
        raise NotMapped(list(heading.unknown.values()))
    return heading.fields


def _column(cells: Sequence[str], translate: Translate | None) -> Sequence[str]:
    return cells if translate is None else list(map(translate, cells))
