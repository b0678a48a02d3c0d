"""Opens returns, says what they declare, withdraws them. Sealing has a module of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date
from service.contract.model import deviations_text
from service.errors import Conflict, Invalid, PreconditionFailed
from service.register.line import restore
from service.returns.asked import contract_asked, judged_today
from service.returns.changes import draft_moved
from service.returns.context import Actor, Context, no_such_resource
from service.returns.draft import discard_draft
from service.returns.following import under
from service.returns.model import (
    AnyReturn,
    Open,
    Sealed,
    Superseded,
    Withdrawn,
    base_for,
    current_of,
    etag_of,
    is_standing,
)
from service.returns.naming import subject_of
from service.returns.parts import carry_parts
from service.returns.raised import ask_raised
from service.returns.raising import is_older, raise_version, rewrite_carried
from service.returns.rebase import rebase_open
from service.returns.states import discard_states
from service.returns.store import declare, insert_open, lock_line, move_draft, return_by_id, returns_of
from service.returns.summary import refresh_summary
from service.storage.idempotency import Once, recall, remember
from service.storage.position import advance
from service.tally.count import Years
from service.terms.ageing import ageing
from service.terms.calendar import Period
from service.terms.store import hold_in_force

ALL_YEARS = Years(listed=None, unknown=True)


class Opening(Struct, frozen=True, kw_only=True):
    """What a request to open says. None: leave it, or (for a new return) take what the return before declared."""

    contract_version: str | None = None
    case_years: Years | None = None
    corrects: int | None = None


async def open_return(
    context: Context, actor: Actor, force: int, period: Period, opening: Opening, if_match: str | None = None
) -> tuple[Open, bool]:
    """Open the return of a period, or change what the open one declares; True if it was opened by this call.

    ``if_match`` is the ETag that the caller says the period's return has, if any: of the open one, or of the sealed one
    that is to be corrected.
    """
    now = context.now()
    async with context.db.force(force) as tx:
        context = under(context, await hold_in_force(tx, context.terms))
        check_period(context, force, period)
        version = accepted_version(context, period, opening.contract_version)
        await lock_line(tx, force)
        every = await returns_of(tx, force)
        of_period = [item for item in every if item.period == period]
        current = next((item for item in of_period if isinstance(item, Open)), None)
        _check_seen(current_of(of_period), if_match)
        if current is not None:
            return await _redeclare(context, tx, actor, current, of_period, version, opening), False
        _check_place(of_period, period, opening.corrects)
        base = base_for(every, period)
        before = base if isinstance(base, Sealed) else None
        years = opening.case_years or (before.years if before is not None else ALL_YEARS)
        version = _version_of(context, period, version, before)
        item = Open(
            id=uuid4(),
            force=force,
            period=period,
            revision=max((old.revision for old in of_period), default=0) + 1,
            contract_version=version,
            years=years,
            base_id=None if before is None else before.id,
            opened_at=now,
            opened_by=actor.id,
            summary={},
            draft_version=1,
            judged_by=deviations_text((await contract_asked(context, tx, version)).deviations),
        )
        await insert_open(tx, item)
        if before is not None:
            await carry_parts(tx, force, before.id, item.id, context.library)
            await rewrite_carried(tx, context.library, item, before.contract_version)
        await refresh_summary(context, tx, item)
        await append(
            tx,
            Entry(action="return_opened", actor=actor.id, force=force, subject=subject_of(context, item)),
            now,
        )
        stored = await return_by_id(tx, force, item.id)
    assert isinstance(stored, Open)  # noqa: S101  it was just stored so
    return stored, True


def _check_seen(item: AnyReturn | None, if_match: str | None) -> None:
    """Whether the return is still as the caller saw it, where they say how they did."""
    if if_match is not None and (item is None or if_match not in ("*", etag_of(item))):
        raise draft_moved(PreconditionFailed)


def check_period(context: Context, force: int, period: Period) -> None:
    """A period can be opened from its first day on, by a force that takes part in it."""
    today = london_date(context.now())
    if period < context.terms.calendar.first:
        raise Invalid(
            f"{period} is before the first reporting period.",
            f"The first one is {context.terms.calendar.first}.",
            code="no-such-period",
        )
    if not context.terms.calendar.has(period, today):
        raise Invalid(
            f"The period {period} has not begun.",
            "A period can be opened from its first day on.",
            code="period-not-begun",
        )
    if not context.terms.takes_part(context.forces.by_ordinal[force].code, period):
        raise Conflict(
            f"This force does not take part in {period} under the terms of reference.",
            "The terms list the forces and from when: /api/terms.",
            code="not-participating",
        )


def accepted_version(context: Context, period: Period, version: str | None) -> str | None:
    """The version asked for, if the terms accept it for the period."""
    if version is None:
        return None
    accepted = context.terms.accepted(period)
    if version not in accepted:
        ended = ageing(context.terms, version)
        if ended is not None and ended.last < period:
            raise Invalid(
                f"Contract version {version} was taken until the return for {ended.last}, and this is {period}.",
                f"Write the return in {ended.newer}: /api/contracts/{ended.newer}/changes says what is different.",
                code="contract-not-accepted",
            )
        raise Invalid(
            f"Contract version {version[:20]!r} is not accepted for {period}.",
            f"Accepted: {', '.join(accepted)}.",
            code="contract-not-accepted",
        )
    return version


def _version_of(context: Context, period: Period, version: str | None, before: Sealed | None) -> str:
    """The version in which a return is opened: the one asked for, else that of the return before, else the one that the
    terms name first: who does not name a version was written before there was another, and is not broken by it."""
    accepted = context.terms.accepted(period)
    if version is None:
        version = accepted[0]
        if before is not None and before.contract_version in accepted:
            version = before.contract_version
    if before is not None and is_older(context.library, version, before.contract_version):
        raise older_refused(before.contract_version)
    return version


def older_refused(version: str) -> Conflict:
    """What is said to a return that would go back to an older contract version."""
    return Conflict(
        f"The force already reports under contract version {version}, which is newer.",
        f"Write the return in {version}: going back would lose what the newer version can say.",
        code="older-contract",
    )


def _check_place(of_period: Sequence[AnyReturn], period: Period, corrects: int | None) -> None:
    """Whether a return may be opened here: the first of its period, or a correction of the one that counts."""
    sealed = next((item for item in of_period if isinstance(item, Sealed) and not isinstance(item, Superseded)), None)
    if sealed is not None and corrects is None:
        raise Conflict(
            f"The return for {period} is sealed (revision {sealed.revision}).",
            f'To correct it, open the next revision with {{"corrects": {sealed.revision}}}.',
            code="already-sealed",
        )
    if corrects is not None and (sealed is None or corrects != sealed.revision):
        current = "none is sealed" if sealed is None else f"the sealed one is revision {sealed.revision}"
        raise Conflict(
            f"Revision {corrects} is not the one in force for {period}: {current}.",
            "Read the return again, and name the revision that you want to correct.",
            code="not-the-current-revision",
        )


async def _redeclare(
    context: Context,
    tx: AsyncConnection,
    actor: Actor,
    item: Open,
    of_period: Sequence[AnyReturn],
    version: str | None,
    opening: Opening,
) -> Open:
    standing = (old for old in of_period if isinstance(old, Sealed) and not isinstance(old, Superseded))
    sealed = next((old.revision for old in standing), None)
    if opening.corrects is not None and opening.corrects != sealed:
        raise Conflict(
            f"Revision {item.revision} of {item.period} is open.",
            "Go on with it, or withdraw it first.",
            code="already-open",
        )
    target = version or item.contract_version
    if is_older(context.library, target, item.contract_version):
        raise older_refused(item.contract_version)
    years = opening.case_years or item.years
    if (target, years) != (item.contract_version, item.years):
        if target != item.contract_version:
            await raise_version(tx, context.library, item, target)
        await declare(tx, item, target, years)
        moved = await move_draft(tx, item.force, item.id)
        again = judged_today if target == item.contract_version else ask_raised
        moved = await again(context, tx, moved)
        await refresh_summary(context, tx, moved)
        details = {
            "contract_version": target,
            "case_years": "all" if years.listed is None else tuple(years.listed),
            "unknown_year": years.unknown,
        }
        await append(
            tx,
            Entry(
                action="return_redeclared",
                actor=actor.id,
                force=item.force,
                subject=subject_of(context, item),
                details=details,
            ),
            context.now(),
        )
    changed = await return_by_id(tx, item.force, item.id)
    assert isinstance(changed, Open)  # noqa: S101  nobody else holds the force's lock
    return changed


async def withdraw_return(
    context: Context,
    actor: Actor,
    force: int,
    return_id: UUID,
    reason: str,
    *,
    if_match: str | None = None,
    once: Once | None = None,
) -> AnyReturn:
    """Take a return back: an open one, or the newest sealed one, whose place the one before takes (semantics 22).

    The very same request again (``once``) gives the return that it took back the first time.
    """
    if not reason.strip():
        raise Invalid("A withdrawal needs its reason in words.", 'Send {"reason": "..."}.', code="reason-missing")
    now = context.now()
    async with context.db.force(force) as tx:
        head, head_id = await lock_line(tx, force)
        known = await recall(tx, force, once) if once is not None else None
        item = await return_by_id(tx, force, return_id if known is None else UUID(known.body["return"]))
        if item is None:
            raise no_such_resource()
        if known is not None:
            return item
        _check_seen(item, if_match)
        if isinstance(item, Withdrawn):
            raise Conflict("This return is withdrawn already.", code="already-withdrawn")
        await tx.execute(
            text(
                "update case_return set state = 'withdrawn', withdrawn_at = :now, withdrawn_reason = :reason "
                "where force = :force and id = :id"
            ),
            {"force": force, "id": item.id, "now": now, "reason": reason.strip()},
        )
        position = None
        if isinstance(item, Sealed):
            position = await _take_back(context, tx, item, head, head_id, now)
        else:
            await discard_draft(tx, force, item.id)
            await discard_states(context.library, tx, force, item.id)
        if once is not None:
            await remember(tx, force, once, 200, {"return": str(item.id)}, now)
        await append(
            tx,
            Entry(
                action="return_withdrawn",
                actor=actor.id,
                force=force,
                subject=subject_of(context, item),
                position=position,
            ),
            now,
        )
        stored = await return_by_id(tx, force, item.id)
    assert stored is not None  # noqa: S101  it was just updated
    return stored


async def _take_back(
    context: Context, tx: AsyncConnection, item: Sealed, head: int, head_id: UUID | None, now: datetime
) -> int:
    """Give a sealed return's place to the newest one that is left; the position of that change.

    That is the one it started from, or what has superseded that since.
    """
    if item.id != head_id:
        raise Conflict(
            "Only the return of a force's newest sealed month can be withdrawn.",
            f"Correct {item.period} by another revision, which need not differ from what it was before.",
            code="not-the-newest-period",
        )
    await _reinstate(tx, item.force, item)
    left = next((each for each in await returns_of(tx, item.force) if is_standing(each)), None)
    target = left.line if isinstance(left, Sealed) else 0
    left_id = None if left is None else left.id
    await restore(tx, context.library, item.force, head=head, target=target, return_id=left_id)
    await rebase_open(context, tx, item.force, head_before=head_id)
    position = (await advance(tx, "return_withdrawn", now, item.force, str(item.id))).position
    await tx.execute(
        text("update case_return set withdrawn_position = :position where force = :force and id = :id"),
        {"force": item.force, "id": item.id, "position": position},
    )
    return position


async def _reinstate(tx: AsyncConnection, force: int, item: Sealed) -> None:
    """The revision that this one superseded, if any, is in force again."""
    await tx.execute(
        text(
            "update case_return set state = 'sealed' where force = :force and id = :base and state = 'superseded' "
            "and period = :period"
        ),
        {"force": force, "base": item.base_id, "period": item.period.first_day},
    )
