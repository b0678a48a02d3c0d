"""Reads and writes editions of the terms: those that were adopted, from their position on, and those on their way.

``terms_edition`` and ``participation`` hold what was adopted, whether it came as a file or was drafted here;
``terms_draft`` holds what was drafted, whatever became of it. One query a function; nobody else writes these tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import CodeList
from service.scope.adoption import Kept, Step
from service.scope.edition import State
from service.scope.steps import Steps, steps_of
from service.terms.calendar import period_of
from service.terms.draft import TermsDraft
from service.terms.history import Reported
from service.terms.model import Terms

TERMS_LOCK: Final = 0x43_52_04
"""Advisory: whoever adopts terms holds it alone; whoever opens a return under them shares it."""


class AdoptedTerms(Struct, frozen=True, kw_only=True):
    """An edition that was adopted, and from which position on it holds, or held."""

    position: int
    terms: Terms


class StoredTerms(Kept, frozen=True, kw_only=True):
    """An edition that was drafted here, where it stands. ``terms``: what it says."""

    terms: Terms


# --- adopted ----------------------------------------------------------------------------------------------------------


async def all_adopted(tx: AsyncConnection) -> Sequence[AdoptedTerms]:
    """Every edition that was adopted, in that order: the last is in force."""
    rows = await tx.execute(text("select position, document::text as said from terms_edition order by position, name"))
    return [AdoptedTerms(position=row.position, terms=msgspec.json.decode(row.said, type=Terms)) for row in rows]


async def terms_in_force(tx: AsyncConnection, known: Terms | None = None) -> Terms | None:
    """The terms that were adopted last: ``known`` itself, where it is that edition; none in a new database."""
    last = text("select name, hash from terms_edition order by position desc limit 1")
    row = (await tx.execute(last)).one_or_none()
    if row is None or (known is not None and (known.edition, known.hash) == (row.name, row.hash)):
        return known if row is not None else None
    document = await tx.execute(text("select document::text from terms_edition where name = :name"), {"name": row.name})
    return msgspec.json.decode(document.scalar_one(), type=Terms)


async def terms_name_in_force(tx: AsyncConnection) -> str | None:
    """The name of the terms in force; None where none are adopted yet."""
    found = await tx.execute(text("select name from terms_edition order by position desc limit 1"))
    name: str | None = found.scalar_one_or_none()
    return name


async def hold_in_force(tx: AsyncConnection, known: Terms) -> Terms:
    """The terms in force, which stay so until this transaction ends."""
    await tx.execute(text("select pg_advisory_xact_lock_shared(:key)"), {"key": TERMS_LOCK})
    return await terms_in_force(tx, known) or known


async def store_adopted(tx: AsyncConnection, terms: Terms, forces: CodeList, position: int) -> None:
    """From this position on, these terms hold."""
    await tx.execute(
        text(
            "insert into terms_edition (name, hash, title, adopted, document, position) values "
            "(:name, :hash, :title, :adopted, cast(:document as jsonb), :position)"
        ),
        {
            "name": terms.edition,
            "hash": terms.hash,
            "title": terms.title,
            "adopted": terms.adopted,
            "document": msgspec.json.encode(terms).decode(),
            "position": position,
        },
    )
    await tx.execute(
        text(
            "insert into participation (terms, force, first_period, last_period, successor) values "
            "(:terms, :force, :first, :last, :successor)"
        ),
        [
            {
                "terms": terms.edition,
                "force": forces.by_code[item.force].ordinal,
                "first": item.start.first_day,
                "last": None if item.until is None else item.until.first_day,
                "successor": None if item.successor is None else forces.by_code[item.successor].ordinal,
            }
            for item in terms.participation
        ],
    )


async def reported(tx: AsyncConnection, forces: CodeList) -> Sequence[Reported]:
    """Every return that is open or sealed."""
    rows = await tx.execute(
        text("select force, period, contract_version from case_return where state in ('open', 'sealed')")
    )
    return [
        Reported(force=forces.by_ordinal[row.force].code, period=period_of(row.period), version=row.contract_version)
        for row in rows
    ]


async def scopes_that_stand(tx: AsyncConnection) -> tuple[str, tuple[str, ...]]:
    """The scope edition in force, and those that are proposed."""
    rows = await tx.execute(
        text("select name, state from scope_edition where state in ('in_force', 'proposed') order by id")
    )
    found = rows.all()
    in_force = next((row.name for row in found if row.state == "in_force"), "")
    return in_force, tuple(row.name for row in found if row.state == "proposed")


# --- on their way -----------------------------------------------------------------------------------------------------

_COLUMNS: Final = (
    "d.id, d.name, d.title, d.hash, case when d.state = 'in_force' and exists (select from terms_edition later "
    "where later.position > own.position) then 'superseded' else d.state end as state, d.version, d.document, "
    "d.content::text as content, d.follows, d.effective "
    "from terms_draft d left join terms_edition own on own.name = d.name and d.state = 'in_force'"
)


def _stored(row: RowMapping, steps: Iterable[Step]) -> StoredTerms:
    said = dict(row)
    terms = msgspec.json.decode(said.pop("content"), type=Terms)
    return StoredTerms(**{**said, "state": State(said["state"])}, terms=terms, steps=tuple(steps))


async def all_terms_drafted(tx: AsyncConnection) -> Sequence[StoredTerms]:
    """Every edition that was drafted here, in that order."""
    rows = (await tx.execute(text(f"select {_COLUMNS} order by d.id"))).mappings().all()
    steps = await steps_of(tx, Steps.TERMS, [row["id"] for row in rows])
    return [_stored(row, steps.get(row["id"], ())) for row in rows]


async def terms_by_name(tx: AsyncConnection, name: str, *, lock: bool = False) -> StoredTerms | None:
    """One edition; with ``lock`` nobody else decides about it until the transaction ends."""
    if not name.isprintable():
        return None  # an address may hold what no text of the database can
    sql = f"select {_COLUMNS} where d.name = :name{' for no key update of d' if lock else ''}"
    row = (await tx.execute(text(sql), {"name": name})).mappings().one_or_none()
    return None if row is None else _stored(row, (await steps_of(tx, Steps.TERMS, [row["id"]])).get(row["id"], ()))


async def insert_terms_draft(tx: AsyncConnection, written: TermsDraft) -> bool:
    """Store a new draft; False where its name is taken, by terms that came as a file too."""
    done = await tx.execute(
        text(
            "insert into terms_draft (name, hash, title, state, document, content) "
            "select :name, :hash, :title, 'draft', cast(:document as jsonb), cast(:content as jsonb) "
            "where not exists (select from terms_edition where name = :name) on conflict (name) do nothing"
        ),
        _content(written),
    )
    return bool(done.rowcount)


async def write_terms_draft(tx: AsyncConnection, written: TermsDraft) -> None:
    """Write a draft anew: its version moves on."""
    await tx.execute(
        text(
            "update terms_draft set hash = :hash, title = :title, document = cast(:document as jsonb), "
            "content = cast(:content as jsonb), version = version + 1 where name = :name and state = 'draft'"
        ),
        _content(written),
    )


def _content(written: TermsDraft) -> dict[str, Any]:
    return {
        "name": written.terms.edition,
        "hash": written.terms.hash,
        "title": written.terms.title,
        "document": msgspec.json.encode(written.document).decode(),
        "content": msgspec.json.encode(written.terms).decode(),
    }


async def freeze_terms(tx: AsyncConnection, item: StoredTerms, follows: str, effective: date | None) -> None:
    """Propose a draft: from here on its content never changes."""
    await tx.execute(
        text(
            "update terms_draft set state = 'proposed', follows = :follows, effective = :effective "
            "where id = :id and state = 'draft'"
        ),
        {"id": item.id, "follows": follows, "effective": effective},
    )


async def turn_down_terms(tx: AsyncConnection, item: StoredTerms, _now: datetime) -> None:
    """Reject an edition. Its row stays, so that its name is not given again."""
    await _move(tx, item, State.REJECTED)


async def note_adopted(tx: AsyncConnection, item: StoredTerms) -> None:
    """What was drafted here is in force."""
    await _move(tx, item, State.IN_FORCE)


async def _move(tx: AsyncConnection, item: StoredTerms, state: State) -> None:
    await tx.execute(
        text("update terms_draft set state = :state where id = :id and state in ('draft', 'proposed')"),
        {"id": item.id, "state": state.value},
    )


async def adopted_at(tx: AsyncConnection, name: str) -> int:
    """The position from which on an edition holds."""
    position: int = (
        await tx.execute(text("select position from terms_edition where name = :name"), {"name": name})
    ).scalar_one()
    return position
