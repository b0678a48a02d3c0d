"""Answers a question for a bridge: which two points, which editions lie between, and everything that moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.contract.model import CodeList
from service.errors import Conflict, Invalid
from service.picture import bridge_store, store
from service.picture.answer import Moment, coverage_of, moment_of, scope_of, terms_then
from service.picture.balanced import balanced
from service.picture.bridge import (
    Delta,
    Flow,
    Held,
    Sent,
    bridge,
    delta_of,
    flow_under,
    held_of,
    led_flows,
    scope_cause,
)
from service.picture.bridge_export import End, Told
from service.picture.bridge_question import BridgeQuestion, said_of_point
from service.picture.bridge_store import Moved, Return
from service.picture.chains import Way, way
from service.picture.coverage import CountingReturn, Heir
from service.picture.national import Counts, own_counts
from service.picture.not_provided import causes
from service.picture.question import AsOf
from service.picture.store import StoredEdition
from service.picture.taken_over import FirstReturn, first_returns, handed_over, taken_over
from service.scope.edition import Edition
from service.tally.moves import Cause
from service.tally.shared import SharedRow
from service.telemetry.spans import traced
from service.terms.check import Published


class Point(Struct, frozen=True, kw_only=True):
    """One end of a bridge: as of when, under which edition, and whose returns count there."""

    moment: Moment
    scope: StoredEdition
    edition: Edition
    counting: tuple[CountingReturn, ...]
    heirs: Mapping[int, Heir]
    forces: CodeList

    @property
    def end(self) -> End:
        """What the end is of, to be told."""
        return End(edition=self.edition, position=self.moment.position, at=self.moment.at)

    @property
    def returns(self) -> list[Return]:
        """The returns that count."""
        return [(item.force, item.return_id) for item in self.counting]

    @property
    def periods(self) -> Mapping[int, date]:
        """For which period they are, by force."""
        return {item.force: item.period for item in self.counting}


class EditionStep(Struct, frozen=True):
    """From one edition to the next on the way between two; ``is_back``: from one to that which it follows."""

    before: int
    after: int
    is_back: bool


class _Shared:
    """The shared cases at points under editions, each read and joined once: most of what a bridge reads."""

    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx
        self._held: dict[tuple[int, int], Held] = {}

    async def held_at(self, point: Point, edition: int) -> Held:
        """Of the returns that count at a point, all of which are judged under the edition."""
        key = (point.moment.position, edition)
        if key not in self._held:
            counting = [replace(item, edition=edition) for item in point.counting]
            beside = await bridge_store.shared_beside(self._tx, point.returns, edition)
            self._held[key] = held_of(await store.shared_rows(self._tx, edition, counting), beside)
        return self._held[key]


@traced("bridge")
async def bridge_answer(tx: AsyncConnection, published: Published, asked: BridgeQuestion, now: datetime) -> Told:
    """The bridge that was asked for, in a transaction of the national role."""
    with said_of_point("from"):
        opening = await _point(tx, published, asked.from_, asked.from_scope, now)
    with said_of_point("to"):
        closing = await _point(tx, published, asked.to, asked.to_scope, now)
    if opening.moment.position > closing.moment.position:
        raise Invalid(
            "The first point lies after the second.", "Begin with the earlier of the two.", code="points-out-of-order"
        )
    known = await bridge_store.follows(tx)
    steps = _steps(known, opening.scope, closing.scope)
    editions = {number: published.scopes[name] for number, (name, _) in known.items() if name in published.scopes}
    shared, today = _Shared(tx), london_date(now)
    begin, end = [await _counts(tx, point, shared) for point in (opening, closing)]
    flows: list[Flow] = []
    for step in steps:
        flows += await _scope_flows(tx, opening, step, editions, shared, today)
    was, is_now = [await shared.held_at(point, closing.scope.id) for point in (opening, closing)]
    ways = await _ways(tx, opening, closing)
    sent = await _sent(tx, ways, closing, today)
    moved = [*sent.flows, *led_flows(was, is_now, (closing.edition, closing.edition), sent)]
    first = await _first_returns(tx, opening, closing, ways)
    moved += handed_over(was, await _brought(tx, first, closing), is_now, closing.edition)
    told_anew = tuple(balanced(moved, sent.covered, closing.edition))
    opened = await _opened(tx, opening, closing, steps, editions, ways)
    try:
        found = bridge(begin, [*flows, *moved, *told_anew], end, opened)
    except ValueError:
        raise Conflict(
            "What was stored of the returns does not make up the difference between these points.",
            "Run case-returns reconcile: it names the return whose figures are not what its cases say.",
            code="bridge-does-not-add-up",
        ) from None
    through = tuple(editions[step.after] for step in steps[:-1])
    return Told(
        bridge=found,
        opening=opening.end,
        closing=closing.end,
        through=through,
        forces=closing.forces,
        taken_over=taken_over(found, first, await _new_in(tx, first, closing, told_anew)),
    )


async def _point(
    tx: AsyncConnection, published: Published, as_of: AsOf | None, scope: str | None, now: datetime
) -> Point:
    moment = await moment_of(tx, as_of, now)
    edition = await scope_of(tx, published, scope, moment.position)
    _, terms = await terms_then(tx, published, moment)
    coverage = await coverage_of(tx, terms, None, moment, edition.id)
    counting = tuple(coverage.counting)
    returns = [(item.force, item.return_id) for item in counting]
    await _check_judged(tx, returns, edition.id, edition.name, london_date(now))
    return Point(
        moment=moment,
        scope=edition,
        edition=published.scopes[edition.name],
        counting=counting,
        heirs=coverage.heirs,
        forces=published.library.lists[terms.force_list],
    )


async def _check_judged(tx: AsyncConnection, returns: Sequence[Return], edition: int, name: str, today: date) -> None:
    count = await bridge_store.without_moves(tx, returns, edition)
    if not count:
        return
    if await bridge_store.is_tallied(tx, edition, today):
        says = f"{count:,} {'return is' if count == 1 else 'returns are'} not judged under {name} yet."
        raise Conflict(says, f"See /api/scopes/{name}/re-judging.", code="not-judged-yet")
    without = f"{count:,} {'return has' if count == 1 else 'returns have'} no tally under {name}"
    raise Conflict(
        f"{without}, which is not tallied any more.",
        "Ask under a later edition, by which they are judged, or for a moment before they were sealed.",
        code="not-tallied-any-more",
    )


def _steps(
    follows: Mapping[int, tuple[str, int | None]], before: StoredEdition, after: StoredEdition
) -> list[EditionStep]:
    """The editions on the way from one to another, each with the one that it follows."""

    def line(item: int | None) -> Iterator[int]:
        while item is not None:
            yield item
            item = follows[item][1]

    older, newer = list(line(before.id)), list(line(after.id))
    shared = next((item for item in older if item in newer), None)
    if shared is None:
        raise Invalid(
            f"No edition leads from {before.name} to {after.name}: neither follows the other.",
            "Ask for editions of which one was proposed while the other, or one before it, was in force.",
            code="no-way-between",
        )
    back = [EditionStep(item, follows[item][1] or shared, is_back=True) for item in older[: older.index(shared)]]
    on = [EditionStep(follows[item][1] or shared, item, is_back=False) for item in newer[: newer.index(shared)]]
    return [*back, *reversed(on)]


async def _counts(tx: AsyncConnection, point: Point, shared: _Shared) -> Mapping[int, Counts]:
    """What the forces' returns come to at a point, net of what others lead."""
    edition = point.scope.id
    counts = own_counts(point.counting, await store.ruling_weights(tx, edition, point.counting))
    for row in (await shared.held_at(point, edition)).led.values():
        counts[row.force] -= Counts.of(row.ruling, 1)
    return counts


async def _scope_flows(
    tx: AsyncConnection,
    opening: Point,
    step: EditionStep,
    editions: Mapping[int, Edition],
    shared: _Shared,
    today: date,
) -> list[Flow]:
    """What one step between editions does to the opening data."""
    before, after = editions[step.before], editions[step.after]
    newer = step.before if step.is_back else step.after
    await _check_judged(tx, opening.returns, newer, editions[newer].name, today)
    older = step.after if step.is_back else step.before
    cause = scope_cause(before, after)
    flows = [
        Flow(
            force=row.force,
            cause=cause,
            before=row.after if step.is_back else row.before,
            after=row.before if step.is_back else row.after,
            weight=row.weight,
            edition_before=before,
            edition_after=after,
        )
        for row in await bridge_store.flips(tx, opening.returns, older, newer)
    ]
    was, now = [await shared.held_at(opening, each) for each in (step.before, step.after)]
    return [*flows, *led_flows(was, now, (before, after), cause)]


async def _ways(tx: AsyncConnection, opening: Point, closing: Point) -> Mapping[int, Way]:
    """How each force came from the return that counted at the one point to that of the other."""
    chain = await bridge_store.chain(tx)
    begin, end = dict(opening.returns), dict(closing.returns)
    since = opening.moment.position
    return {force: way(chain, begin.get(force), end.get(force), since) for force in begin.keys() | end.keys()}


async def _sent(tx: AsyncConnection, ways: Mapping[int, Way], closing: Point, today: date) -> Sent:
    """What the forces sent, or took back, between the points, under the closing edition."""
    on: list[Return] = []
    back: list[Return] = []
    again: list[Return] = []
    begins: list[Return] = []
    ends: list[Return] = []
    for force, found in ways.items():
        on += ((force, item) for item in found.on)
        back += ((force, item) for item in found.back)
        again += ((force, item) for item in found.again)
        begins += _one(force, found.begins)
        ends += _one(force, found.ends)
    edition = closing.scope.id
    await _check_judged(tx, [*on, *back, *again, *begins, *ends], edition, closing.scope.name, today)
    came = [_flow(row, closing.edition) for row in await bridge_store.transitions(tx, on, edition)]
    there = [*await bridge_store.transitions(tx, again, edition), *await bridge_store.wholes(tx, begins, edition)]
    new = [_flow(row, closing.edition, Cause.COVERAGE) for row in there]
    gone = [
        *await bridge_store.transitions(tx, back, edition),
        *await bridge_store.wholes(tx, ends, edition),
    ]
    lost = [_flow(_turned(row), closing.edition, Cause.COVERAGE) for row in gone]
    return Sent(
        flows=(*came, *new, *lost),
        covered=frozenset(force for force, _ in (*begins, *back, *again, *ends)),
        let_go=frozenset(each.force for each in came if each.cause is Cause.TRANSFERRED and each.after is None),
    )


async def _opened(
    tx: AsyncConnection,
    opening: Point,
    closing: Point,
    steps: Sequence[EditionStep],
    editions: Mapping[int, Edition],
    ways: Mapping[int, Way],
) -> Mapping[int, frozenset[Cause]]:
    """By force, under which causes numbers that were not provided may have come or gone."""
    before = dict(opening.returns)
    turns = [(force, found.turns) for force, found in ways.items() if found.turns is not None]
    asked = {closing.scope.id, *(number for step in steps for number in (step.before, step.after))}
    kept = await bridge_store.not_provided(tx, list({*opening.returns, *closing.returns, *turns}), asked)
    put_down = [(scope_cause(editions[step.before], editions[step.after]), step.before, step.after) for step in steps]
    return {force: causes(kept, before.get(force), put_down, found, closing.scope.id) for force, found in ways.items()}


async def _first_returns(
    tx: AsyncConnection, opening: Point, closing: Point, ways: Mapping[int, Way]
) -> tuple[FirstReturn, ...]:
    """Those that came for forces that were taken over between the points."""
    heirs = {force: closing.heirs[force] for force in opening.periods.keys() & closing.heirs.keys()}
    came = [item for heir in heirs.values() for item in (ways[heir.force].begins, *ways[heir.force].on)]
    periods = await bridge_store.periods(tx, {item for item in came if item is not None}) if heirs else {}
    return first_returns(heirs, opening.periods, closing.periods, ways, periods)


async def _brought(
    tx: AsyncConnection, first: Sequence[FirstReturn], closing: Point
) -> Mapping[int, Sequence[SharedRow]]:
    """The rows of those returns that name other forces, by the force that left; none of a return that is all
    coverage."""
    counting = {item.force: item for item in closing.counting}
    found: dict[int, Sequence[SharedRow]] = {}
    for each in first:
        if each.returns and not each.is_all:
            head = replace(counting[each.force], return_id=each.returns[-1], edition=closing.scope.id)
            found |= dict.fromkeys(each.took, await store.shared_rows(tx, closing.scope.id, [head]))
    return found


async def _new_in(
    tx: AsyncConnection, first: Sequence[FirstReturn], closing: Point, told_anew: Sequence[Flow]
) -> Mapping[UUID, Delta]:
    """What those returns brought that was new; with the last of each what it brought as another's that nobody had."""
    found: dict[UUID, Delta] = {}
    for each in first:
        for item in each.returns:
            rows = await bridge_store.transitions(tx, [(each.force, item)], closing.scope.id)
            found[item] = _new(each.force, [_flow(row, closing.edition) for row in rows])
        if each.returns:
            found[each.returns[-1]] += _new(each.force, told_anew)
    return found


def _new(force: int, flows: Iterable[Flow]) -> Delta:
    of_force = (flow for flow in flows if flow.force == force and flow.cause is Cause.NEWLY_IDENTIFIED)
    return sum((delta_of(flow) for flow in of_force), Delta())


def _one(force: int, item: UUID | None) -> list[Return]:
    return [] if item is None else [(force, item)]


def _turned(row: Moved) -> Moved:
    return Moved(row.force, row.kind, row.after, row.before, row.weight)


def _flow(row: Moved, edition: Edition, cause: Cause | None = None) -> Flow:
    return flow_under(edition, row.force, cause or Cause(row.kind), (row.before, row.after), row.weight)
