"""Reads and writes ``rule_notice``: one query a function. Only service/notices writes this table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.contract.model import Contract
from service.contract.notices import Adopted, Notice, canonical, hash_of, noticed
from service.storage.remembered import Remembered


class Decision(Struct, frozen=True, kw_only=True):
    """Who said what became of a notice, and when. ``by`` is the client."""

    at: datetime
    by: str
    body: str


class Proposed(Struct, frozen=True, kw_only=True, tag="proposed"):
    """Waits for the word of the other body."""

    notice: Notice
    hash: str
    proposed: Decision

    @property
    def last(self) -> tuple[str, Decision]:
        """The last word on it: what was done, and by whom."""
        return "proposed", self.proposed


class InForce(Proposed, frozen=True, kw_only=True, tag="in_force"):
    """Confirmed by the other body. ``signature`` is a JWS over what it says and who adopted it."""

    confirmed: Decision
    position: int
    signature: str

    @property
    def last(self) -> tuple[str, Decision]:
        return "confirmed", self.confirmed


class Rejected(Proposed, frozen=True, kw_only=True, tag="rejected"):
    """Not adopted, with the reason in words. Its id is not given again."""

    rejected: Decision
    reason: str

    @property
    def last(self) -> tuple[str, Decision]:
        return "rejected", self.rejected


AnyNotice = Proposed | InForce | Rejected

_COLUMNS: Final = (
    "id, content, hash, state, proposed_at, proposed_by, proposed_body, decided_at, decided_by, decided_body, reason, "
    "position, signature"
)


def _notice(row: Row[Any]) -> AnyNotice:
    said = {
        "notice": msgspec.convert(row.content, Notice),
        "hash": row.hash,
        "proposed": Decision(at=row.proposed_at, by=row.proposed_by, body=row.proposed_body),
    }
    if row.state == "proposed":
        return Proposed(**said)
    decided = Decision(at=row.decided_at, by=row.decided_by, body=row.decided_body)
    if row.state == "rejected":
        return Rejected(**said, rejected=decided, reason=row.reason)
    return InForce(**said, confirmed=decided, position=row.position, signature=row.signature)


async def all_notices(tx: AsyncConnection) -> Sequence[AnyNotice]:
    """Every notice, in the order of their proposals."""
    rows = await tx.execute(text(f"select {_COLUMNS} from rule_notice order by proposed_at, id"))
    return [_notice(row) for row in rows]


def adopted_of(notices: Iterable[AnyNotice]) -> Sequence[Adopted]:
    """Those among them that came into force, in the order in which they did."""
    found = sorted((item for item in notices if isinstance(item, InForce)), key=lambda item: item.position)
    return [Adopted(notice=item.notice, on=london_date(item.confirmed.at)) for item in found]


async def notice_by_id(tx: AsyncConnection, name: str, *, lock: bool = False) -> AnyNotice | None:
    """One notice; with ``lock`` nobody else decides about it until the transaction ends."""
    sql = f"select {_COLUMNS} from rule_notice where id = :id{' for no key update' if lock else ''}"
    row = (await tx.execute(text(sql), {"id": name})).one_or_none()
    return None if row is None else _notice(row)


async def insert_notice(tx: AsyncConnection, notice: Notice, decision: Decision) -> bool:
    """Store a proposal; False where its id is taken."""
    done = await tx.execute(
        text(
            "insert into rule_notice (id, content, hash, state, proposed_at, proposed_by, proposed_body) values "
            "(:id, cast(:content as jsonb), :hash, 'proposed', :at, :by, :body) on conflict do nothing"
        ),
        {
            "id": notice.id,
            "content": canonical(notice).decode(),
            "hash": hash_of(notice),
            "at": decision.at,
            "by": decision.by,
            "body": decision.body,
        },
    )
    return bool(done.rowcount)


async def put_in_force(tx: AsyncConnection, name: str, decision: Decision, position: int, signature: str) -> None:
    """The other body has confirmed it."""
    await _decide(tx, name, "in_force", decision, position=position, signature=signature)


async def turn_down(tx: AsyncConnection, name: str, decision: Decision, reason: str) -> None:
    """It was rejected."""
    await _decide(tx, name, "rejected", decision, reason=reason)


async def _decide(
    tx: AsyncConnection,
    name: str,
    state: str,
    decision: Decision,
    *,
    position: int | None = None,
    signature: str | None = None,
    reason: str | None = None,
) -> None:
    await tx.execute(
        text(
            "update rule_notice set state = :state, decided_at = :at, decided_by = :by, decided_body = :body, "
            "position = :position, signature = :signature, reason = :reason where id = :id and state = 'proposed'"
        ),
        {
            "id": name,
            "state": state,
            "at": decision.at,
            "by": decision.by,
            "body": decision.body,
            "position": position,
            "signature": signature,
            "reason": reason,
        },
    )


async def notices_in_force(tx: AsyncConnection) -> list[Notice]:
    """What the notices that were adopted say, in the order in which they came into force."""
    rows = await tx.execute(text("select content from rule_notice where state = 'in_force' order by position"))
    return [msgspec.convert(content, Notice) for content in rows.scalars()]


_MADE: Remembered[Contract] = Remembered()


async def contract_now(tx: AsyncConnection, contract: Contract, day: date) -> Contract:
    """The contract with the rules that are asked on this day."""
    found = noticed(contract, await notices_in_force(tx), day)
    return found if found is contract else _MADE.get(found.judging, lambda: found)
