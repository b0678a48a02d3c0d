"""Reads and writes what becomes of an edition here: drafts, their states, and who said what of them. One query a
function. The switch itself is ``put_in_force`` of ``store.py``; only these two modules write ``scope_edition``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter
from service.scope.draft import Draft
from service.scope.edition import Edition, State
from service.scope.store import document_of


class Said(StrEnum):
    """What a body can say of an edition, each of them once."""

    DRAFTED = "drafted"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Step(Struct, frozen=True, kw_only=True):
    """Who said what of an edition. ``hash`` is of the content that it was said of; a confirmation is signed, and a
    rejection has its reason."""

    step: Said
    body: str
    client: str
    at: datetime
    hash: str
    reason: str | None = None
    signature: str | None = None


class Stored(Struct, frozen=True, kw_only=True):
    """An edition where it stands, with all that was said of it. ``follows`` names the edition that was in force when it
    was proposed; ``version`` counts how often a draft was written."""

    id: int
    name: str
    title: str
    hash: str
    vocabulary: str
    state: State
    version: int
    document: Mapping[str, Any]
    follows: str | None
    effective: date | None
    steps: tuple[Step, ...]

    @property
    def etag(self) -> str:
        """The entity tag of a draft: one proposes what one saw."""
        return f'"{self.name}-{self.version}-{self.hash[:16]}"'

    @property
    def confirmed_by(self) -> frozenset[str]:
        """The bodies whose word it has."""
        return frozenset(step.body for step in self.steps if step.step is Said.CONFIRMED)

    @property
    def was_proposed(self) -> bool:
        """Whether everyone may read it: it was proposed once, here or in the published files, whatever became of it."""
        if self.state not in (State.DRAFT, State.REJECTED):
            return True
        return self.follows is not None or any(step.step is Said.PROPOSED for step in self.steps)


def as_published(edition: Edition) -> Stored:
    """An edition that the terms of reference have not had taken in, as its file has it."""
    return Stored(
        id=0,
        name=edition.name,
        title=edition.title,
        hash=edition.hash,
        vocabulary=edition.vocabulary,
        state=edition.state,
        version=1,
        document=document_of(edition),
        follows=None,
        effective=None,
        steps=(),
    )


_COLUMNS: Final = (
    "e.id, e.name, e.title, e.hash, e.vocabulary, e.state, e.version, e.document, f.name as follows, e.effective "
    "from scope_edition e left join scope_edition f on f.id = e.follows"
)


def _stored(row: RowMapping, steps: Iterable[Step]) -> Stored:
    return Stored(**{**row, "state": State(row["state"])}, steps=tuple(steps))


async def all_stored(tx: AsyncConnection) -> Sequence[Stored]:
    """Every edition that was taken in or drafted, in that order."""
    rows = (await tx.execute(text(f"select {_COLUMNS} order by e.id"))).mappings().all()
    steps = await steps_of(tx, [row["id"] for row in rows])
    return [_stored(row, steps.get(row["id"], ())) for row in rows]


async def stored_by_name(tx: AsyncConnection, name: str, *, lock: bool = False) -> Stored | None:
    """One edition; with ``lock`` nobody else decides about it until the transaction ends."""
    sql = f"select {_COLUMNS} where e.name = :name{' for no key update of e' if lock else ''}"
    row = (await tx.execute(text(sql), {"name": name})).mappings().one_or_none()
    return None if row is None else _stored(row, (await steps_of(tx, [row["id"]])).get(row["id"], ()))


async def steps_of(tx: AsyncConnection, editions: Sequence[int]) -> Mapping[int, Sequence[Step]]:
    """What was said of some editions, by their numbers, the first word first."""
    rows = await tx.execute(
        text(
            "select edition, step, body, client, at, hash, reason, signature from scope_step "
            "where edition = any(:editions) "
            "order by at, array_position(array['drafted', 'proposed', 'confirmed', 'rejected'], step), body"
        ),
        {"editions": list(editions)},
    )
    found: dict[int, list[Step]] = defaultdict(list)
    for row in rows.mappings():
        said = dict(row)
        found[said.pop("edition")].append(Step(**{**said, "step": Said(said["step"])}))
    return found


async def insert_draft(tx: AsyncConnection, written: Draft) -> bool:
    """Store a new draft; False where its name is taken. What is refused takes no number: there are few of them."""
    done = await tx.execute(
        text(
            "insert into scope_edition (name, hash, title, vocabulary, state, document) "
            "select :name, :hash, :title, :vocabulary, 'draft', cast(:document as jsonb) "
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
            "document = cast(:document as jsonb), version = version + 1 where name = :name and state = 'draft'"
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
    }


async def freeze(tx: AsyncConnection, item: Stored, effective: date | None) -> None:
    """Propose a draft: from here on its content never changes."""
    await tx.execute(
        text("update scope_edition set state = 'proposed', effective = :effective where id = :id and state = 'draft'"),
        {"id": item.id, "effective": effective},
    )


async def turn_down(tx: AsyncConnection, item: Stored) -> None:
    """Reject an edition. Its row stays, so that its name is not given again."""
    await tx.execute(
        text("update scope_edition set state = 'rejected' where id = :id and state in ('draft', 'proposed')"),
        {"id": item.id},
    )


async def say(tx: AsyncConnection, item: Stored, step: Step) -> bool:
    """Keep what a body said; False where it said so before, or the same client confirmed it for another body."""
    done = await tx.execute(
        text(
            "insert into scope_step (edition, step, body, client, at, hash, reason, signature) values "
            "(:edition, :step, :body, :client, :at, :hash, :reason, :signature) on conflict do nothing"
        ),
        {**msgspec.structs.asdict(step), "step": step.step.value, "edition": item.id},
    )
    return bool(done.rowcount)


def step_of(said: Said, by: Adopter, item: Stored, at: datetime, **more: str) -> Step:
    """A word of a body, said of the content that an edition has now."""
    return Step(step=said, body=by.body, client=by.client, at=at, hash=item.hash, **more)


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


async def in_force_since(tx: AsyncConnection, item: Stored) -> int:
    """The position from which on an edition was in force, last."""
    position: int = (
        await tx.execute(
            text("select max(position) from scope_in_force where edition = :edition"), {"edition": item.id}
        )
    ).scalar_one()
    return position
