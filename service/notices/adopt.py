"""Propose, confirm, reject a rule notice. It comes into force when the body that did not propose it confirms it.

Nobody confirms for another body: the body is a claim of the caller's token. Each step is one transaction with its audit
entry; a decision is made once. ``keep``: the request carried an ``Idempotency-Key``, and its answer is kept in that
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import BODIES, Adopter, Sign, already
from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date, wire_time
from service.contract.model import Contract
from service.contract.notices import Notice, Problem, problems_of
from service.errors import Conflict, Invalid, NotFound
from service.notices.store import (
    AnyNotice,
    Decision,
    InForce,
    Proposed,
    Rejected,
    insert_notice,
    notice_by_id,
    put_in_force,
    turn_down,
)
from service.storage.database import Database
from service.storage.idempotency import Keeping, begin, end
from service.storage.position import Position, advance

_OTHERWISE: Final = "To change how a rule is treated, propose another notice for it."


class NoticeRefused(Invalid):
    """A notice that cannot be taken, with every reason."""

    code = "notice-refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("The notice cannot be taken; nothing was stored.", "Mend what errors names.")
        self.errors = tuple(msgspec.to_builtins(problem) for problem in problems)


async def propose(
    db: Database,
    contracts: Mapping[str, Contract],
    by: Adopter,
    notice: Notice,
    now: datetime,
    keep: Keeping[AnyNotice] | None = None,
) -> AnyNotice:
    """Store a notice for the other body to confirm."""
    async with db.national() as tx:
        await begin(tx, keep)
        problems = problems_of(notice, contracts, london_date(now))
        if problems:
            raise NoticeRefused(problems)
        made = await insert_notice(tx, notice, Decision(at=now, by=by.client, body=by.body))
        stored = await _found(tx, notice.id)
        if not made:
            raise taken(stored, notice)
        await _log(tx, "rule_notice_proposed", by, stored, now)
        await end(tx, keep, stored)
    return stored


def taken(item: AnyNotice, notice: Notice) -> Conflict:
    """Why a notice is not proposed again under the id that this one has, whichever of the bodies proposes the same."""
    if replace(notice, issued_by=item.notice.issued_by) != item.notice:
        says = f"{_already(item)}, and yours says something else."
        do = "A notice never changes once it is proposed: give yours an id of its own."
    else:
        says, do = f"{_already(item)}.", _OTHERWISE
        if type(item) is Proposed:
            other = next(body for body in BODIES if body != item.proposed.body)
            do = f"It comes into force when the {other.upper()} confirms it."
    return Conflict(says, do, code="notice-exists")


def _already(item: AnyNotice) -> str:
    done, decision = item.last
    return already(decision.body, done, f"notice {item.notice.id}", decision.at)


async def confirm(
    db: Database, by: Adopter, name: str, now: datetime, sign: Sign, keep: Keeping[AnyNotice] | None = None
) -> InForce:
    """Put a proposed notice into force, signed."""
    async with db.national() as tx:
        await begin(tx, keep)
        item = await _undecided(tx, name, lock=True)
        if by.body == item.proposed.body or by.client == item.proposed.by:
            raise Conflict(
                f"{by.body.upper()} proposed this notice, so the other body confirms it.",
                "It comes into force when a person of the other body has confirmed it.",
                code="own-proposal",
            )
        decision = Decision(at=now, by=by.client, body=by.body)
        moved = await advance(tx, "rule_notice_in_force", now, subject=name)
        await put_in_force(tx, name, decision, moved.position, sign(adopted(item, decision, moved.position)))
        stored = await _found(tx, name)
        await _log(tx, "rule_notice_confirmed", by, stored, now, moved)
        await end(tx, keep, stored)
    if not isinstance(stored, InForce):
        raise TypeError("a notice that was just confirmed is in force")
    return stored


async def reject(
    db: Database, by: Adopter, name: str, reason: str, now: datetime, keep: Keeping[AnyNotice] | None = None
) -> Rejected:
    """Turn a proposed notice down; the body that proposed it takes it back in this way."""
    async with db.national() as tx:
        await begin(tx, keep)
        await _undecided(tx, name, lock=True)
        await turn_down(tx, name, Decision(at=now, by=by.client, body=by.body), reason.strip())
        stored = await _found(tx, name)
        await _log(tx, "rule_notice_rejected", by, stored, now)
        await end(tx, keep, stored)
    if not isinstance(stored, Rejected):
        raise TypeError("a notice that was just rejected is so")
    return stored


def adopted(item: Proposed, confirmed: Decision, position: int) -> dict[str, Any]:
    """What is signed: the notice, and who adopted it when."""
    said: dict[str, Any] = msgspec.to_builtins(item.notice)
    return {
        **said,
        "proposed_by": item.proposed.body,
        "proposed_at": wire_time(item.proposed.at),
        "confirmed_by": confirmed.body,
        "confirmed_at": wire_time(confirmed.at),
        "position": position,
    }


async def check_undecided(db: Database, name: str) -> None:
    """Refused as a decision is where one was made already: asked of a word that cannot be taken as it was written."""
    async with db.app() as tx:
        await _undecided(tx, name)


async def _undecided(tx: AsyncConnection, name: str, *, lock: bool = False) -> Proposed:
    """A notice that still waits for a decision; with ``lock`` nobody else makes it meanwhile."""
    item = await _found(tx, name, lock=lock)
    if isinstance(item, InForce | Rejected):
        raise Conflict(f"{_already(item)}.", _OTHERWISE, code="notice-decided")
    return item


async def _found(tx: AsyncConnection, name: str, *, lock: bool = False) -> AnyNotice:
    item = await notice_by_id(tx, name, lock=lock)
    if item is None:
        raise NotFound("There is no such rule notice.", "See /api/rule-notices.")
    return item


async def _log(
    tx: AsyncConnection, action: str, by: Adopter, item: AnyNotice, now: datetime, moved: Position | None = None
) -> None:
    entry = Entry(
        action=action,
        actor=by.client,
        subject=f"rule-notice/{item.notice.id}",
        position=None if moved is None else moved.position,
        details={"body": by.body, "hash": item.hash, "rule": item.notice.rule, "severity": item.notice.severity},
    )
    await append(tx, entry, now if moved is None else moved.at)
