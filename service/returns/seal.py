"""Seals a return: case versions, a tally under every live edition, position, audit entry and receipt, or none of them.

One transaction under the force's lock. Sealing what is sealed, with the ETag that was signed, gives the same receipt.
"""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date
from service.errors import Conflict, Invalid, PreconditionFailed, PreconditionRequired
from service.register.line import TRANSFERRED, branch, extend
from service.returns.answers import HELD_NOW, UNANSWERED
from service.returns.asked import is_judged_today
from service.returns.changes import draft_moved
from service.returns.context import Actor, Context, no_such_resource
from service.returns.digest import return_digest
from service.returns.model import Open, Sealed, base_for, etag_of, signed_etag
from service.returns.naming import subject_of
from service.returns.raising import UNASKED
from service.returns.rebase import rebase_open
from service.returns.receipt import Receipt, Signature, receipt_of
from service.returns.recorded import count_recorded
from service.returns.standing import standing_by_rule
from service.returns.states import discard_states
from service.returns.store import BASE_LINE, lock_line, return_by_id, returns_of
from service.returns.summary import verdict_counts
from service.returns.telling import tell_of_seal
from service.returns.transfers import FIX as TRANSFER_FIX
from service.returns.transfers import not_taken_over, note_held_elsewhere
from service.returns.under import Sealing, judge_under_all, store_under
from service.scope.store import live_editions
from service.storage.position import advance
from service.telemetry.spans import traced


class Declaration(Struct, frozen=True, kw_only=True):
    """What the signer says: that the return is right, and who says so."""

    declaration: bool
    name: str
    role: str


class Reason(Struct, frozen=True, kw_only=True):
    """One thing that stands in the way of a seal: how many, and what to do."""

    code: str
    count: int
    says: str
    do: str


class NotReady(Conflict):
    """A return that cannot be sealed yet, with everything that stands in the way."""

    code = "not-ready"

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__(" ".join(reason.says for reason in reasons), " ".join(reason.do for reason in reasons))
        self.reasons = reasons
        self.errors = tuple(msgspec.to_builtins(reason) for reason in reasons)


@traced("seal")
async def seal(
    context: Context, actor: Actor, force: int, return_id: UUID, declaration: Declaration, if_match: str | None
) -> Sealed:
    """Seal the return whose draft has this ETag, signed by this person."""
    _check_declaration(declaration, if_match)
    began, now = perf_counter(), context.now()
    async with context.db.force(force) as tx:
        head, head_id = await lock_line(tx, force)
        item = await return_by_id(tx, force, return_id)
        if item is None:
            raise no_such_resource()
        if isinstance(item, Sealed):
            return _same_receipt(item, if_match)
        if not isinstance(item, Open):
            raise Conflict("The return was withdrawn.", "Open it again with PUT.", code="not-open")
        if if_match != etag_of(item):
            raise draft_moved(PreconditionFailed)
        if not await is_judged_today(context, tx, item):
            raise draft_moved(PreconditionFailed)  # by a rule notice: one signs what one saw
        await _check_place(tx, item)
        reasons = (*await in_the_way(tx, item), *await _gone_too_soon(context, tx, item))
        if reasons:
            raise NotReady(reasons)
        if item.laid_over is None:
            line = await extend(tx, context.library, force, item.id, head)
        else:
            line = await branch(tx, context.library, force, item.id, head=head, head_id=head_id, base=item.laid_over)
        if item.base_id is not None:  # what a first return brings is all new coverage
            await note_held_elsewhere(context, tx, item, line)
        await _store_line(tx, item, line, None if item.laid_over is None else head_id)
        sealed = await _close(context, tx, actor, item, line, head_id, declaration, now)
    tell_of_seal(context, sealed, perf_counter() - began)
    return sealed


def _check_declaration(declaration: Declaration, if_match: str | None) -> None:
    if if_match is None:
        raise PreconditionRequired(
            "Sealing needs If-Match with the ETag of the return that you read.",
            "One signs what one saw: read the return, and send its ETag.",
        )
    if not declaration.declaration:
        raise Invalid(
            'A seal needs {"declaration": true}.', "Seal only what you hold to be right.", code="not-declared"
        )
    for member, value in (("name", declaration.name), ("role", declaration.role)):
        if not 1 <= len(value.strip()) <= 200:
            raise Invalid(f"The seal needs the signer's {member}.", "Write 1 to 200 characters.", code="not-declared")


def _same_receipt(item: Sealed, if_match: str | None) -> Sealed:
    if if_match in (signed_etag(item), etag_of(item)):
        return item
    raise Conflict(
        f"The return is sealed already (revision {item.revision}), from another state than the one you read.",
        f'Read its receipt; to correct it, open the next revision with {{"corrects": {item.revision}}}.',
        code="already-sealed",
    )


async def _check_place(tx: AsyncConnection, item: Open) -> None:
    """A draft starts from what counts for its period or before; one that was begun before there were branches may
    not."""
    base = base_for(await returns_of(tx, item.force), item.period)
    if item.base_id != (None if base is None else base.id):
        raise Conflict(
            f"This return for {item.period} was begun on top of the return of a later month.",
            "Withdraw it, and open it again: then it starts from the month itself, or the one before.",
            code="not-the-newest-period",
        )


_WAITING: Final = text(
    "select "
    "(select count(*) from case_return r join force_line l on l.force = r.force where r.force = :force and r.id = :id "
    # before there were branches, the number of the line's end was noted, which a withdrawal moves
    f"and r.compared_line <> {BASE_LINE} and not (r.base_id is not distinct from l.return_id "
    "and r.compared_line = l.head)) as moved, "
    f"(select count(*) from draft_case where force = :force and return_id = :id and {UNASKED}) as unasked, "
    "(select count(*) from held_row h where h.force = :force and h.return_id = :id and h.set_aside is null) as held, "
    "(select count(*) from held_row h where h.force = :force and h.return_id = :id and h.set_aside is null "
    "and h.freed_by is not null) as freed, "
    "(select count(*) from draft_withdrawal w where w.force = :force and w.return_id = :id and w.answer is null) "
    "as missing, "
    f"(select count(*) from finding f where f.force = :force and f.return_id = :id and {UNANSWERED}) as unanswered, "
    "(select count(distinct (f.part, f.row, f.case_id)) from finding f "
    f"where f.force = :force and f.return_id = :id and {HELD_NOW}) as tightened"
)


@traced("readiness")
async def in_the_way(tx: AsyncConnection, item: Open) -> tuple[Reason, ...]:
    """Everything that must be resolved before this return can be sealed."""
    row = (await tx.execute(_WAITING, {"force": item.force, "id": item.id})).one()
    found = (
        Reason(
            code="base-moved",
            count=row.moved,
            says="The sealed return that this one builds on changed since your file was compared with it.",
            do="Send your file again, whole: what it left unchanged may stand differently now.",
        ),
        Reason(
            code="older-version",
            count=row.unasked,
            says=_counted(row.unasked, "case was", "cases were")
            + f" sent before this return went over to {item.contract_version}, whose rules have not been asked.",
            do="Download the return's cases, which are written in the new names and codes now, and send that file.",
        ),
        Reason(
            code="held-rows",
            count=row.held,
            says=_counted(row.held, "row is held", "rows are held") + ".",
            do="Correct and send them again, or set them aside with a reason."
            + (f" {row.freed:,} of them can be sent again as they are: a rule notice freed them." if row.freed else ""),
        ),
        Reason(
            code="held-by-notice",
            count=row.tightened,
            says=_counted(row.tightened, "row was accepted", "rows were accepted")
            + " that a rule holds now, by a rule notice.",
            do="Correct and send them again, or take the cases out of the return.",
        ),
        Reason(
            code="not-in-snapshot",
            count=row.missing,
            says=_counted(row.missing, "case is", "cases are") + " not in the snapshot.",
            do="Say keep or withdraw for each.",
        ),
        Reason(
            code="unanswered-findings",
            count=row.unanswered,
            says=_counted(row.unanswered, "finding waits", "findings wait") + " for an answer.",
            do="Confirm or explain each in words, or correct the rows.",
        ),
    )
    return tuple(reason for reason in found if reason.count)


async def _gone_too_soon(context: Context, tx: AsyncConnection, item: Open) -> tuple[Reason, ...]:
    """Transferred cases whose receiver no longer holds them: it may have withdrawn its return since the answer."""
    rows = await tx.execute(
        text(
            "select case_id from draft_withdrawal where force = :force and return_id = :id and answer = 'withdraw' "
            "and reason = :reason"
        ),
        {"force": item.force, "id": item.id, "reason": TRANSFERRED},
    )
    stay = await not_taken_over(context, tx, item, list(rows.scalars()))
    says = _counted(len(stay), "transferred case is", "transferred cases are") + " not held by the receiving force."
    return (Reason(code="not-taken-over", count=len(stay), says=says, do=TRANSFER_FIX),) if stay else ()


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


async def _close(
    context: Context,
    tx: AsyncConnection,
    actor: Actor,
    item: Open,
    line: int,
    head_before: UUID | None,
    declaration: Declaration,
    now: datetime,
) -> Sealed:
    """Everything that follows from the stock being fixed: tallies, digest, position, receipt."""
    signature = Signature(name=declaration.name.strip(), role=declaration.role.strip(), stated_by=actor.id)
    standings = await live_editions(tx, context.editions, london_date(now))
    digest, cases = await return_digest(context, tx, item, line)
    sealing = Sealing(item, line, cases)
    found = await judge_under_all(context, tx, sealing, standings)
    answers = await _answers(tx, item)
    recorded = await count_recorded(context, tx, item, line)
    await discard_states(context.library, tx, item.force, item.id)
    await _supersede(tx, item)
    await rebase_open(context, tx, item.force, head_before=head_before, sealing=item.id)
    # All that takes time is done: from here on every other writer waits for this commit.
    change = await advance(tx, "return_sealed", now, item.force, str(item.id))
    # what is live at this moment counts: an edition may have been proposed, or its last day have ended, while this was
    # counted; nothing more can happen to one until this is over
    live = await live_editions(tx, context.editions, london_date(change.at))
    proposed = [each for each in live if each.id not in {standing.id for standing in standings}]
    found = found.at(live).with_more(await judge_under_all(context, tx, sealing, proposed))
    tallies = found.tallies
    await store_under(tx, item, found, change.position)
    point = await append(
        tx,
        Entry(
            action="return_sealed",
            actor=actor.id,
            force=item.force,
            subject=subject_of(context, item),
            position=change.position,
            details={
                "digest": digest.hex(),
                "editions": tuple(standing.edition.name for standing, _ in tallies),
                "signed_by": signature.name,
                "signed_as": signature.role,
            },
        ),
        change.at,
    )
    receipt = receipt_of(context, item, signature, digest, tallies, change, point)
    contract = context.library.contracts[item.contract_version]
    in_force = next((tally for standing, tally in tallies if standing.state == "in_force"), None)
    summary = dict(item.summary) | (verdict_counts(contract, in_force) if in_force is not None else {})
    summary["answers"] = answers
    summary["recorded"] = recorded
    await _store_seal(tx, item, change.position, change.at, digest, receipt, summary)
    stored = await return_by_id(tx, item.force, item.id)
    if not isinstance(stored, Sealed):
        raise TypeError("a return that was just sealed is sealed")
    return stored


async def _answers(tx: AsyncConnection, item: Open) -> list[dict[str, Any]]:
    """Which findings are explained by words of before, which anew and which for the first time, by rule: the words may
    be said again later, and this is how it stood at the seal."""
    return [
        {"rule": rule, "answered": each.answered, "lapsed": each.lapsed, "new": each.new}
        for rule, each in (await standing_by_rule(tx, item)).items()
    ]


async def _supersede(tx: AsyncConnection, item: Open) -> None:
    """The revision before of the same period is no longer the one that counts."""
    await tx.execute(
        text(
            "update case_return set state = 'superseded' where force = :force and period = :period "
            "and state = 'sealed' and revision < :revision"
        ),
        {"force": item.force, "period": item.period.first_day, "revision": item.revision},
    )


async def _store_line(tx: AsyncConnection, item: Open, line: int, branch_of: UUID | None) -> None:
    """Which number the stock has, and beside which return if it is a branch: drafts are laid over it by that."""
    await tx.execute(
        text("update case_return set line = :line, branch_of = :branch_of where force = :force and id = :id"),
        {"force": item.force, "id": item.id, "line": line, "branch_of": branch_of},
    )


async def _store_seal(
    tx: AsyncConnection,
    item: Open,
    position: int,
    at: datetime,
    digest: bytes,
    receipt: Receipt,
    summary: dict[str, Any],
) -> None:
    await tx.execute(
        text(
            "update case_return set state = 'sealed', sealed_at = :at, sealed_position = :position, "
            "sealed_draft = draft_version, digest = :digest, receipt = cast(:receipt as json), "
            "summary = cast(:summary as jsonb) where force = :force and id = :id"
        ),
        {
            "force": item.force,
            "id": item.id,
            "at": at,
            "position": position,
            "digest": digest,
            "receipt": msgspec.json.encode(receipt).decode(),
            "summary": msgspec.json.encode(summary).decode(),
        },
    )
