"""The last three states of a draft, and bringing one of them back (semantics 16).

A state is kept before a file is taken, and before a state is brought back, so that this too can be undone: a copy of
the draft's rows, made by the database in the transaction of that change. What is changed one by one after a file
belongs to the state after it. Answers to findings are bound to values and not to a state: where the values are again
what they were, the words hold again. States go when the return is sealed or withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import PartName
from service.errors import Invalid, NotFound
from service.register.columns import stored_types
from service.returns.asked import judged_today
from service.returns.changes import change_draft
from service.returns.context import Actor, Context
from service.returns.following import under
from service.returns.model import Open, base_for
from service.returns.rebase import lay_over
from service.returns.rows import listed
from service.returns.store import lock_line, return_by_id, returns_of
from service.storage.idempotency import Once
from service.storage.remembered import Remembered
from service.telemetry.spans import traced
from service.terms.store import hold_in_force

KEPT: Final = 3
"""So many states of a draft can be brought back."""

_OF_RETURN: Final = "force = :force and return_id = :id"


class Before(Struct, frozen=True, kw_only=True):
    """What was done after a state: a file was taken (which, and how many rows it had), or a state was brought back."""

    what: Literal["upload", "restore"]
    part: PartName | None = None
    mode: str | None = None
    media: str | None = None
    rows: int | None = None


class State(Struct, frozen=True, kw_only=True):
    """A state that can be brought back. ``n`` is its number in this return, never given twice."""

    n: int
    kept_at: datetime
    kept_by: str
    contract_version: str
    """In which the return was written then: bringing the state back goes back to it."""
    before: Before
    counts: Mapping[str, int]
    """What the return came to then: rows of each part, and what was new, changed, withdrawn, held."""


class Restored(Struct, frozen=True, kw_only=True):
    """A return as it is after a state was brought back. ``note``: what that did to its contract version."""

    item: Open
    note: str | None


class _Pair(Struct, frozen=True):
    """A table of the draft, the table that keeps its rows, and the columns that both have."""

    draft: str
    kept: str
    columns: tuple[str, ...]


_PAIRS: Remembered[tuple[_Pair, ...]] = Remembered()


def _pairs(library: Library) -> tuple[_Pair, ...]:
    return _PAIRS.get(library, lambda: _paired(library))


def _paired(library: Library) -> tuple[_Pair, ...]:
    case, cell, team = (
        tuple(stored_types(library, part)) for part in (PartName.CASE, PartName.AGGREGATE, PartName.WORKFORCE)
    )
    held = ("n", "part", "row", "key", "text", "set_aside", "set_aside_words", "set_aside_by", "freed_by")
    finding = ("part", "row", "rule", "severity", "field", "value", "key", "case_id", "held_n", "bound", "notice")
    return (
        _Pair("draft_case", "kept_case", ("case_id", "contract_version", "source_row", "digest", "empties", *case)),
        _Pair("draft_withdrawal", "kept_withdrawal", ("case_id", "source", "answer", "reason", "words")),
        _Pair("held_row", "kept_held", held),
        _Pair("finding", "kept_finding", finding),
        _Pair("aggregate_cell", "kept_cell", ("n", "digest", "empties", *cell)),
        _Pair("workforce_row", "kept_workforce", ("n", "digest", "empties", *team)),
    )


@traced("keep-state")
async def keep_state(context: Context, tx: AsyncConnection, actor: Actor, item: Open, before: Before) -> int:
    """Keep the draft as it stands, and let go of the states beyond the last three; its number. The caller holds the
    force's lock, and changes the draft in the same transaction."""
    n = await _keep(context, tx, actor, item, before)
    await _let_go(context.library, tx, item.force, item.id, n - KEPT)
    return n


async def _keep(context: Context, tx: AsyncConnection, actor: Actor, item: Open, before: Before) -> int:
    n = (
        await tx.execute(
            text(
                "insert into draft_state (force, return_id, n, kept_at, kept_by, before, part, mode, media, rows, "
                "contract_version, case_years, case_year_unknown, base_id, compared_line, own_aggregates, "
                "own_workforce, judged_by, counts) select r.force, r.id, (select coalesce(max(s.n), 0) + 1 from "
                "draft_state s where s.force = :force and s.return_id = :id), :now, :actor, :before, :part, :mode, "
                ":media, :rows, r.contract_version, r.case_years, r.case_year_unknown, r.base_id, r.compared_line, "
                "r.own_aggregates, r.own_workforce, r.judged_by, coalesce(r.summary -> 'counts', '{}') "
                "from case_return r where r.force = :force and r.id = :id returning n"
            ),
            {
                "force": item.force,
                "id": item.id,
                "now": context.now(),
                "actor": actor.id,
                "before": before.what,
                "part": before.part,
                "mode": before.mode,
                "media": before.media,
                "rows": before.rows,
            },
        )
    ).scalar_one()
    for pair in _pairs(context.library):
        columns = listed(pair.columns)
        await tx.execute(
            text(
                f"insert into {pair.kept} (force, return_id, kept_as, {columns}) "
                f"select force, return_id, :n, {columns} from {pair.draft} where {_OF_RETURN}"
            ),
            {"force": item.force, "id": item.id, "n": n},
        )
    return int(n)


async def discard_states(library: Library, tx: AsyncConnection, force: int, return_id: UUID) -> None:
    """Let go of all states of a return: it is sealed or withdrawn."""
    await _let_go(library, tx, force, return_id, None)


async def _let_go(library: Library, tx: AsyncConnection, force: int, return_id: UUID, until: int | None) -> None:
    """Delete the states up to a number, or all."""
    if until is not None and until < 1:
        return
    parameters = {"force": force, "id": return_id, "until": until}
    gone = f"delete from draft_state where {_OF_RETURN} and (cast(:until as integer) is null or n <= :until)"
    if (await tx.execute(text(gone), parameters)).rowcount == 0:
        return
    for pair in _pairs(library):
        which = "(cast(:until as integer) is null or kept_as <= :until)"
        await tx.execute(text(f"delete from {pair.kept} where {_OF_RETURN} and {which}"), parameters)


async def list_states(tx: AsyncConnection, item: Open) -> Sequence[State]:
    """The states that can be brought back, newest first."""
    rows = await tx.execute(
        text(
            "select n, kept_at, kept_by, contract_version, before, part, mode, media, rows, counts from draft_state "
            f"where {_OF_RETURN} order by n desc"
        ),
        {"force": item.force, "id": item.id},
    )
    return [
        State(
            n=row.n,
            kept_at=row.kept_at,
            kept_by=row.kept_by,
            contract_version=row.contract_version,
            before=Before(
                what=row.before,
                part=None if row.part is None else PartName(row.part),
                mode=row.mode,
                media=row.media,
                rows=row.rows,
            ),
            counts=row.counts,
        )
        for row in rows
    ]


@traced("restore-state")
async def restore_state(
    context: Context, actor: Actor, item: Open, n: int, if_match: str | None, *, once: Once | None = None
) -> Restored:
    """Make the draft what it was in a state. What it is now is kept as a state before; NotFound where there is no such
    state (any more), Invalid where it is of a contract version that the terms take no more."""
    async with context.db.force(item.force) as tx:
        context = under(context, await hold_in_force(tx, context.terms))
        async with change_draft(context, tx, actor, item, if_match, once=once) as change:
            if change.known is not None:
                return Restored(item=change.item, note=change.known.body)
            given = {"force": item.force, "id": item.id, "state": n}
            version = await _version_of(context, tx, change.item, given)
            kept = await _keep(context, tx, actor, change.item, Before(what="restore"))
            await _bring_back(context.library, tx, given)
            await _let_go(context.library, tx, item.force, item.id, kept - KEPT)
            back = await _as_of_today(context, tx, change.item)
            change.answer = version_note(change.item.contract_version, version, back.contract_version)
            change.done("draft_restored", {"state": n, "kept_as": kept, "contract_version": back.contract_version})
    return Restored(item=change.item, note=change.answer)


async def _version_of(context: Context, tx: AsyncConnection, item: Open, given: Mapping[str, Any]) -> str:
    """The contract version of a state, if there is such a state and the version is still taken for its period."""
    of_state = text(f"select contract_version from draft_state where {_OF_RETURN} and n = :state")
    version: str | None = (await tx.execute(of_state, given)).scalar_one_or_none()
    if version is None:
        raise NotFound(
            "There is no such state of this draft.",
            f"The last {KEPT} are kept: read them again.",
            code="no-such-state",
        )
    if version != item.contract_version and version not in context.terms.accepted(item.period):
        raise Invalid(
            f"That state is written in contract version {version}, which the terms do not take for {item.period} now.",
            f"Leave the return as it is, and send what is to stand in it in {item.contract_version}; "
            f"/api/contracts/{item.contract_version}/changes says what is different.",
            code="contract-not-accepted",
        )
    return version


def version_note(was: str, kept: str, now: str) -> str | None:
    """What bringing back a state of the contract version ``kept`` did to a return that ``was`` of one and is of one
    ``now``; None where it is the same throughout."""
    if kept == was:
        return None
    if now != kept:
        return (
            f"That state was written in contract version {kept}. The sealed return below is of {now}, so it was "
            f"brought into {now}: its cases must be sent again, by the names and codes of {now}."
        )
    return (
        f"The return is written in contract version {now} again, as it was then; until now it was written in {was}. "
        f"Send files by the names and codes of {now}."
    )


async def _bring_back(library: Library, tx: AsyncConnection, given: Mapping[str, Any]) -> None:
    """Put the rows of a state in the place of the draft's, and what the return declared then."""
    for pair in _pairs(library):
        columns = listed(pair.columns)
        await tx.execute(text(f"delete from {pair.draft} where {_OF_RETURN}"), given)
        await tx.execute(
            text(
                f"insert into {pair.draft} (force, return_id, {columns}) select force, return_id, {columns} "
                f"from {pair.kept} where {_OF_RETURN} and kept_as = :state"
            ),
            given,
        )
    await tx.execute(
        text(
            "update case_return r set contract_version = s.contract_version, case_years = s.case_years, "
            "case_year_unknown = s.case_year_unknown, base_id = s.base_id, compared_line = s.compared_line, "
            "own_aggregates = s.own_aggregates, own_workforce = s.own_workforce, judged_by = s.judged_by "
            "from draft_state s where r.force = :force and r.id = :id and s.force = r.force and s.return_id = r.id "
            "and s.n = :state"
        ),
        given,
    )


async def _as_of_today(context: Context, tx: AsyncConnection, item: Open) -> Open:
    """The return, where the base or the rules moved on since the state was kept, as they did so for it too."""
    await lock_line(tx, item.force)
    back = await _open(tx, item)
    base = base_for(await returns_of(tx, item.force), item.period)
    base_id = None if base is None else base.id
    if back.base_id != base_id:
        await lay_over(context, tx, back, base_id)
        back = await _open(tx, item)  # it may be of the version of its base now
    return await judged_today(context, tx, back)


async def _open(tx: AsyncConnection, item: Open) -> Open:
    found = await return_by_id(tx, item.force, item.id)
    assert isinstance(found, Open)  # noqa: S101  nobody else holds the force's lock
    return found
