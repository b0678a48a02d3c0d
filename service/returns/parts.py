"""The parts that are a stock of their own and are replaced whole: aggregate cells and workforce rows."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import PartName
from service.register.columns import stored_types
from service.returns.check import Check
from service.returns.rows import listed

TABLES: Final = {PartName.AGGREGATE: "aggregate_cell", PartName.WORKFORCE: "workforce_row"}
OWN: Final = {PartName.AGGREGATE: "own_aggregates", PartName.WORKFORCE: "own_workforce"}


async def replace_part(tx: AsyncConnection, check: Check) -> None:
    """Put the accepted rows of an upload in the place of all that the return had in this part."""
    part = check.part.name
    parameters = check.ground.parameters
    await tx.execute(text(f"delete from {TABLES[part]} where force = :force and return_id = :return_id"), parameters)
    await tx.execute(
        text(
            f"insert into {TABLES[part]} (force, return_id, n, digest, empties, {listed(check.columns)}) "
            f"select :force, :return_id, c.row, c.digest, c.empties, {listed(check.columns, 'c')} "
            f"from {check.tables.checked} c where not c.held"
        ),
        parameters,
    )
    await tx.execute(
        text(f"update case_return set {OWN[part]} = true where force = :force and id = :return_id"), parameters
    )


async def carry_parts(tx: AsyncConnection, force: int, base_id: UUID | None, return_id: UUID, library: Library) -> None:
    """Give a return the cells and workforce rows of its base (None: no base, and so none), in the parts that the force
    did not send for it."""
    for part, table in TABLES.items():
        typed = stored_types(library, part)
        if not typed:  # a part that no version of the standard has
            continue
        columns = f"n, digest, empties, {listed(typed)}"
        parameters = {"force": force, "base": base_id, "return_id": return_id}
        own = f"select 1 from case_return r where r.force = :force and r.id = :return_id and r.{OWN[part]}"
        await tx.execute(
            text(f"delete from {table} where force = :force and return_id = :return_id and not exists ({own})"),
            {"force": force, "return_id": return_id},
        )
        await tx.execute(
            text(
                f"insert into {table} (force, return_id, {columns}) select force, :return_id, {columns} from {table} "
                f"where force = :force and return_id = :base and not exists ({own})"
            ),
            parameters,
        )
