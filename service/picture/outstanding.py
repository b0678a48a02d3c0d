"""What forces are still asked under one edition: undetermined weight by force and by attribute, from stored tallies.

No case is read: a ruling says which attributes leave it undetermined, and tallies hold weights by ruling. They are the
forces' own, before anything that another force leads is taken out: each is asked about what it reported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.criteria.ruling import missing_of
from service.picture.newest import FROM, WHERE
from service.picture.words import Words
from service.returns.context import Context
from service.returns.edition_asked import edition_asked
from service.scope.store import Standing
from service.storage.position import Position
from service.tally.model import Margin


class OutstandingRow(Struct, frozen=True, kw_only=True):
    """Undetermined weight of one force's return under one ruling; without a ruling there is none. Not ``judged``: there
    is no tally under this edition yet."""

    force: int
    period: date
    revision: int
    judged: bool
    ruling: int | None
    weight: int


class Outstanding(Struct, frozen=True, kw_only=True):
    """Weight that lacks one attribute, and how much of it lacks nothing else."""

    attribute: str
    cases: int
    alone: int
    forces: int


class LackedSet(Struct, frozen=True, kw_only=True):
    """Weight that lacks exactly these attributes, in the edition's order: no other, and none fewer."""

    attributes: tuple[str, ...]
    cases: int
    forces: int


class Together(Struct, frozen=True, kw_only=True):
    """Undetermined weight by what it lacks together: the sets that are named, the heaviest first, and the rest of them
    counted. All their ``cases`` are the undetermined weight, each once."""

    sets: tuple[LackedSet, ...]
    other_sets: int
    other_cases: int


class ForceOutstanding(Struct, frozen=True, kw_only=True):
    """What one force is asked about its return. ``undetermined`` is null where it is not judged."""

    force: int
    period: date
    revision: int
    undetermined: int | None
    attributes: tuple[Outstanding, ...]
    together: Together


class Outstandings(Struct, frozen=True, kw_only=True):
    """What is outstanding under one edition, as of the last change: over all forces, and force by force. ``tallied``:
    whether a return that is sealed today is tallied under it; if not, those that are not judged never are."""

    standing: Standing
    tallied: bool
    words: Words
    period: date | None
    as_of: Position
    attributes: tuple[Outstanding, ...]
    together: Together
    forces: tuple[ForceOutstanding, ...]

    @property
    def undetermined(self) -> int:
        """Over all forces that are judged."""
        return sum(each.undetermined or 0 for each in self.forces)

    @property
    def not_judged(self) -> int:
        """How many forces' returns are not judged under the edition: they are in no count."""
        return sum(each.undetermined is None for each in self.forces)


MOST_SETS: Final = 10
"""So many sets are named over all forces."""
MOST_FORCE_SETS: Final = 3
"""And so many of one force."""


_ROWS: Final = text(
    "select p.value as position, p.at, o.* from position p left join ("
    "select r.force, r.period, r.revision, t.edition is not null as judged, c.ruling, "
    f"coalesce(sum(c.weight), 0)::bigint as weight from {FROM} "
    "left join tally t on t.force = r.force and t.return_id = r.id and t.edition = :edition "
    "left join tally_cell c on c.force = t.force and c.return_id = t.return_id and c.edition = t.edition "
    f"and c.margin = {int(Margin.STAGE)} and c.ruling > 0 "
    f"where {WHERE} group by r.force, r.period, r.revision, t.edition, c.ruling) o on true order by o.force, o.ruling"
)
"""Rows and the last change that is in them, by one statement: what is sealed meanwhile is in both or in neither."""


async def outstanding(context: Context, tx: AsyncConnection, scope: str | None, period: date | None) -> Outstandings:
    """What forces are asked under the edition that is named, or the one in force: of each force's newest sealed return,
    or that of the month that begins on ``period``. NotFound where there is no such edition."""
    standing = await edition_asked(context, tx, scope)
    edition = standing.edition
    as_of, rows = await outstanding_rows(tx, standing.id, period)
    attributes = edition.definition.attributes
    return Outstandings(
        standing=standing,
        tallied=standing.is_tallied(london_date(context.now())),
        words=Words(edition=edition, contract=context.library.contracts[edition.vocabulary], forces=context.forces),
        period=period,
        as_of=as_of,
        attributes=by_attribute(rows, attributes),
        together=together(rows, attributes, MOST_SETS),
        forces=by_force(rows, attributes),
    )


async def outstanding_rows(
    tx: AsyncConnection, edition: int, period: date | None
) -> tuple[Position, Sequence[OutstandingRow]]:
    """What each force's newest sealed return, or that of a month, leaves undetermined, by ruling, as of the last
    change."""
    rows = (await tx.execute(_ROWS, {"edition": edition, "period": period})).all()
    found = [
        OutstandingRow(
            force=row.force,
            period=row.period,
            revision=row.revision,
            judged=row.judged,
            ruling=row.ruling,
            weight=row.weight,
        )
        for row in rows
        if row.force is not None
    ]
    return Position(rows[0].position, rows[0].at), found


def by_attribute(rows: Iterable[OutstandingRow], attributes: Sequence[str]) -> tuple[Outstanding, ...]:
    """Over all forces, that first which settles most by itself."""
    cases, alone = Counter[str](), Counter[str]()
    forces: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        missing = missing_of(row.ruling or 0, tuple(attributes))
        for name in missing:
            cases[name] += row.weight
            forces[name].add(row.force)
        if len(missing) == 1:
            alone[missing[0]] += row.weight
    found = [
        Outstanding(attribute=name, cases=cases[name], alone=alone[name], forces=len(forces[name]))
        for name in attributes
        if cases[name]
    ]
    return tuple(sorted(found, key=lambda each: (-each.alone, -each.cases)))


def together(rows: Iterable[OutstandingRow], attributes: Sequence[str], most: int) -> Together:
    """By what is lacking together, the heaviest first; beyond ``most`` sets they are counted and not named."""
    cases = Counter[tuple[str, ...]]()
    forces: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for row in rows:
        if row.weight:
            missing = missing_of(row.ruling or 0, tuple(attributes))
            cases[missing] += row.weight
            forces[missing].add(row.force)
    place = {name: number for number, name in enumerate(attributes)}
    found = sorted(cases, key=lambda each: (-cases[each], len(each), [place[name] for name in each]))
    return Together(
        sets=tuple(LackedSet(attributes=each, cases=cases[each], forces=len(forces[each])) for each in found[:most]),
        other_sets=len(found[most:]),
        other_cases=sum(cases[each] for each in found[most:]),
    )


def by_force(rows: Iterable[OutstandingRow], attributes: Sequence[str]) -> tuple[ForceOutstanding, ...]:
    """Force by force, those first that leave most undetermined; those not judged yet come last."""
    of_force: Mapping[int, list[OutstandingRow]] = defaultdict(list)
    for row in rows:
        of_force[row.force].append(row)
    found = [_force(some, attributes) for some in of_force.values()]
    return tuple(sorted(found, key=lambda each: (each.undetermined is None, -(each.undetermined or 0), each.force)))


def _force(rows: Sequence[OutstandingRow], attributes: Sequence[str]) -> ForceOutstanding:
    first = rows[0]
    return ForceOutstanding(
        force=first.force,
        period=first.period,
        revision=first.revision,
        undetermined=sum(row.weight for row in rows) if first.judged else None,
        attributes=by_attribute(rows, attributes),
        together=together(rows, attributes, MOST_FORCE_SETS),
    )
