"""Which editions the service has taken in, and where each stands. Only this module and ``drafts.py`` write
``scope_edition``.

The published files are the truth about an edition's rules; the rows pin its hash, so that the same name with other
content is refused, and hold its state, which changes while the service runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import Conflict, Invalid, NotFound
from service.scope.edition import Edition, State
from service.scope.editions import Editions
from service.scope.tallied import is_tallied, tallied_on

NO_TALLIES: Final = (State.DRAFT, State.REJECTED)
"""States in which an edition has no tallies and will get none: a draft is simulated, never stored (semantics 32)."""

REJECTED_CHANGE: Final = "scope_rejected"
"""The change by which an edition that was proposed has no figures any more, for what is asked of it or later."""


class Standing(Struct, frozen=True):
    """One edition as the service holds it: its number in stored tallies, its state now, and the edition that was in
    force when it was proposed, against which its flips are counted."""

    id: int
    state: State
    edition: Edition
    follows: tuple[int, Edition] | None = None
    tallied_until: date | None = None

    def is_tallied(self, day: date) -> bool:
        """Whether a return that is sealed on this day is tallied under it."""
        return is_tallied(self.state, self.tallied_until, day)


async def take_in_versions(tx: AsyncConnection, versions: Sequence[tuple[str, str, str]]) -> None:
    """Record contract versions (version, hash, state); a published one whose content changed is refused."""
    known = {row.version: row for row in await tx.execute(text("select version, hash, state from contract_version"))}
    for version, digest, state in versions:
        before = known.get(version)
        if before is not None and before.hash != digest and before.state != "draft":
            raise Conflict(
                f"Contract version {version} was taken in with other content.",
                "A published version never changes: publish the change as a new version.",
                code="contract-changed",
            )
        await tx.execute(
            text(
                "insert into contract_version (version, hash, state) values (:version, :hash, :state) "
                "on conflict (version) do update set hash = excluded.hash, state = excluded.state"
            ),
            {"version": version, "hash": digest, "state": state},
        )


async def take_in(tx: AsyncConnection, edition: Edition, state: State) -> bool:
    """Record an edition with the state it has on arrival; True if it is new here. Other content is refused."""
    before = (
        await tx.execute(text("select hash, state from scope_edition where name = :name"), {"name": edition.name})
    ).one_or_none()
    if before is not None:
        if before.hash != edition.hash:
            raise Conflict(
                f"Scope edition {edition.name} was taken in with other content.",
                "A proposed edition never changes: publish the change as a new edition.",
                code="scope-changed",
            )
        await tx.execute(  # an earlier release stored less of it
            text(
                "update scope_edition set document = cast(:document as jsonb), tallied_until = :tallied_until "
                "where name = :name and document <> cast(:document as jsonb)"
            ),
            {
                "name": edition.name,
                "document": msgspec.json.encode(document_of(edition)).decode(),
                "tallied_until": edition.tallied_until,
            },
        )
        return False
    await tx.execute(
        text(
            "insert into scope_edition (name, hash, title, vocabulary, state, document, tallied_until) "
            "values (:name, :hash, :title, :vocabulary, :state, cast(:document as jsonb), :tallied_until)"
        ),
        {
            "name": edition.name,
            "hash": edition.hash,
            "title": edition.title,
            "vocabulary": edition.vocabulary,
            "state": state.value,
            "document": msgspec.json.encode(document_of(edition)).decode(),
            "tallied_until": edition.tallied_until,
        },
    )
    return True


def document_of(edition: Edition) -> dict[str, Any]:
    """The edition as it is stored: with its hash, all that is needed to read it again anywhere."""
    until = edition.tallied_until
    return {
        "edition": edition.name,
        "title": edition.title,
        "state": State.DRAFT.value,
        "vocabulary": edition.vocabulary,
        **({} if until is None else {"tallied_until": until.isoformat()}),
        "rules": [
            {"id": rule.id, "title": rule.title, "guidance": rule.guidance, "when": rule.when} for rule in edition.rules
        ],
    }


async def follow_in_force(tx: AsyncConnection) -> None:
    """What is proposed and follows nothing yet follows the edition in force: what it moves is counted against that."""
    await tx.execute(
        text(
            "update scope_edition e set follows = f.id from scope_edition f "
            "where e.state = 'proposed' and e.follows is null and f.state = 'in_force'"
        )
    )


async def put_in_force(tx: AsyncConnection, name: str, position: int) -> None:
    """From this position on, this edition answers where no scope is named; the one before is superseded."""
    await tx.execute(
        text("update scope_edition set state = 'superseded' where state = 'in_force' and name <> :name"),
        {"name": name},
    )
    await tx.execute(text("update scope_edition set state = 'in_force' where name = :name"), {"name": name})
    await tx.execute(
        text(
            "insert into scope_in_force (position, edition) select :position, id from scope_edition where name = :name"
        ),
        {"position": position, "name": name},
    )


_STANDINGS: Final = (
    "select e.id, e.name, e.state, e.hash, e.tallied_until, f.id as before_id, f.name as before, f.hash as before_hash "
)
_FROM: Final = "from scope_edition e left join scope_edition f on f.id = e.follows "


async def live_editions(tx: AsyncConnection, editions: Editions, day: date) -> tuple[Standing, ...]:
    """The editions under which a seal on this day is tallied, the one in force first."""
    rows = await tx.execute(
        text(f"{_STANDINGS}{_FROM} where {tallied_on(':day')} order by e.state = 'in_force' desc, e.id"),
        {"day": day},
    )
    return tuple([await _standing(tx, editions, row) for row in rows.all()])


async def tallied_editions(tx: AsyncConnection, editions: Editions) -> tuple[Standing, ...]:
    """Every edition that can have tallies, tallied still or not, the one in force first."""
    rows = await tx.execute(
        text(f"{_STANDINGS}{_FROM} where e.state <> all(:untallied) order by e.state = 'in_force' desc, e.id"),
        {"untallied": list(NO_TALLIES)},
    )
    return tuple([await _standing(tx, editions, row) for row in rows.all()])


async def _standing(tx: AsyncConnection, editions: Editions, row: Row[Any]) -> Standing:
    edition = await known(tx, editions, row.name, row.hash)
    before = None if row.before is None else await known(tx, editions, row.before, row.before_hash)
    follows = None if before is None else (row.before_id, before)
    return Standing(row.id, State(row.state), edition, follows, row.tallied_until)


async def known(tx: AsyncConnection, editions: Editions, name: str, digest: str) -> Edition:
    """The edition of this name and content, read from its document where this process has not met it yet. What was
    never proposed is not kept, nor what was rejected where a file has its name since."""
    if editions.knows(name, digest):
        return editions[name]
    found = await tx.execute(
        text("select document, follows is not null as was_proposed, state from scope_edition where name = :name"),
        {"name": name},
    )
    row = found.one()
    is_kept = row.state not in NO_TALLIES or (row.was_proposed and not editions.is_published_otherwise(name, digest))
    read = editions.learn if is_kept else editions.read
    return read(name, digest, row.document)


async def learn(tx: AsyncConnection, editions: Editions) -> None:
    """Know every edition that can have tallies. A draft that a changed contract has made unreadable stands in nobody's
    way."""
    rows = await tx.execute(
        text("select name, hash from scope_edition where state <> all(:untallied)"), {"untallied": list(NO_TALLIES)}
    )
    for row in rows.all():
        await known(tx, editions, row.name, row.hash)


async def edition_in_force(tx: AsyncConnection, editions: Editions, day: date) -> Standing:
    """The edition in force now."""
    return in_force_of(await live_editions(tx, editions, day))


def in_force_of(standings: Iterable[Standing]) -> Standing:
    """The one of the live editions that is in force."""
    for standing in standings:
        if standing.state is State.IN_FORCE:
            return standing
    raise NotFound("No scope edition is in force.", "Adopt terms of reference that name one.", code="no-scope-in-force")


async def standing_of(tx: AsyncConnection, editions: Editions, name: str) -> Standing:
    """One edition as the service holds it; NotFound where it was not taken in."""
    row = (await tx.execute(text(f"{_STANDINGS}{_FROM} where e.name = :name"), {"name": name})).one_or_none()
    if row is None:
        raise no_such_edition()
    return await _standing(tx, editions, row)


def no_such_edition() -> NotFound:
    """The one answer for what is not there and for what others have drafted."""
    return NotFound("There is no such scope edition.", "See /api/scopes.", code="no-such-scope")


def no_tallies(name: str, state: str, do: str) -> Invalid:
    """The one answer for an edition under which nothing is tallied: a draft, or one that was rejected."""
    return Invalid(
        f"Scope edition {name} is {state}: there are no tallies under it.",
        do,
        code="scope-not-tallied",
    )


async def states(tx: AsyncConnection) -> Mapping[str, str]:
    """The state in which each edition stands now, by name."""
    return {row.name: row.state for row in await tx.execute(text("select name, state from scope_edition order by id"))}
