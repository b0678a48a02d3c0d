"""What may be meant, or be what a spreadsheet made of it: it is taken, and the sender is told where it stands.

LibreOffice takes ``1+`` for 1 wherever a cell is not formatted as Text: typed into a sheet that was opened from CSV, or
opened from CSV with *Detect special numbers*. From *at least one suspect* to *one suspect* a case can go out of scope.
And every spreadsheet makes 42 of the reference ``00042`` there: the case is new, and counted twice.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from service.contract.model import Field
from service.contract.sheet import XLSX
from service.criteria.vocabulary import OPEN_NUMBER, Kind
from service.returns.check import Check, Checked

_SHEETS: Final = frozenset({"text/csv", XLSX})
"""What a spreadsheet may have written."""
_NAMED: Final = 10
"""So many rows are named in the note."""


async def tell_of_respelt(check: Check, checked: Checked, media: str) -> tuple[str, ...]:
    """The notes of such cells; none, where there are none. For after the rows are checked, and before they are
    written."""
    if media not in _SHEETS or not (check.ground.has_base or check.ground.has_draft):
        return ()
    return (*await _narrowed(check, checked), *await _shortened(check, checked))


async def _narrowed(check: Check, checked: Checked) -> tuple[str, ...]:
    """Cells that said at least a number, and say exactly that number now."""
    fields = [field for field in check.part.fields if field.kind in (Kind.NUMBER, Kind.DECIMAL) and not field.exact]
    if not (checked.changed and fields):
        return ()
    found = (await check.tx.execute(text(_narrowed_sql(check, fields)), check.ground.parameters)).all()
    if not found:
        return ()
    cells = sum(len(row.names) for row in found)
    said, says = ("1 cell", "says") if cells == 1 else (f"{cells:,} cells", "say")
    rows = ", ".join(f"row {row.row:,} ({', '.join(row.names)})" for row in found[:_NAMED])
    more = f" and {len(found) - _NAMED:,} more rows" if len(found) > _NAMED else ""
    return (
        f"{said} said at least a number, as 1+, and {says} exactly that number now, as 1: {rows}{more}. That is what "
        "LibreOffice makes of 1+ in a cell that is not formatted as Text. What the file says is taken; if that is not "
        "meant, undo the upload, format the columns as Text, and write 1+ again.",
    )


def _narrowed_sql(check: Check, fields: list[Field]) -> str:
    narrowed = ", ".join(f"case when {_is_narrowed(field.name)} then '{field.name}' end" for field in fields)
    return (
        f"select * from (select c.row, array_remove(array[{narrowed}], null) as names from {check.tables.checked} c "
        f"join ({check.current()}) cur on cur.case_id = c.case_id where not c.held and c.digest <> c.current_digest) n "
        "where cardinality(n.names) > 0 order by n.row"
    )


async def _shortened(check: Check, checked: Checked) -> tuple[str, ...]:
    """Cases that are new, and of which the reference is that of another without the zeros in front of it."""
    if not checked.new or check.key is None:
        return ()
    key = check.key.name
    sql = (
        f"select c.row from {check.tables.checked} c where not c.held and c.current_digest is null "
        f"and c.{key} ~ '^(0|[1-9][0-9]*)$' and c.{key} in (select coalesce(nullif(ltrim(cur.{key}, '0'), ''), '0') "
        f"from ({check.current()}) cur where cur.{key} like '0%') order by c.row"
    )
    found = (await check.tx.execute(text(sql), check.ground.parameters)).scalars().all()
    if not found:
        return ()
    rows = ", ".join(f"row {row:,}" for row in found[:_NAMED])
    more = f" and {len(found) - _NAMED:,} more rows" if len(found) > _NAMED else ""
    cases, their = ("1 case is", "its") if len(found) == 1 else (f"{len(found):,} cases are", "their")
    return (
        f"{cases} new, with the reference of a case that was there without the zeros in front of it: {rows}{more}. "
        "That is what spreadsheets make of a reference in a cell that is not formatted as Text. If it is the same "
        f"case, undo the upload, format the column as Text, and write {their} reference again.",
    )


def _is_narrowed(name: str) -> str:
    return f"cur.{name}_hi = {OPEN_NUMBER} and c.{name}_lo = cur.{name}_lo and c.{name}_hi = cur.{name}_lo"
