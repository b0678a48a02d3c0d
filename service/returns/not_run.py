"""Which checks of an open return could not run, and why: asked of what stands in it now."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Part, PartName, deviations_of
from service.contract.not_run import NotRun, not_run_of_part, not_run_of_return
from service.returns.cases import stock_of
from service.returns.context import Context
from service.returns.model import Open
from service.returns.parts import TABLES
from service.returns.rows import column_names, known_sql


async def checks_not_run(context: Context, item: Open) -> list[NotRun]:
    """The rules that nothing was asked of, part by part, and those about the whole return that lack a measure. A rule
    that a notice switched off is none of them: it is not to be asked."""
    contract = context.library.contracts[item.contract_version]
    off = {name for name, deviation in deviations_of(item.judged_by).items() if deviation.severity is None}
    found: list[NotRun] = []
    async with context.db.force(item.force) as tx:
        for part in contract.parts.values():
            rows, known = await _said(context, tx, item, part)
            found += not_run_of_part(contract, part, rows, known)
    found += not_run_of_return(contract, item.summary.get("measures", {}))
    return [each for each in found if each.what not in off]


async def _said(context: Context, tx: AsyncConnection, item: Open, part: Part) -> tuple[int, set[str]]:
    """How many rows a part has, and the fields that some of them says."""
    fields = part.fields
    if part.name is PartName.CASE:
        sql, parameters = stock_of(context, item, column_names(fields))
    else:
        sql = f"select * from {TABLES[part.name]} where force = :force and return_id = :return_id"
        parameters = {"force": item.force, "return_id": item.id}
    said = ", ".join(f"bool_or({known_sql(field, 'cur')}) as {field.name}" for field in fields)
    row = (await tx.execute(text(f"select count(*), {said} from ({sql}) cur"), parameters)).one()
    count, *known = row
    return int(count), {field.name for field, is_known in zip(fields, known, strict=True) if is_known}
