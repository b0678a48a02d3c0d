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

from service.criteria.ruling import missing_of
from service.picture.newest import FROM, WHERE
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


class ForceOutstanding(Struct, frozen=True, kw_only=True):
    """What one force is asked about its return. ``undetermined`` is null where it is not judged yet."""

    force: int
    period: date
    revision: int
    undetermined: int | None
    attributes: tuple[Outstanding, ...]


_ROWS: Final = text(
    "select r.force, r.period, r.revision, t.edition is not null as judged, c.ruling, "
    f"coalesce(sum(c.weight), 0)::bigint as weight from {FROM} "
    "left join tally t on t.force = r.force and t.return_id = r.id and t.edition = :edition "
    "left join tally_cell c on c.force = t.force and c.return_id = t.return_id and c.edition = t.edition "
    f"and c.margin = {int(Margin.STAGE)} and c.ruling > 0 "
    f"where {WHERE} group by r.force, r.period, r.revision, t.edition, c.ruling order by r.force, c.ruling"
)


async def outstanding_rows(tx: AsyncConnection, edition: int, period: date | None) -> Sequence[OutstandingRow]:
    """What each force's newest sealed return, or that of a month, leaves undetermined, by ruling."""
    rows = await tx.execute(_ROWS, {"edition": edition, "period": period})
    return [OutstandingRow(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name for it


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
    )
