"""What forces are still asked under one edition: undetermined weight by force and by attribute, from stored tallies.

No case is read: a ruling says which attributes leave it undetermined, and tallies hold weights by ruling. They are of
the returns that count for the picture at the same moment, but the forces' own, before anything that another force leads
is taken out: each is asked about what it reported. How much that is, is said beside.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from service.criteria.ruling import missing_of
from service.picture import store
from service.picture.answer import moment_of, scope_of, terms_then
from service.picture.coverage import CountingReturn
from service.picture.narrowing import Point, RangeThen, narrowing, points_until
from service.picture.question import AsOf
from service.picture.store import UndeterminedWeight
from service.picture.words import Words
from service.returns.context import Context
from service.scope.store import Standing, standing_of
from service.storage.position import Position
from service.tally.shared import SharedRow, led_elsewhere
from service.terms.check import Published


class OutstandingRow(Struct, frozen=True, kw_only=True):
    """Undetermined weight of one force's return under one ruling, ``numbers`` of it cells; without a ruling there is
    none. Not ``judged``: there is no tally under this edition yet."""

    force: int
    period: date
    revision: int
    judged: bool
    ruling: int | None
    weight: int
    numbers: int


class Outstanding(Struct, frozen=True, kw_only=True):
    """Weight that lacks one attribute, how much of it is numbers, and how much lacks nothing else."""

    attribute: str
    cases: int
    numbers: int
    alone: int
    forces: int


class LackedSet(Struct, frozen=True, kw_only=True):
    """Weight that lacks exactly these attributes, in the edition's order: no other, and none fewer."""

    attributes: tuple[str, ...]
    cases: int
    numbers: int
    forces: int


class Together(Struct, frozen=True, kw_only=True):
    """Undetermined weight by what it lacks together: the sets that are named, the heaviest first, and the rest of them
    counted. All their ``cases`` are the undetermined weight, each once."""

    sets: tuple[LackedSet, ...]
    other_sets: int
    other_cases: int
    other_numbers: int


class ForceOutstanding(Struct, frozen=True, kw_only=True):
    """What one force is asked about its return. ``undetermined`` is null where it is not judged. ``numbers`` of it are
    cells: it is not asked about those, for it has no case to look at."""

    force: int
    period: date
    revision: int
    undetermined: int | None
    numbers: int | None
    attributes: tuple[Outstanding, ...]
    together: Together


class Outstandings(Struct, frozen=True, kw_only=True):
    """What was outstanding under one edition at a moment: over all forces, and force by force. ``standing`` is how the
    edition stood then, and ``day`` that moment's in London. ``led_elsewhere`` of what is undetermined is led by another
    force, so that the picture has it once. ``narrowing``: how the national range came to be what it was then."""

    standing: Standing
    day: date
    words: Words
    period: date | None
    as_of: Position
    attributes: tuple[Outstanding, ...]
    together: Together
    forces: tuple[ForceOutstanding, ...]
    led_elsewhere: int
    narrowing: tuple[RangeThen, ...]

    @property
    def tallied(self) -> bool:
        """Whether a return that was sealed at that moment is tallied under it; if not, those that are not judged never
        are."""
        return self.standing.is_tallied(self.day)

    @property
    def undetermined(self) -> int:
        """Over all forces that are judged."""
        return sum(each.undetermined or 0 for each in self.forces)

    @property
    def numbers(self) -> int:
        """How much of that is numbers, which no work-list asks about."""
        return sum(each.numbers or 0 for each in self.forces)

    @property
    def not_judged(self) -> int:
        """How many forces' returns are not judged under the edition: they are in no count."""
        return sum(each.undetermined is None for each in self.forces)


MOST_SETS: Final = 10
"""So many sets are named over all forces."""
MOST_FORCE_SETS: Final = 3
"""And so many of one force."""


async def outstanding(
    context: Context,
    published: Published,
    tx: AsyncConnection,
    *,
    scope: str | None,
    period: date | None,
    as_of: AsOf | None,
) -> Outstandings:
    """What forces were asked at a moment (None: as of the last change), under the edition that is named or the one that
    was in force then: of each force's return that counts, or of those of the month that begins on ``period``. NotFound
    where there is no such edition.

    The moment is read first, and everything else as of it: what is sealed meanwhile is in neither.
    """
    moment = await moment_of(tx, as_of, context.now())
    standing = await _standing(context, published, tx, scope, moment.position)
    _, terms = await terms_then(tx, published, moment)
    points = await points_until(tx, published, terms.calendar, moment, standing.id, period)
    counting = points[-1].coverage.counting
    told = [each for each in points if period is None or _has_begun(terms.calendar.first.first_day, period, each)]
    summed = _judged_returns(told)
    verdicts = await store.verdict_weights(tx, standing.id, summed)
    shared = await store.shared_rows_of(tx, standing.id, list({*summed, *counting}))
    asked = [each for each in counting if period in (None, each.period)]
    rows = outstanding_rows(asked, await store.undetermined_weights(tx, standing.id, asked))
    led = led_elsewhere(row for each in counting for row in shared.get(each.return_id, ()))
    edition, attributes = standing.edition, standing.edition.definition.attributes
    return Outstandings(
        standing=standing,
        day=moment.day,
        words=Words(
            edition=edition,
            contract=published.library.contracts[edition.vocabulary],
            forces=published.library.lists[terms.force_list],
        ),
        period=period,
        as_of=Position(moment.position, moment.at),
        attributes=by_attribute(rows, attributes),
        together=together(rows, attributes, MOST_SETS),
        forces=by_force(rows, attributes),
        led_elsewhere=_undetermined_of(led, {each.force for each in asked}),
        narrowing=narrowing(told, verdicts, shared),
    )


async def _standing(
    context: Context, published: Published, tx: AsyncConnection, scope: str | None, position: int
) -> Standing:
    """The edition, as it stood at the position."""
    asked = await scope_of(tx, published, scope, position)
    found = await standing_of(tx, context.editions, asked.name)
    return replace(found, state=await store.state_at(tx, found.id, position))


def _judged_returns(points: Iterable[Point]) -> list[CountingReturn]:
    """Each return that counts at some of these points once; those of points where one is not judged are not summed."""
    found = {each for point in points if not point.coverage.not_judged for each in point.coverage.counting}
    return sorted(found, key=lambda each: (each.force, each.sealed_position))


def _undetermined_of(led: Iterable[SharedRow], forces: Container[int]) -> int:
    """How many undetermined cases of some forces another leads; one that is not judged is in no figure."""
    return sum(row.ruling is not None and row.ruling > 0 and row.force in forces for row in led)


def _has_begun(first: date, period: date, point: Point) -> bool:
    """Whether there is a picture of a period at a point."""
    return first <= period <= point.moment.day


def outstanding_rows(
    counting: Iterable[CountingReturn], weights: Iterable[UndeterminedWeight]
) -> Sequence[OutstandingRow]:
    """What each of these returns leaves undetermined, by ruling; one row without where it leaves nothing, or is not
    judged."""
    of_force: Mapping[int, list[UndeterminedWeight]] = defaultdict(list)
    for each in weights:
        of_force[each.force].append(each)
    return [row for item in counting for row in _rows(item, of_force.get(item.force, ()))]


def _rows(item: CountingReturn, weights: Sequence[UndeterminedWeight]) -> Iterator[OutstandingRow]:
    found: list[tuple[int | None, int, int]] = [(each.ruling, each.weight, each.numbers) for each in weights]
    for ruling, weight, numbers in found or [(None, 0, 0)]:
        yield OutstandingRow(
            force=item.force,
            period=item.period,
            revision=item.revision,
            judged=item.judged,
            ruling=ruling,
            weight=weight,
            numbers=numbers,
        )


def by_attribute(rows: Iterable[OutstandingRow], attributes: Sequence[str]) -> tuple[Outstanding, ...]:
    """Over all forces, that first which settles most by itself."""
    cases, numbers, alone = Counter[str](), Counter[str](), Counter[str]()
    forces: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        missing = missing_of(row.ruling or 0, tuple(attributes))
        for name in missing:
            cases[name] += row.weight
            numbers[name] += row.numbers
            forces[name].add(row.force)
        if len(missing) == 1:
            alone[missing[0]] += row.weight
    found = [
        Outstanding(
            attribute=name, cases=cases[name], numbers=numbers[name], alone=alone[name], forces=len(forces[name])
        )
        for name in attributes
        if cases[name]
    ]
    return tuple(sorted(found, key=lambda each: (-each.alone, -each.cases)))


def together(rows: Iterable[OutstandingRow], attributes: Sequence[str], most: int) -> Together:
    """By what is lacking together, the heaviest first; beyond ``most`` sets they are counted and not named."""
    cases, numbers = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    forces: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for row in rows:
        if row.weight:
            missing = missing_of(row.ruling or 0, tuple(attributes))
            cases[missing] += row.weight
            numbers[missing] += row.numbers
            forces[missing].add(row.force)
    place = {name: number for number, name in enumerate(attributes)}
    found = sorted(cases, key=lambda each: (-cases[each], len(each), [place[name] for name in each]))
    return Together(
        sets=tuple(
            LackedSet(attributes=each, cases=cases[each], numbers=numbers[each], forces=len(forces[each]))
            for each in found[:most]
        ),
        other_sets=len(found[most:]),
        other_cases=sum(cases[each] for each in found[most:]),
        other_numbers=sum(numbers[each] for each in found[most:]),
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
        numbers=sum(row.numbers for row in rows) if first.judged else None,
        attributes=by_attribute(rows, attributes),
        together=together(rows, attributes, MOST_FORCE_SETS),
    )
