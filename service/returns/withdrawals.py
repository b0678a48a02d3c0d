"""Cases that a return is no longer to hold: asked by a snapshot, or taken out one by one (semantics 18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName, Role
from service.errors import Conflict, Invalid
from service.register.columns import OPEN_END
from service.returns.answers import AnswersRefused, Problem
from service.returns.changes import change_draft
from service.returns.context import Actor, Context, no_such_resource
from service.returns.current import current_rows
from service.returns.model import Open

REASONS: Final = ("duplicate", "recorded_in_error", "transferred", "not_in_search", "other")


class Word(Struct, frozen=True, kw_only=True):
    """What the force says of one case that its snapshot lacks."""

    case_id: UUID
    answer: str
    reason: str | None = None
    words: str | None = None


class Missing(Struct, frozen=True, kw_only=True):
    """One case that waits for, or has, the force's word."""

    case_id: UUID
    key: str | None
    source: str
    answer: str | None
    reason: str | None
    words: str | None


def wrong_with(answer: str, reason: str | None, words: str | None) -> str | None:
    """Why an answer cannot be taken, or None."""
    if answer not in ("keep", "withdraw"):
        return "The answer is keep or withdraw."
    if answer == "keep":
        return None
    if reason not in REASONS:
        return f"A withdrawal needs a reason: {', '.join(REASONS)}."
    if reason == "other" and not (words or "").strip():
        return "The reason 'other' needs words."
    return None


async def answer_missing(
    context: Context, actor: Actor, item: Open, words: Sequence[Word], if_match: str | None
) -> Open:
    """Take the force's word for each named case; all or none."""
    problems = [
        Problem(pointer=f"/withdrawals/{index}", says=wrong, fix="See the list of reasons in the contract's guide.")
        for index, word in enumerate(words)
        if (wrong := wrong_with(word.answer, word.reason, word.words)) is not None
    ]
    if problems:
        raise AnswersRefused(problems)
    async with context.db.force(item.force) as tx, change_draft(context, tx, actor, item, if_match) as change:
        for index, word in enumerate(words):
            result = await tx.execute(
                text(
                    "update draft_withdrawal set answer = :answer, reason = :reason, words = :words "
                    "where force = :force and return_id = :id and case_id = :case_id"
                ),
                {
                    "force": item.force,
                    "id": item.id,
                    "case_id": word.case_id,
                    "answer": word.answer,
                    "reason": word.reason if word.answer == "withdraw" else None,
                    "words": word.words,
                },
            )
            if result.rowcount == 0:
                problems.append(
                    Problem(
                        pointer=f"/withdrawals/{index}/case_id",
                        says="This case is not among those that wait for an answer.",
                        fix="Read the list again; to take out another case, delete it.",
                    )
                )
        if problems:
            raise AnswersRefused(problems)
        change.done("missing_cases_answered", {"answers": len(words)})
    return change.item


async def delete_case(
    context: Context,
    actor: Actor,
    item: Open,
    case_id: UUID,
    reason: str | None,
    words: str | None,
    if_match: str | None,
) -> Open:
    """Take one case out of the return, with a reason."""
    wrong = wrong_with("withdraw", reason, words)
    if wrong is not None:
        raise Invalid(wrong, "Add ?reason=duplicate, for example.", code="reason-missing")
    async with context.db.force(item.force) as tx, change_draft(context, tx, actor, item, if_match) as change:
        key = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role[Role.KEY].name
        parameters = {"force": item.force, "return_id": item.id, "case_id": case_id}
        held = await tx.execute(
            text(f"select 1 from ({current_rows((key,))}) cur where cur.case_id = :case_id"), parameters
        )
        if held.one_or_none() is None:
            raise no_such_resource()
        await _refuse_transfer(tx, context, item, case_id, reason)
        await tx.execute(
            text(
                "insert into draft_withdrawal (force, return_id, case_id, source, answer, reason, words) values "
                "(:force, :return_id, :case_id, 'deletion', 'withdraw', :reason, :words) on conflict "
                "(force, return_id, case_id) do update set answer = 'withdraw', reason = excluded.reason, "
                "words = excluded.words"
            ),
            {**parameters, "reason": reason, "words": words},
        )
        change.done("case_withdrawn", {"reason": reason or ""})
    return change.item


async def _refuse_transfer(
    tx: AsyncConnection, context: Context, item: Open, case_id: UUID, reason: str | None
) -> None:
    """A transferred case stays with its sender until the receiver holds it (semantics 30)."""
    if reason != "transferred":
        return
    case = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role
    shared, lead = case[Role.SHARED_REF].name, case[Role.LEAD].name
    row = (
        await tx.execute(
            text(
                f"select cur.{shared} as shared, cur.{lead} as lead from ({current_rows((shared, lead))}) cur "
                "where cur.case_id = :case_id"
            ),
            {"force": item.force, "return_id": item.id, "case_id": case_id},
        )
    ).one()
    if row.shared is None or row.lead is None:
        raise Conflict(
            "A transferred case must name the agreed shared reference and the force that leads it now.",
            "Report the case with both; the receiving force's seal takes it over, and the national sum does not move.",
            code="transfer-not-agreed",
        )


async def list_missing(
    context: Context, tx: AsyncConnection, item: Open, after: str, limit: int
) -> tuple[list[Missing], str | None]:
    """The cases that wait for the force's word, or have it, by reference, a page at a time."""
    key = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role[Role.KEY].name
    rows = (
        await tx.execute(
            text(
                f"select w.case_id, coalesce(d.{key}, v.{key}) as key, w.source, w.answer, w.reason, w.words "
                "from draft_withdrawal w left join draft_case d on d.force = w.force and d.return_id = w.return_id "
                "and d.case_id = w.case_id left join case_version v on v.force = w.force and v.case_id = w.case_id "
                f"and v.line_to = {OPEN_END} where w.force = :force and w.return_id = :id "
                f"and coalesce(d.{key}, v.{key}, '') collate \"C\" > :after "
                f"order by coalesce(d.{key}, v.{key}, '') collate \"C\" limit :limit"
            ),
            {"force": item.force, "id": item.id, "after": after, "limit": limit + 1},
        )
    ).all()
    page = [Missing(**row._mapping) for row in rows[:limit]]  # noqa: SLF001  SQLAlchemy's public name for it
    return page, page[-1].key if len(rows) > limit else None
