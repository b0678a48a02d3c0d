"""What a sheet said when it was handed out, beside what stands now: who changed a cell that somebody else had changed.

Cells that nobody touched are left by the reader. Of the others what was handed out is staged too (``handed.py``); where
what stands now is neither that nor what is sent, two people said different things, and the sender is told.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from service.contract.model import Field, Role
from service.returns.check import Check
from service.returns.rows import column_names, listed

_NAMED: Final = 10
"""So many rows are named in a note."""


async def tell_of_overtaken(check: Check) -> tuple[str, ...]:
    """The note of cells that were changed since the sheet was made, and that it says otherwise; none, where there are
    none. For after the rows are checked, and before they are written."""
    ground = check.ground
    if not (ground.has_base or ground.has_draft):
        return ()
    found = (await check.tx.execute(text(_sql(check)), ground.parameters)).all()
    if not found:
        return ()
    cells = sum(len(row.names) for row in found)
    rows = [f"row {row.row:,} ({', '.join(row.names)})" for row in found[:_NAMED]]
    more = f" and {len(found) - _NAMED:,} more rows" if len(found) > _NAMED else ""
    what = "1 cell was" if cells == 1 else f"{cells:,} cells were"
    return (
        f"{what} changed in the return since this list was made, and the file says something else: "
        f"{', '.join(rows)}{more}. What the file says is taken; if that is not meant, undo the upload.",
    )


def _sql(check: Check) -> str:
    fields = [field for field in check.part.fields if field.role is not Role.KEY]
    overtaken = ", ".join(
        f"case when '{field.name}' = any(h.names) and {_differs(field, 'cur', 'h')} and {_differs(field, 'cur', 'c')} "
        f"then '{field.name}' end"
        for field in fields
    )
    return (
        f"select * from (select c.row, array_remove(array[{overtaken}], null) as names from {check.tables.handed} h "
        f"join {check.tables.checked} c on c.idx = h.idx join ({check.current()}) cur on cur.case_id = c.case_id "
        "where not c.held) o where cardinality(o.names) > 0 order by o.row"
    )


def _differs(field: Field, one: str, other: str) -> str:
    """Whether a field, or why it is empty, is not the same in two rows: never null."""
    names = column_names([field])
    values = f"({listed(names, one)}) is distinct from ({listed(names, other)})"
    return f"({values} or {one}.empties ->> '{field.name}' is distinct from {other}.empties ->> '{field.name}')"
