"""Reads and writes what becomes of an edition here: drafts, their states, and who said what of them. One query a
function. The switch itself is ``put_in_force`` of ``store.py``; only these two modules write ``scope_edition``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.scope.adoption import Kept, Step
from service.scope.draft import Draft
from service.scope.edition import Edition, State
from service.scope.steps import Steps, steps_of
from service.scope.store import REJECTED_CHANGE, document_of
from service.storage.position import Position, advance


class Stored(Kept, frozen=True, kw_only=True):
    """A scope edition where it stands. ``follows`` names the edition that was in force when it was proposed."""

    vocabulary: str
    tallied_until: date | None


def as_published(edition: Edition) -> Stored:
    """An edition that the terms of reference have not had taken in, as its file has it."""
    return Stored(
        id=0,
        name=edition.name,
        title=edition.title,
        hash=edition.hash,
        vocabulary=edition.vocabulary,
        tallied_until=edition.tallied_until,
        state=edition.state,
        version=1,
        document=document_of(edition),
        follows=None,
        effective=None,
        steps=(),
    )


_COLUMNS: Final = (
    "e.id, e.name, e.title, e.hash, e.vocabulary, e.tallied_until, e.state, e.version, e.document, "
    "f.name as follows, e.effective from scope_edition e left join scope_edition f on f.id = e.follows"
)


def _stored(row: RowMapping, steps: Iterable[Step]) -> Stored:
    return Stored(**{**row, "state": State(row["state"])}, steps=tuple(steps))


async def all_stored(tx: AsyncConnection) -> Sequence[Stored]:
    """Every edition that was taken in or drafted, in that order."""
    rows = (await tx.execute(text(f"select {_COLUMNS} order by e.id"))).mappings().all()
    steps = await steps_of(tx, Steps.SCOPE, [row["id"] for row in rows])
    return [_stored(row, steps.get(row["id"], ())) for row in rows]


async def stored_by_name(tx: AsyncConnection, name: str, *, lock: bool = False) -> Stored | None:
    """One edition; with ``lock`` nobody else decides about it until the transaction ends."""
    if not name.isprintable():
        return None  # an address may hold what no text of the database can
    sql = f"select {_COLUMNS} where e.name = :name{' for no key update of e' if lock else ''}"
    row = (await tx.execute(text(sql), {"name": name})).mappings().one_or_none()
    return None if row is None else _stored(row, (await steps_of(tx, Steps.SCOPE, [row["id"]])).get(row["id"], ()))


async def insert_draft(tx: AsyncConnection, written: Draft) -> bool:
    """Store a new draft; False where its name is taken. What is refused takes no number: there are few of them."""
    done = await tx.execute(
        text(
            "insert into scope_edition (name, hash, title, vocabulary, state, document, tallied_until) "
            "select :name, :hash, :title, :vocabulary, 'draft', cast(:document as jsonb), cast(:tallied_until as date) "
            "where not exists (select from scope_edition where name = :name) on conflict (name) do nothing"
        ),
        _content(written),
    )
    return bool(done.rowcount)


async def write_draft(tx: AsyncConnection, written: Draft) -> None:
    """Write a draft anew: its version moves on."""
    await tx.execute(
        text(
            "update scope_edition set hash = :hash, title = :title, vocabulary = :vocabulary, "
            "document = cast(:document as jsonb), tallied_until = :tallied_until, version = version + 1 "
            "where name = :name and state = 'draft'"
        ),
        _content(written),
    )


def _content(written: Draft) -> dict[str, Any]:
    edition = written.edition
    return {
        "name": edition.name,
        "hash": edition.hash,
        "title": edition.title,
        "vocabulary": edition.vocabulary,
        "document": msgspec.json.encode(written.document).decode(),
        "tallied_until": edition.tallied_until,
    }


async def freeze(tx: AsyncConnection, item: Stored, effective: date | None) -> None:
    """Propose a draft: from here on its content never changes."""
    await tx.execute(
        text("update scope_edition set state = 'proposed', effective = :effective where id = :id and state = 'draft'"),
        {"id": item.id, "effective": effective},
    )


async def turn_down(tx: AsyncConnection, item: Stored, now: datetime) -> Position | None:
    """Reject an edition. Its row stays, so that its name is not given again; so do its tallies, for what is asked of a
    moment before. That ends at a position of its own; one that was never proposed had no figures to end."""
    await tx.execute(
        text("update scope_edition set state = 'rejected' where id = :id and state in ('draft', 'proposed')"),
        {"id": item.id},
    )
    return await advance(tx, REJECTED_CHANGE, now, subject=item.name) if item.state is State.PROPOSED else None


async def not_judged(tx: AsyncConnection, item: Stored) -> int:
    """How many sealed returns are not wholly judged under an edition yet, whatever became of them since: without their
    tally, or without what it moved."""
    count: int = (
        await tx.execute(
            text(
                "select count(*) from case_return r where r.sealed_position is not null and not exists "
                "(select from tally t where t.force = r.force and t.return_id = r.id and t.edition = :edition "
                "and t.has_moves)"
            ),
            {"edition": item.id},
        )
    ).scalar_one()
    return count


async def not_judgeable(tx: AsyncConnection, item: Stored) -> int:
    """Of how many forces the returns could not be judged under an edition."""
    count: int = (
        await tx.execute(text("select count(*) from judging_problem where edition = :edition"), {"edition": item.id})
    ).scalar_one()
    return count


async def reads_a_draft(tx: AsyncConnection, item: Stored) -> bool:
    """Whether the contract version that an edition reads is a draft, which may still change."""
    found = await tx.execute(
        text("select exists (select from contract_version where version = :version and state = 'draft')"),
        {"version": item.vocabulary},
    )
    return bool(found.scalar_one())


async def name_in_force(tx: AsyncConnection) -> str | None:
    """The name of the edition in force; None where there is none yet."""
    found = await tx.execute(text("select name from scope_edition where state = 'in_force'"))
    name: str | None = found.scalar_one_or_none()
    return name


async def in_force_since(tx: AsyncConnection, item: Stored) -> int:
    """The position from which on an edition was in force, last."""
    position: int = (
        await tx.execute(
            text("select max(position) from scope_in_force where edition = :edition"), {"edition": item.id}
        )
    ).scalar_one()
    return position
