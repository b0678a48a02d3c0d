"""A simulation counts what the reference evaluator says of every row, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from service.contract.model import PartName, Role
from service.contract.upgrade import reader
from service.criteria.evaluate import evaluate
from service.picture.national import Dimension
from service.picture.simulate.answer import Asked, simulate
from service.picture.simulate.model import Counted, ValueFlip
from service.picture.simulate.question import without
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import Sealed
from service.scope.edition import Edition
from service.scope.verdict import Verdict, judge
from service.storage.database import Database
from service.tally.count import Years
from service.tally.model import Totals, dimension_of
from tests.support.cells import good_rows
from tests.support.returns import LEAD, a_service, both_versions, explained, opened, sealed, sent
from tests.support.stock import Record, cells_of, records_of, years

RARE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
IN, OUT, OPEN = Verdict.IN_SCOPE, Verdict.OUT_OF_SCOPE, Verdict.UNDETERMINED
WIDE, REFERRAL = "2025-11-wide", "2026-02-referral"


@pytest_asyncio.fixture(scope="module")
async def context(module_database: Database) -> Context:
    return both_versions(await a_service(module_database))


class Seen(Struct):
    """One row as the reference sees it under both editions."""

    force: int
    weight: int | None
    before: Any
    after: Any
    not_true: tuple[str, ...]
    """The rules after that are not true."""
    values: dict[Dimension, int | None]

    @property
    def move(self) -> tuple[Verdict, Verdict]:
        return self.before.verdict, self.after.verdict


def seen(
    context: Context, item: Sealed, before: Edition, after: Edition, rows: Sequence[tuple[Record, int | None, bool]]
) -> list[Seen]:
    """The rows of a return that count (semantics 27)."""
    earlier = reader(context.library, item.contract_version, before.vocabulary)
    later = reader(context.library, item.contract_version, after.vocabulary)
    roles = context.library.contracts[after.vocabulary].parts[PartName.CASE].by_role
    found = []
    for record, weight, is_case in rows:
        read = later(record)
        when = read[roles[Role.YEAR].name]
        year = when[0].year if when is not None and when[0].year == when[1].year else None
        if item.years.covers(year) is not is_case:
            continue
        values = {Dimension.YEAR: year, Dimension.FORCE: item.force}
        for dimension, role in ((Dimension.STAGE, Role.STAGE), (Dimension.SETTING, Role.SETTING)):
            codes = roles[role].list
            assert codes is not None
            values[dimension] = dimension_of(read[roles[role].name], codes)
        not_true = tuple(rule.id for rule in after.rules if evaluate(rule.criterion, read) is not True)
        found.append(Seen(item.force, weight, judge(before, earlier(record)), judge(after, read), not_true, values))
    return found


def assert_counted(found: Counted, rows: Sequence[Seen], before: Edition, after: Edition) -> None:
    assert found.before == totals([(row.before.verdict, row.weight) for row in rows])
    assert found.after == totals([(row.after.verdict, row.weight) for row in rows])
    flips: Counter[Any] = Counter()
    by_rule: Counter[Any] = Counter()
    by_value: dict[Dimension, Counter[Any]] = {dimension: Counter() for dimension in found.by}
    missing: Counter[Any] = Counter()
    alone: Counter[str] = Counter()
    one_away: Counter[str] = Counter()
    again: Counter[int] = Counter()
    supply: Counter[tuple[int, str]] = Counter()
    for row in rows:
        weight = row.weight or 0
        alone[row.after.rule] += weight if row.after.rule and len(row.not_true) == 1 else 0
        one_away[(row.after.missing or ("",))[0]] += weight if len(row.after.missing) == 1 else 0
        if row.before.verdict is row.after.verdict:
            continue
        flips[row.move] += weight
        by_rule[row.before.rule, row.after.rule, row.move] += weight
        for dimension, counts in by_value.items():
            counts[row.values[dimension], row.move] += weight
        for name in row.after.missing:
            missing[name, row.move] += weight
            supply[row.force, name] += weight
        again[row.force] += weight if row.after.verdict is OPEN else 0
    assert {(each.before, each.after): each.cases for each in found.flips} == +flips
    told = [
        (_rule(before, each.rule_before), _rule(after, each.rule_after), (each.before, each.after), each.cases)
        for each in found.rules
    ]
    assert {each[:3]: each[3] for each in told} == +by_rule
    for dimension, counts in by_value.items():
        assert by_values(found.by[dimension]) == +counts
    names = after.definition.attributes
    assert {(names[key[0]], key[1]): n for key, n in by_values(found.missing).items()} == +missing
    assert {after.rules[place].id: cases for place, cases in found.alone.items()} == +alone
    assert {names[place]: cases for place, cases in found.one_away.items()} == +one_away
    assert found.look_again == +again
    assert {
        (force, names[place]): cases for force, counts in found.to_supply.items() for place, cases in counts.items()
    } == +supply


def totals(weights: Sequence[tuple[Verdict, int | None]]) -> Totals:
    counts: Counter[Verdict] = Counter()
    for verdict, weight in weights:
        counts[verdict] += weight or 0
    is_open = any(weight is None and verdict is not OUT for verdict, weight in weights)
    return Totals(counts[IN], counts[OPEN], counts[OUT], counts[IN], None if is_open else counts[IN] + counts[OPEN])


def by_values(flips: Sequence[ValueFlip]) -> dict[Any, int]:
    return {(each.value, (each.before, each.after)): each.cases for each in flips}


def _rule(edition: Edition, place: int | None) -> str | None:
    return None if place is None else edition.rules[place].id


async def reported(
    context: Context, force: str, covers: Years, rows: Sequence[dict[str, str]], cells: Sequence[dict[str, str]]
) -> Sealed:
    version = "2026.1" if any("suspects_alive" in row for row in rows) else "2025.1"
    item = await opened(context, force, case_years=covers, contract_version=version)
    await sent(context, item, [{"case_ref": f"K/{number}", **row} for number, row in enumerate(rows)])
    if cells:
        await sent(context, item, cells, part=PartName.AGGREGATE)
    return await sealed(context, await explained(context, item))


cells = st.lists(
    st.tuples(good_rows(exact_stage=False), st.sampled_from(["0", "1", "7", "12000", "not_provided", ""])),
    max_size=12,
    unique_by=lambda cell: tuple(cell[0].items()),
)


@st.composite
def rows_of_2026(draw: st.DrawFn) -> dict[str, str]:
    """What the second version can say besides, so that a referral can be decided."""
    row = draw(good_rows())
    row["victim_age_youngest"] = row.pop("youngest_victim_age")
    alive = ("2", "2+", "2+", "1+", "") if row["suspect_count"] in ("3", "2", "2+") else ("0", "1", "1+", "")
    answers = {"suspects_alive": alive, "independently_reviewed": ("yes", "no", "no", "")}
    return row | {name: draw(st.sampled_from(said)) for name, said in answers.items()}


declared = st.sampled_from([Years(listed=None, unknown=True), years(2010, 2014), years(2014, unknown=True)])
questions = st.sampled_from([(REFERRAL, WIDE), (WIDE, REFERRAL), (WIDE, WIDE), (REFERRAL, REFERRAL)])


@st.composite
def asked_of(draw: st.DrawFn) -> tuple[Asked, str]:
    """A question, and the edition that it is set against."""
    edition, against = draw(questions)
    rules = [rule for rule in RULES[edition] if draw(st.booleans())][: len(RULES[edition]) - 1]
    return Asked(edition=edition, against=draw(st.sampled_from([against, None])), rules_off=tuple(rules)), against


RULES = {
    WIDE: ("offence", "suspects", "victims", "ended", "when"),
    REFERRAL: ("offence", "contact", "suspects", "alive", "victims", "ended", "when", "unreviewed"),
}


@given(
    stocks=st.lists(
        st.tuples(declared, st.lists(good_rows(), min_size=8, max_size=25), cells)
        | st.tuples(declared, st.lists(rows_of_2026(), min_size=8, max_size=25), st.just([])),
        min_size=1,
        max_size=2,
    ),
    questions=st.lists(asked_of(), min_size=4, max_size=4),
)
@settings(RARE, max_examples=12)
async def test_a_simulation_counts_what_the_reference_evaluator_says_of_every_row(
    context: Context,
    stocks: list[tuple[Years, list[dict[str, str]], list[tuple[dict[str, str], str]]]],
    questions: list[tuple[Asked, str]],
) -> None:
    items = [
        await reported(context, force, covers, rows, [{**row, "cases": weight} for row, weight in cells])
        for force, (covers, rows, cells) in zip(("kent", "essex"), stocks, strict=False)
    ]
    held = [
        [
            *[(record, 1, True) for record in await records_of(context, item)],
            *[(record, weight, False) for record, weight in await cells_of(context, item)],
        ]
        for item in items
    ]
    for asked, against in questions:
        before = context.editions[WIDE if asked.against is None else against]
        after = without(context.editions[asked.edition], asked.rules_off)
        found = (await simulate(context, LEAD, asked)).simulation
        rows = [row for item, its in zip(items, held, strict=True) for row in seen(context, item, before, after, its)]
        assert_counted(found.counted, rows, before, after)
        assert found.counted.cases == sum(row.weight or 0 for row in rows)
        assert {cost.force for cost in found.costs} == {item.force for item in items}
    for item in items:
        await withdraw_return(context, LEAD, item.force, item.id, "For the next example.")
