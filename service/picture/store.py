"""What the picture reads from the database: one query a function, under the national role.

However many forces there are, the number of statements is the same; however many cases, so is their cost: only
returns, tallies and the few rows that name other forces are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import BigInteger, Text, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from service.picture.coverage import CountingReturn, Participation
from service.picture.national import Dimension, MarginWeight, RulingWeight
from service.scope.edition import State
from service.scope.editions import Editions
from service.scope.store import NO_TALLIES, REJECTED_CHANGE, known
from service.tally.judge import covers_sql
from service.tally.model import Margin
from service.tally.shared import SharedRow


class StoredEdition(Struct, frozen=True, kw_only=True):
    """A scope edition as it was taken in; ``state`` is how it stands now, or stood as of a change. ``rejected`` is the
    position of its rejection, and the moment of that: both null for one that was not, or never was proposed."""

    id: int
    name: str
    hash: str
    state: str
    vocabulary: str
    tallied_until: date | None
    rejected: int | None = None
    rejected_at: datetime | None = None

    def is_answered(self, position: int) -> bool:
        """Whether what is asked under it as of a change can be answered. Of one that was rejected that is what came
        before: its tallies are kept."""
        return self.state not in NO_TALLIES or (self.rejected is not None and position < self.rejected)


class StoredTerms(Struct, frozen=True, kw_only=True):
    """The terms of reference that held at a position."""

    name: str
    hash: str
    document: Mapping[str, Any]


class UndeterminedWeight(Struct, frozen=True):
    """What a force's return leaves undetermined under one ruling; ``numbers`` of it are cells, which it has no cases
    of."""

    force: int
    ruling: int
    weight: int
    numbers: int


_TIME_OF = text("select at from change where position = :position")

# A change is never earlier than the word that it is made by, so those before need no look.
_EDITIONS = text(f"""
    select e.id, e.name, e.hash, e.state, e.vocabulary, e.tallied_until, c.position as rejected, c.at as rejected_at
    from scope_edition e
    left join scope_step s on s.edition = e.id and s.step = 'rejected' and e.follows is not null
    left join lateral (
        select c.position, c.at from change c where c.at >= s.at and c.kind = '{REJECTED_CHANGE}' and c.subject = e.name
        order by c.at, c.position limit 1
    ) c on true
    order by e.id
""")

_IN_FORCE = text("select edition from scope_in_force where position <= :position order by position desc limit 1")

_STOOD = text("""
    select (array_agg(edition order by position desc))[1] = :edition as stands, bool_or(edition = :edition) as stood
    from scope_in_force where position <= :position
""")

_TERMS = text("""
    select p.position, t.name, t.hash, t.document
    from (select distinct unnest(cast(:positions as bigint[])) as position) p
    cross join lateral (
        select e.name, e.hash, e.document from terms_edition e where e.position <= p.position
        order by e.position desc, e.adopted desc, e.name desc limit 1
    ) t
""").columns(position=BigInteger, name=Text, hash=Text, document=JSONB)

_PARTICIPATIONS = text("""
    select force, first_period, last_period, successor from participation where terms = :terms
    order by force, first_period
""")

# The rule of semantics 26. States are not asked: what was sealed and not withdrawn *then* counts, whatever became of
# it since. An unjudged return takes its weight from another edition's tally: what it weighs does not depend on scope.
_COUNTING = text("""
    with counting as (
        select distinct on (p.position, r.force) p.position, r.force, r.id, r.period, r.revision, r.sealed_at,
            r.sealed_position, r.digest
        from (select distinct unnest(cast(:positions as bigint[])) as position) p
        join case_return r on r.sealed_position <= p.position
            and (r.withdrawn_position is null or r.withdrawn_position > p.position)
        where cast(:period as date) is null or r.period <= cast(:period as date)
        order by p.position, r.force, r.period desc, r.revision desc
    )
    select c.*, t.edition, t.counted, t.not_counted, t.open_cells
    from counting c
    left join lateral (
        select t.edition, t.counted, t.not_counted, t.open_cells from tally t
        where t.force = c.force and t.return_id = c.id
        order by t.edition <> :edition, t.edition limit 1
    ) t on true
    order by c.position, c.force
""")

_HEADS = """
    from unnest(cast(:forces as smallint[]), cast(:returns as uuid[]), cast(:editions as smallint[]))
        as head (force, return_id, edition)
"""

_RULINGS = text(f"""
    select c.force, case when c.edition = :edition then c.ruling end as ruling, sum(c.weight)::bigint as weight
    {_HEADS}
    join tally_cell c on (c.force, c.return_id, c.edition) = (head.force, head.return_id, head.edition)
    where c.margin = :margin
    group by 1, 2
""")

_VERDICTS = text(f"""
    select c.return_id, c.force, sign(c.ruling)::integer as ruling, sum(c.weight)::bigint as weight
    {_HEADS}
    join tally_cell c on (c.force, c.return_id, c.edition) = (head.force, head.return_id, head.edition)
    where c.margin = :margin
    group by 1, 2, 3
""")

# In the years that a return declares cases count alone, in all others cells alone (semantics 27): so its tally by years
# says what is undetermined of either, without a look at them.
NUMBERS = f"not {covers_sql('r.case_years', 'r.case_year_unknown', 'c.dimension')}"
"""Whether a row ``c`` of the tally by years of a return ``r`` is of what it reports as numbers, as SQL."""

_UNDETERMINED = text(f"""
    select c.force, c.ruling, sum(c.weight)::bigint as weight,
        coalesce(sum(c.weight) filter (where {NUMBERS}), 0)::bigint as numbers
    {_HEADS}
    join tally_cell c on (c.force, c.return_id, c.edition) = (head.force, head.return_id, head.edition)
    join case_return r on (r.force, r.id) = (c.force, c.return_id)
    where c.edition = :edition and c.margin = :margin and c.ruling > 0
    group by 1, 2
    order by 1, 2
""")

_MARGIN = text(f"""
    select c.force, case when c.edition = :edition then sign(c.ruling)::integer else 1 end as verdict,
        c.dimension as value, sum(c.weight)::bigint as weight
    {_HEADS}
    join tally_cell c on (c.force, c.return_id, c.edition) = (head.force, head.return_id, head.edition)
    where c.margin = :margin
    group by 1, 2, 3
""")

_SHARED = text(f"""
    select s.force, s.case_id, s.shared_ref, s.shared_with, s.lead,
        case when s.edition = :edition then s.ruling end as ruling, s.stage, s.setting, s.year, s.return_id
    {_HEADS}
    join shared_row s on (s.force, s.return_id, s.edition) = (head.force, head.return_id, head.edition)
    order by s.shared_ref collate "C", s.force, s.case_id
""")

_MARGINS = {Dimension.STAGE: Margin.HEADLINE, Dimension.SETTING: Margin.SETTING, Dimension.YEAR: Margin.YEAR}
"""Which margin answers for which dimension; the headline is the smallest that has the stages."""


async def time_of(tx: AsyncConnection, position: int) -> datetime | None:
    """When a change counts as made; null if there is none with this number."""
    found: datetime | None = (await tx.execute(_TIME_OF, {"position": position})).scalar_one_or_none()
    return found


async def editions(tx: AsyncConnection, scopes: Editions) -> tuple[StoredEdition, ...]:
    """Every scope edition that was taken in, in the order of taking in. Those that can have tallies are known in
    ``scopes`` from here on, whoever drafted them."""
    found = tuple(StoredEdition(**row) for row in (await tx.execute(_EDITIONS)).mappings())
    for item in found:
        if item.state not in NO_TALLIES:
            await known(tx, scopes, item.name, item.hash)
    return found


async def edition_in_force(tx: AsyncConnection, position: int) -> int | None:
    """The id of the edition that was in force then."""
    found: int | None = (await tx.execute(_IN_FORCE, {"position": position})).scalar_one_or_none()
    return found


async def state_at(tx: AsyncConnection, edition: int, position: int) -> State:
    """How an edition that can have tallies stood as of a change, whatever came into force since. Before it ever was in
    force it is to come, as one that is proposed is, though it may have been proposed only later."""
    found = (await tx.execute(_STOOD, {"edition": edition, "position": position})).one()
    if found.stands:
        return State.IN_FORCE
    return State.SUPERSEDED if found.stood else State.PROPOSED


async def terms_at(tx: AsyncConnection, positions: Sequence[int]) -> dict[int, StoredTerms]:
    """The terms of reference that held at each of these positions; none before the first."""
    rows = await tx.execute(_TERMS, {"positions": list(positions)})
    return {row.position: StoredTerms(name=row.name, hash=row.hash, document=row.document) for row in rows}


async def participations(tx: AsyncConnection, terms: str) -> tuple[Participation, ...]:
    """Who takes part under an edition of the terms, by interval."""
    return tuple(Participation(**row) for row in (await tx.execute(_PARTICIPATIONS, {"terms": terms})).mappings())


async def counting_returns(
    tx: AsyncConnection, edition: int, positions: Sequence[int], period: date | None
) -> dict[int, dict[int, CountingReturn]]:
    """For each of these positions, by force: its return that counts then, of the asked period or before it, with the
    head of its tally."""
    rows = await tx.execute(_COUNTING, {"edition": edition, "positions": list(positions), "period": period})
    found: dict[int, dict[int, CountingReturn]] = {position: {} for position in positions}
    for row in rows:
        found[row.position][row.force] = CountingReturn(
            force=row.force,
            return_id=row.id,
            period=row.period,
            revision=row.revision,
            sealed_at=row.sealed_at,
            sealed_position=row.sealed_position,
            digest=None if row.digest is None else f"sha-256:{row.digest.hex()}",  # as on the receipt
            judged=row.edition == edition,
            edition=row.edition,
            counted=row.counted,
            not_counted=row.not_counted or 0,
            open_cells=row.open_cells or 0,
        )
    return found


async def ruling_weights(
    tx: AsyncConnection, edition: int, counting: Sequence[CountingReturn]
) -> tuple[RulingWeight, ...]:
    """What the returns weigh by ruling; without one where only another edition's tally is there."""
    rows = await _of_heads(tx, _RULINGS, edition, counting, margin=int(Margin.STAGE))
    return tuple(RulingWeight(row.force, row.ruling, row.weight) for row in rows)


async def margin_weights(
    tx: AsyncConnection, edition: int, counting: Sequence[CountingReturn], dimension: Dimension
) -> tuple[MarginWeight, ...]:
    """What they weigh by verdict and by the values of one dimension of the cases."""
    rows = await _of_heads(tx, _MARGIN, edition, counting, margin=int(_MARGINS[dimension]))
    return tuple(MarginWeight(row.force, row.verdict, row.value, row.weight) for row in rows)


async def verdict_weights(
    tx: AsyncConnection, edition: int, returns: Sequence[CountingReturn]
) -> dict[UUID, list[RulingWeight]]:
    """What each of these returns weighs by verdict, a ruling folded to -1, 0 or 1; they may be several of a force."""
    found: defaultdict[UUID, list[RulingWeight]] = defaultdict(list)
    for row in await _of_heads(tx, _VERDICTS, edition, returns, margin=int(Margin.HEADLINE)):
        found[row.return_id].append(RulingWeight(row.force, row.ruling, row.weight))
    return found


async def undetermined_weights(
    tx: AsyncConnection, edition: int, counting: Sequence[CountingReturn]
) -> tuple[UndeterminedWeight, ...]:
    """What they leave undetermined under the edition by which they are judged, by ruling."""
    rows = await _of_heads(tx, _UNDETERMINED, edition, counting, margin=int(Margin.YEAR))
    return tuple(UndeterminedWeight(row.force, row.ruling, row.weight, row.numbers) for row in rows)


async def shared_rows(tx: AsyncConnection, edition: int, counting: Sequence[CountingReturn]) -> tuple[SharedRow, ...]:
    """Their rows that name other forces."""
    found = await shared_rows_of(tx, edition, counting)
    return tuple(row for rows in found.values() for row in rows)


async def shared_rows_of(
    tx: AsyncConnection, edition: int, returns: Sequence[CountingReturn]
) -> dict[UUID, list[SharedRow]]:
    """The rows of each of these returns that name other forces; they may be several of a force."""
    found: defaultdict[UUID, list[SharedRow]] = defaultdict(list)
    # taken apart by place: there are thousands, and asking each for its names costs more than reading it
    for force, case_id, shared_ref, shared_with, lead, ruling, stage, setting, year, return_id in await _of_heads(
        tx, _SHARED, edition, returns
    ):
        found[return_id].append(
            SharedRow(
                force=force,
                shared_ref=shared_ref,
                shared_with=shared_with,
                lead=lead,
                ruling=ruling,
                stage=stage,
                setting=setting,
                year=year,
                case_id=case_id,
            )
        )
    return found


async def _of_heads(
    tx: AsyncConnection, query: TextClause, edition: int, counting: Sequence[CountingReturn], **more: int
) -> Sequence[Any]:
    """Rows of exactly the tallies that the heads named, so that no tally that arrives meanwhile mixes in."""
    heads = [item for item in counting if item.edition is not None]
    parameters = {
        "forces": [item.force for item in heads],
        "returns": [item.return_id for item in heads],
        "editions": [item.edition for item in heads],
        "edition": edition,
        **more,
    }
    return (await tx.execute(query, parameters)).all()
