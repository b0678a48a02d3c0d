"""Why one case of a return is in scope, out of scope or undetermined: asked for one case, and logged as its reading is.

The record is taken as it is stored and read forward as judging reads it (semantics 12), so that what is explained is
what was counted.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row, text

from service.contract.library import Library
from service.contract.model import PartName, Role
from service.criteria.evaluate import Value
from service.register.columns import stored_case_columns
from service.returns.cases import log_reading, stored_stock, values_of
from service.returns.context import Actor, Context, no_such_resource
from service.returns.edition_asked import edition_asked
from service.returns.model import AnyReturn
from service.scope.explain import Explained, explain
from service.scope.reading import Readings
from service.scope.store import Standing
from service.tally.judge import judged


class Why(Struct, frozen=True, kw_only=True):
    """One case under one edition. ``contract_version``: in which the case was written; ``key`` its reference;
    ``counted``: whether its year is among those that the return reports case by case (semantics 27)."""

    case_id: UUID
    key: str
    contract_version: str
    standing: Standing
    counted: bool
    explained: Explained


async def explain_case(context: Context, actor: Actor, item: AnyReturn, case_id: UUID, scope: str | None) -> Why:
    """The verdict on one case of a return, under an edition or (None) the one in force; NotFound without the case."""
    sql, parameters = stored_stock(item, stored_case_columns(context.library))
    async with context.db.force(item.force) as tx:
        standing = await edition_asked(context, tx, scope)
        year = judged(context.library, standing.edition).year
        case = text(f"select o.*, {year} as judged_year from ({sql}) o where o.case_id = :case_id")
        row = (await tx.execute(case, {**parameters, "case_id": case_id})).one_or_none()
        if row is None:
            raise no_such_resource()
        await log_reading(context, tx, actor, item, {"case": str(case_id), "scope": standing.edition.name})
    record = stored_record(context.library, row)
    readings = Readings(context.library, standing.edition.vocabulary)
    reading = readings.of(row.contract_version, record, row.empties or {})
    return Why(
        case_id=row.case_id,
        key=str(record[context.library.contracts[row.contract_version].parts[PartName.CASE].by_role[Role.KEY].name]),
        contract_version=row.contract_version,
        standing=standing,
        counted=item.years.covers(row.judged_year),
        explained=explain(standing.edition, context.library, reading),
    )


def stored_record(library: Library, row: Row[Any]) -> dict[str, Value]:
    """A row as it is stored, by the fields of the version in which it was written."""
    return values_of(library.contracts[row.contract_version].parts[PartName.CASE].fields, row)
