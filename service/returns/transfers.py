"""Whether a transferred case may leave its sender: only when the receiver has sealed a return that holds it.

Until then the sender goes on reporting it, so that no case is lost between two forces and the national sum never moves
(semantics 30).
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName, Role
from service.returns.as_read import as_read
from service.returns.context import Context
from service.returns.current import current_rows
from service.returns.model import Open
from service.tally.judge import SHARING
from service.tally.model import dimension_of

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
