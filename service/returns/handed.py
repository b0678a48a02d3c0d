"""What a sheet said when it was handed out, as COPY takes it: beside the rows that say something else now."""

from __future__ import annotations

from service.contract.columns import columns_of
from service.contract.model import Part
from service.returns.binary import NULL, copied, jsonb, texts, whole
from service.returns.readers.block import Handed


def handed_columns(part: Part) -> list[str]:
    """The columns of the table of what was handed out, in the order of ``handed_content``."""
    return ["idx", "names", "empties", *(column.name for column in columns_of(part.fields))]


def handed_content(part: Part, handed: Handed, first: int) -> bytes:
    """What was handed out of the rows of a block, as COPY takes it. ``first``: the number of the block's first row."""
    columns = [
        whole(first + index for index in handed.indexes),
        list(map(texts, handed.names)),
        [_document(empties) for empties in handed.empties],
    ]
    for field in part.fields:
        blank = NULL * len(columns_of([field]))
        written = handed.values.get(field.name)
        columns.append(
            [blank] * len(handed.indexes)
            if written is None
            else [blank if value is None else value for value in written]
        )
    return copied(columns, len(handed_columns(part)))


def _document(empties: dict[str, str]) -> bytes:
    return jsonb("{" + ", ".join(f'"{name}": "{kind}"' for name, kind in sorted(empties.items())) + "}")
