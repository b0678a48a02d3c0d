"""A simulation as JSON carries it, in the words of its two editions. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from service.clock import wire_time
from service.picture.export import AsOfShown, Lack, name_of
from service.picture.national import Dimension
from service.picture.simulate.model import Cost, Counted, Flip, Pace, RuleFlip, Side, Simulation, ValueFlip
from service.picture.words import Words
from service.scope.edition import State
from service.scope.verdict import Verdict
from service.tally.model import Totals


class SimulatedEdition(Struct, frozen=True, kw_only=True):
    """An edition as it judged: its hash is that of the whole edition, ``rules_off`` were not asked. ``codes_left_out``
    are those of which the lists of its named sets say *depends*: no rule that is asked takes them as members. ``note``
    says in words why the national picture under it has other figures, where it is superseded and tallied no more."""

    edition: str
    title: str
    hash: str
    state: State
    note: str | None
    rules_off: tuple[str, ...]
    codes_left_out: dict[str, tuple[str, ...]]


class CoveredShown(Struct, frozen=True, kw_only=True):
    """How many forces were expected, and of how many a sealed return counts."""

    expected: int
    counting: int


class RuleFlipShown(Struct, frozen=True, kw_only=True):
    """Cases with another verdict, by the rule that puts them out before, and after; null where none does."""

    rule_before: str | None
    rule_after: str | None
    before: Verdict
    after: Verdict
    cases: int


class ValueFlipShown(Struct, frozen=True, kw_only=True):
    """The same by one value of a breakdown; null: not known."""

    value: str | int | None
    title: str | None
    before: Verdict
    after: Verdict
    cases: int


class BreakdownShown(Struct, frozen=True, kw_only=True):
    """Cases with another verdict, by the values of one breakdown: they add up to ``flips``."""

    by: str
    cells: tuple[ValueFlipShown, ...]


class LackFlipShown(Struct, frozen=True, kw_only=True):
    """Cases with another verdict that are undetermined after, under every attribute that leaves them so."""

    attribute: str
    label: str
    before: Verdict
    after: Verdict
    cases: int


class NearMiss(Struct, frozen=True, kw_only=True):
    """Cases that this rule alone keeps out: every other rule is true of them."""

    rule: str
    title: str
    cases: int


class PaceShown(Struct, frozen=True, kw_only=True):
    """Officers' working days (Monday to Friday) from one day to another, and the cases that were assessed meanwhile."""

    since: date
    until: date
    officer_days: float
    cases: int
    officer_days_each: float


class CostShown(Struct, frozen=True, kw_only=True):
    """What it would ask of one force. ``look_again`` are cases that become undetermined, ``attributes`` what would have
    to be supplied for them; ``officer_days`` is by the force's own pace. Where that cannot be measured ``why_not`` says
    why, and what there is to look at is not guessed in days."""

    force: str
    name: str
    look_again: int
    attributes: tuple[Lack, ...]
    pace: PaceShown | None
    officer_days: float | None
    why_not: str | None


class SimulationDocument(Struct, frozen=True, kw_only=True):
    """What an edition would do to the returns that count, beside another. Nothing of it is stored. Cases and the
    numbers of aggregate cells are both ``cases``; a case that two forces report counts for each of them. ``where`` says
    where a force finds near misses of its own."""

    scope: SimulatedEdition
    against: SimulatedEdition
    as_of: AsOfShown
    forces: CoveredShown
    cases: int
    before: Totals
    after: Totals
    open_cells_before: int
    open_cells_after: int
    flips: tuple[Flip, ...]
    by_rule: tuple[RuleFlipShown, ...]
    by_missing: tuple[LackFlipShown, ...]
    breakdowns: tuple[BreakdownShown, ...]
    near_misses: tuple[NearMiss, ...]
    one_attribute_away: tuple[Lack, ...]
    where: str
    cost: tuple[CostShown, ...]
    links: dict[str, str]


def as_document(simulation: Simulation, before: Words, after: Words) -> SimulationDocument:
    """The simulation as JSON carries it."""
    counted = simulation.counted
    name = after.edition.name
    return SimulationDocument(
        scope=_edition(simulation.after),
        against=_edition(simulation.before),
        as_of=AsOfShown(simulation.position, wire_time(simulation.at)),
        forces=CoveredShown(expected=simulation.expected, counting=simulation.counting),
        cases=counted.cases,
        before=counted.before,
        after=counted.after,
        open_cells_before=counted.open_before,
        open_cells_after=counted.open_after,
        flips=counted.flips,
        by_rule=tuple(_rule_flip(each, before, after) for each in counted.rules),
        by_missing=tuple(_lack_flip(each, after) for each in counted.missing),
        breakdowns=tuple(_breakdown(dimension, flips, after) for dimension, flips in counted.by.items()),
        near_misses=_near_misses(counted, after),
        one_attribute_away=tuple(Lack(*after.attribute(place), cases) for place, cases in counted.one_away.items()),
        where=_where(simulation.after),
        cost=tuple(_cost(each, after) for each in simulation.costs),
        links={"scope": f"/api/scopes/{name}", "against": f"/api/scopes/{before.edition.name}"},
    )


def _edition(side: Side) -> SimulatedEdition:
    return SimulatedEdition(
        edition=side.edition.name,
        title=side.edition.title,
        hash=side.edition.hash,
        state=side.state,
        note=side.note,
        rules_off=side.rules_off,
        codes_left_out=dict(side.edition.codes_left_out),
    )


def _rule_flip(flip: RuleFlip, before: Words, after: Words) -> RuleFlipShown:
    return RuleFlipShown(
        rule_before=_rule(flip.rule_before, before),
        rule_after=_rule(flip.rule_after, after),
        before=flip.before,
        after=flip.after,
        cases=flip.cases,
    )


def _rule(place: int | None, words: Words) -> str | None:
    return None if place is None else words.edition.rules[place].id


def _lack_flip(flip: ValueFlip, after: Words) -> LackFlipShown:
    attribute, label = after.attribute(flip.value or 0)
    return LackFlipShown(attribute=attribute, label=label, before=flip.before, after=flip.after, cases=flip.cases)


def _breakdown(dimension: Dimension, flips: Iterable[ValueFlip], words: Words) -> BreakdownShown:
    cells = (
        ValueFlipShown(
            value=words.value(dimension, each.value),
            title=None if each.value is None else words.title(dimension, each.value),
            before=each.before,
            after=each.after,
            cases=each.cases,
        )
        for each in flips
    )
    return BreakdownShown(by=name_of(words, dimension), cells=tuple(cells))


def _near_misses(counted: Counted, after: Words) -> tuple[NearMiss, ...]:
    rules = after.edition.rules
    return tuple(
        NearMiss(rule=rules[place].id, title=rules[place].title, cases=cases) for place, cases in counted.alone.items()
    )


def _where(side: Side) -> str:
    """Where a force finds near misses of its own: here there is none."""
    none = "No case is shown here."
    if side.state is State.REJECTED:
        return none
    who = "When it is proposed, each force" if side.state is State.DRAFT else "Each force"
    at = f"/api/forces/{{force}}/border?scope={side.edition.name}"
    whole = ", with every rule of the edition on" if side.rules_off else ""
    return f"{none} {who} finds a sample of its own on its page ‘Cases at the border’ ({at}){whole}."


def _cost(cost: Cost, after: Words) -> CostShown:
    force, name = after.force(cost.force)
    days = cost.officer_days
    return CostShown(
        force=force,
        name=name,
        look_again=cost.look_again,
        attributes=tuple(Lack(*after.attribute(place), cases) for place, cases in cost.attributes.items()),
        pace=_pace(cost.pace) if isinstance(cost.pace, Pace) else None,
        officer_days=None if days is None else round(days, 1),
        why_not=None if isinstance(cost.pace, Pace) else cost.pace.says,
    )


def _pace(pace: Pace) -> PaceShown:
    return PaceShown(
        since=pace.since,
        until=pace.until,
        officer_days=round(pace.officer_days, 1),
        cases=pace.cases,
        officer_days_each=round(pace.of_one, 2),
    )
