"""Cases on their way from one force to another: none is lost between two, and none is new because it moved.

A transferred case may leave its sender only when the receiver has sealed a return that holds it; until then the sender
goes on reporting it, and the national sum never moves (semantics 30). The receiver's row says why it began.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import PartName, Role
from service.register.line import HELD_ELSEWHERE
from service.returns.as_read import as_read
from service.returns.context import Context
from service.returns.current import current_rows
from service.returns.model import Open
from service.storage.remembered import Statements
from service.tally.judge import SHARING, shared_sql
from service.tally.model import dimension_of
from service.tally.shared import SharedRow, confirmed_lead

_STATEMENTS: Final = Statements()

SAYS = "The force that leads this case has not sealed a return that holds it."
FIX = (
    "Report the case with the agreed shared reference and the new lead; once that force has sealed it, it counts "
    "there, and then you can withdraw it here."
)


async def not_taken_over(context: Context, tx: AsyncConnection, item: Open, cases: Collection[UUID]) -> set[UUID]:
    """Those of some cases that no other force holds, as their lead, under the agreed reference, naming this force: so
    nobody can ask what a force holds that has not named them."""
    if not cases:
        return set()
    roles = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role
    if not roles.keys() >= SHARING:  # a standard that knows no shared cases: nobody could have taken one over
        return set(cases)
    shared, lead = roles[Role.SHARED_REF].name, roles[Role.LEAD].name
    current = current_rows((shared, lead), item.laid_over, as_read(context.library, item.contract_version))
    rows = (
        await tx.execute(
            text(
                f"select cur.case_id, cur.{shared} as shared, cur.{lead} as lead "
                f"from ({current}) cur where cur.case_id = any(cast(:cases as uuid[]))"
            ),
            {"force": item.force, "return_id": item.id, "cases": list(cases)},
        )
    ).all()
    leads = {row.case_id: (dimension_of(row.lead, context.forces), row.shared) for row in rows}
    asked = [(force, ref) for force, ref in leads.values() if force is not None and force != item.force and ref]
    async with context.db.national() as national:
        found = await national.execute(
            text(
                "select distinct s.force, s.shared_ref from shared_row s join force_line l on l.force = s.force "
                "and l.return_id = s.return_id join unnest(cast(:forces as smallint[]), cast(:refs as text[])) "
                "a (force, ref) on a.force = s.force and a.ref = s.shared_ref where s.lead = s.force "
                "and s.shared_with & :sender <> 0"
            ),
            {
                "forces": [force for force, _ in asked],
                "refs": [ref for _, ref in asked],
                "sender": 1 << item.force,
            },
        )
        held = {(row.force, row.shared_ref) for row in found}
    return {case_id for case_id in cases if case_id not in leads or leads[case_id] not in held}


async def note_held_elsewhere(context: Context, tx: AsyncConnection, item: Open, line: int) -> None:
    """Say of the cases that this return brings to the force that they are new to it alone, where every other holder
    confirms them: then it was transferred, or is shared, and was counted before."""
    library = context.library
    roles = library.contracts[item.contract_version].parts[PartName.CASE].by_role
    if not roles.keys() >= SHARING:
        return
    statement = _STATEMENTS.get((library, item.contract_version), partial(_brought_sql, library, item.contract_version))
    brought = (await tx.execute(statement, {"force": item.force, "line": line})).all()
    if not brought:
        return
    leads = roles[Role.LEAD].list
    groups: dict[str, list[SharedRow]] = {row.shared_ref: [] for row in brought}
    async with context.db.national() as national:
        for row in await national.execute(_HELD_BY_OTHERS, {"force": item.force, "refs": list(groups)}):
            groups[row.shared_ref].append(_row(row.force, row, row.lead))
    confirmed = []
    for row in brought:
        lead = None if leads is None else dimension_of(row.lead, leads)
        if confirmed_lead([_row(item.force, row, lead), *groups[row.shared_ref]]) is not None:
            confirmed.append(row.case_id)
    await tx.execute(
        text(
            "update case_version set begin_reason = :reason where force = :force and line_from = :line "
            "and case_id = any(cast(:cases as uuid[]))"
        ),
        {"reason": HELD_ELSEWHERE, "force": item.force, "line": line, "cases": confirmed},
    )


def _row(force: int, said: Any, lead: int | None) -> SharedRow:
    return SharedRow(force=force, shared_ref=said.shared_ref, shared_with=said.shared_with, lead=lead, ruling=None)


_HELD_BY_OTHERS: Final = text(
    "select distinct s.force, s.shared_ref, s.shared_with, s.lead from shared_row s join force_line l "
    "on l.force = s.force and l.return_id = s.return_id where s.shared_ref = any(cast(:refs as text[])) "
    "and s.force <> :force"
)


def _brought_sql(library: Library, version: str) -> str:
    """The cases with a shared reference that begin with a number of the line, and did not stand before it."""
    said = shared_sql(library, version, "o")
    if said is None:
        raise TypeError("a standard that knows no shared cases brings none")
    return (
        f"select o.case_id, {said.ref} as shared_ref, {said.shared_with} as shared_with, {said.lead} as lead "
        f"from case_version o where o.force = :force and o.line_from = :line and {said.ref} is not null "
        "and not exists (select from case_version e where e.force = :force and e.case_id = o.case_id "
        "and e.line_to = :line)"
    )
