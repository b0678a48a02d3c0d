"""Reads and writes ``case_return``: one query a function. Only service/returns writes this table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.returns.model import AnyReturn, Open, Sealed, Superseded, Withdrawn
from service.tally.count import Years
from service.terms.calendar import Period, period_of

_COLUMNS = (
    "id, force, period, revision, state, contract_version, case_years, case_year_unknown, base_id, branch_of, line, "
    "draft_version, judged_by, summary, opened_at, opened_by, sealed_at, sealed_position, sealed_draft, digest, "
    "receipt, withdrawn_at, withdrawn_reason, "
    "case when base_id is distinct from (select l.return_id from force_line l where l.force = case_return.force) then "
    "coalesce((select b.line from case_return b where b.force = case_return.force and b.id = case_return.base_id), 0) "
    "end as laid_over"
)


BASE_LINE: Final = "coalesce((select b.line from case_return b where b.force = r.force and b.id = r.base_id), 0)"
"""SQL: the number of what a return ``r`` starts from; 0: of nothing."""


def _return(row: Row[Any]) -> AnyReturn:
    common = {
        "id": row.id,
        "force": row.force,
        "period": period_of(row.period),
        "revision": row.revision,
        "contract_version": row.contract_version,
        "years": Years(listed=None if row.case_years is None else tuple(row.case_years), unknown=row.case_year_unknown),
        "base_id": row.base_id,
        "opened_at": row.opened_at,
        "opened_by": row.opened_by,
        "summary": row.summary,
    }
    if row.state == "open":
        return Open(**common, draft_version=row.draft_version, laid_over=row.laid_over, judged_by=row.judged_by)
    if row.state == "withdrawn":
        return Withdrawn(
            **common,
            withdrawn_at=row.withdrawn_at,
            reason=row.withdrawn_reason,
            line=row.line,
            receipt=row.receipt,
        )
    kind = Sealed if row.state == "sealed" else Superseded
    return kind(
        **common,
        line=row.line,
        branch_of=row.branch_of,
        sealed_at=row.sealed_at,
        sealed_position=row.sealed_position,
        sealed_draft=row.sealed_draft,
        digest=row.digest,
        receipt=row.receipt,
    )


async def returns_of(tx: AsyncConnection, force: int, period: Period | None = None) -> Sequence[AnyReturn]:
    """A force's returns, newest period and revision first."""
    rows = await tx.execute(
        text(
            f"select {_COLUMNS} from case_return where force = :force "
            "and (cast(:period as date) is null or period = :period) order by period desc, revision desc"
        ),
        {"force": force, "period": None if period is None else period.first_day},
    )
    return [_return(row) for row in rows]


async def return_by_id(tx: AsyncConnection, force: int, return_id: UUID) -> AnyReturn | None:
    """One return of this force."""
    row = (
        await tx.execute(
            text(f"select {_COLUMNS} from case_return where force = :force and id = :id"),
            {"force": force, "id": return_id},
        )
    ).one_or_none()
    return None if row is None else _return(row)


async def lock_line(tx: AsyncConnection, force: int) -> tuple[int, UUID | None]:
    """Take the force's lock; the end of its main line: number, and the sealed return there."""
    lock = text("select head, return_id from force_line where force = :force for update")
    row = (await tx.execute(lock, {"force": force})).one_or_none()
    if row is None:
        first = text("insert into force_line (force) values (:force) on conflict do nothing")
        await tx.execute(first, {"force": force})
        row = (await tx.execute(lock, {"force": force})).one()
    return row.head, row.return_id


async def insert_open(tx: AsyncConnection, item: Open) -> None:
    """Store a return that was just opened."""
    await tx.execute(
        text(
            "insert into case_return (force, id, period, revision, state, contract_version, case_years, "
            "case_year_unknown, base_id, draft_version, judged_by, opened_at, opened_by) values (:force, :id, "
            ":period, :revision, 'open', :contract_version, :case_years, :unknown, :base_id, :draft_version, "
            ":judged_by, :opened_at, :opened_by)"
        ),
        {
            "force": item.force,
            "id": item.id,
            "period": item.period.first_day,
            "revision": item.revision,
            "contract_version": item.contract_version,
            "case_years": None if item.years.listed is None else list(item.years.listed),
            "unknown": item.years.unknown,
            "base_id": item.base_id,
            "draft_version": item.draft_version,
            "judged_by": item.judged_by,
            "opened_at": item.opened_at,
            "opened_by": item.opened_by,
        },
    )


async def declare(tx: AsyncConnection, item: Open, contract_version: str, years: Years) -> None:
    """Change what an open return declares about itself."""
    await tx.execute(
        text(
            "update case_return set contract_version = :contract_version, case_years = :case_years, "
            "case_year_unknown = :unknown where force = :force and id = :id"
        ),
        {
            "force": item.force,
            "id": item.id,
            "contract_version": contract_version,
            "case_years": None if years.listed is None else list(years.listed),
            "unknown": years.unknown,
        },
    )


async def move_draft(tx: AsyncConnection, force: int, return_id: UUID) -> Open:
    """The draft is another one now: whoever signs must have seen it. The return as it is then; the caller holds the
    force's lock, so that it is open."""
    row = (
        await tx.execute(
            text(
                "update case_return set draft_version = draft_version + 1 where force = :force and id = :id "
                f"returning {_COLUMNS}"
            ),
            {"force": force, "id": return_id},
        )
    ).one()
    moved = _return(row)
    if not isinstance(moved, Open):
        raise TypeError("only a draft can move")
    return moved


async def write_judged_by(tx: AsyncConnection, force: int, return_id: UUID, judged_by: str) -> None:
    """By which rules the return's findings are now."""
    await tx.execute(
        text("update case_return set judged_by = :judged_by where force = :force and id = :id"),
        {"force": force, "id": return_id, "judged_by": judged_by},
    )


async def compared(tx: AsyncConnection, force: int, return_id: UUID, *, rests_on_base: bool) -> None:
    """The return's file of cases was compared with its base as it is now.

    ``rests_on_base``: it said things that left no trace of their own because the base says them too (unchanged rows,
    or a snapshot's silence on a case), so it must be compared again if the base moves.
    """
    await tx.execute(
        text(
            f"update case_return r set compared_line = {BASE_LINE} where r.force = :force and r.id = :id "
            "and (:rests_on_base or r.compared_line is not null)"
        ),
        {"force": force, "id": return_id, "rests_on_base": rests_on_base},
    )


async def must_compare_again(tx: AsyncConnection, force: int, return_id: UUID) -> None:
    """Rows of the draft are not as they were sent any more: the file must be sent again before the seal. No line ends
    at this number, nor is it the nought of a line that has not begun."""
    await tx.execute(
        text("update case_return set compared_line = -1 where force = :force and id = :id"),
        {"force": force, "id": return_id},
    )
