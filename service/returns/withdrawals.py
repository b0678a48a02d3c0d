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
from service.register.columns import holds_at
from service.register.line import TRANSFERRED
from service.returns.answers import AnswersRefused, Problem
from service.returns.as_read import as_read
from service.returns.changes import change_draft
from service.returns.context import Actor, Context, no_such_resource
from service.returns.current import current_rows
from service.returns.model import Open
from service.returns.transfers import FIX, SAYS, not_taken_over
from service.storage.idempotency import Once

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
    context: Context,
    actor: Actor,
    item: Open,
    words: Sequence[Word],
    if_match: str | None,
    *,
    once: Once | None = None,
) -> Open:
    """Take the force's word for each named case; all or none."""
    problems = [
        Problem(pointer=f"/withdrawals/{index}", says=wrong, fix=f"A reason is one of {', '.join(REASONS)}.")
        for index, word in enumerate(words)
        if (wrong := wrong_with(word.answer, word.reason, word.words)) is not None
    ]
    if problems:
        raise AnswersRefused(problems)
    async with (
        context.db.force(item.force) as tx,
        change_draft(context, tx, actor, item, if_match, once=once) as change,
    ):
        if change.known is not None or not words:
            return change.item
        answered = await _store_words(tx, item, words)
        problems += [
            _problem(
                index,
                "case_id",
                "This case is not among those that wait for an answer.",
                "Read the list again; to take out another case, delete it.",
            )
            for index, word in enumerate(words)
            if word.case_id not in answered
        ]
        transferred = {word.case_id for word in words if word.answer == "withdraw" and word.reason == TRANSFERRED}
        stay = await not_taken_over(context, tx, item, transferred)
        problems += [_problem(index, "reason", SAYS, FIX) for index, word in enumerate(words) if word.case_id in stay]
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
        current = current_rows((key,), change.item.laid_over, as_read(context.library, item.contract_version))
        held = await tx.execute(text(f"select 1 from ({current}) cur where cur.case_id = :case_id"), parameters)
        if held.one_or_none() is None:
            raise no_such_resource()
        if reason == TRANSFERRED and await not_taken_over(context, tx, item, {case_id}):
            raise Conflict(SAYS, FIX, code="transfer-not-taken-over")
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


async def _store_words(tx: AsyncConnection, item: Open, words: Sequence[Word]) -> set[UUID]:
    """Write all answers in one statement; the cases that were there to be answered."""
    rows = await tx.execute(
        text(
            "update draft_withdrawal w set answer = a.answer, reason = a.reason, words = a.words from "
            "unnest(cast(:cases as uuid[]), cast(:answers as text[]), cast(:reasons as text[]), "
            "cast(:words as text[])) a (case_id, answer, reason, words) where w.force = :force "
            "and w.return_id = :id and w.case_id = a.case_id returning w.case_id"
        ),
        {
            "force": item.force,
            "id": item.id,
            "cases": [word.case_id for word in words],
            "answers": [word.answer for word in words],
            "reasons": [word.reason if word.answer == "withdraw" else None for word in words],
            "words": [word.words for word in words],
        },
    )
    return set(rows.scalars())


def _problem(index: int, member: str, says: str, fix: str) -> Problem:
    return Problem(pointer=f"/withdrawals/{index}/{member}", says=says, fix=fix)


async def reference_of(context: Context, tx: AsyncConnection, item: Open, case_id: UUID) -> str:
    """The reference of one of these cases, to go on after in their list; empty for one that is not among them."""
    key = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role[Role.KEY].name
    found = await tx.execute(
        text(
            f"select coalesce(d.{key}, v.{key}) from draft_withdrawal w left join draft_case d on d.force = w.force "
            "and d.return_id = w.return_id and d.case_id = w.case_id left join case_version v on v.force = w.force "
            f"and v.case_id = w.case_id and {holds_at(item.laid_over)} where w.force = :force and w.return_id = :id "
            "and w.case_id = :case_id"
        ),
        {"force": item.force, "id": item.id, "case_id": case_id},
    )
    return found.scalar_one_or_none() or ""


async def waiting_cases(tx: AsyncConnection, item: Open) -> list[UUID]:
    """All cases that still wait for the force's word."""
    rows = await tx.execute(
        text(
            "select case_id from draft_withdrawal where force = :force and return_id = :id and answer is null "
            "order by case_id"
        ),
        {"force": item.force, "id": item.id},
    )
    return list(rows.scalars())


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
                f"and {holds_at(item.laid_over)} where w.force = :force and w.return_id = :id "
                f"and coalesce(d.{key}, v.{key}, '') collate \"C\" > :after "
                f"order by coalesce(d.{key}, v.{key}, '') collate \"C\" limit :limit"
            ),
            {"force": item.force, "id": item.id, "after": after, "limit": limit + 1},
        )
    ).all()
    page = [Missing(**row._mapping) for row in rows[:limit]]  # noqa: SLF001  SQLAlchemy's public name for it
    return page, page[-1].key if len(rows) > limit else None
