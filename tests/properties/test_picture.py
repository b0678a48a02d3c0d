"""The national picture is a sum: whatever forces report, every column of every cut adds up to the same totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from service.picture.coverage import CountingReturn, Coverage, Participation, Reporting, cover
from service.picture.national import (
    Counts,
    Dimension,
    MarginWeight,
    Picture,
    RulingWeight,
    picture,
)
from service.tally.model import sign
from service.tally.shared import SharedRow, confirmed_lead, join, led_elsewhere

FORCES = 5
PERIOD = date(2025, 11, 1)
REGIONS: dict[int, str | None] = {0: "North", 1: "North", 2: "South", 3: "South", 4: None}
CUTS: list[tuple[Dimension, ...]] = [
    (),
    *[
        (*where, *what)
        for where in ((), (Dimension.FORCE,), (Dimension.REGION,), (Dimension.REGION, Dimension.FORCE))
        for what in ((), (Dimension.STAGE,), (Dimension.SETTING,), (Dimension.YEAR,))
        if where or what
    ],
]


class Row(Struct, frozen=True):
    """One counted case or cell of a force's return."""

    ruling: int | None
    stage: int | None
    setting: int | None
    year: int | None
    weight: int = 1
    shared_ref: str | None = None
    shared_with: int = 0
    lead: int | None = None


rulings = st.integers(-3, 15)
codes = st.none() | st.integers(0, 3)
years = st.none() | st.integers(2010, 2013)
plain_rows = st.builds(Row, rulings, codes, codes, years, st.integers(0, 50))
shared_rows = st.builds(
    Row,
    rulings,
    codes,
    codes,
    years,
    st.just(1),
    st.sampled_from(["north:1", "south:2", "south:3"]),
    st.integers(0, (1 << FORCES) - 1),
    st.none() | st.integers(0, FORCES - 1),
)


@st.composite
def countries(draw: st.DrawFn) -> list[list[Row]]:
    """The rows of each force; some cases agreed between all who hold them, so that confirmed groups occur."""
    country = [draw(st.lists(plain_rows | shared_rows, max_size=6)) for _ in range(FORCES)]
    for number in range(draw(st.integers(0, 3))):
        members = sorted(draw(st.sets(st.integers(0, FORCES - 1), min_size=2, max_size=3)))
        lead = draw(st.sampled_from(members))
        everyone = sum(1 << force for force in members)
        for force in members:
            row = draw(plain_rows)
            country[force].append(
                Row(
                    row.ruling, row.stage, row.setting, row.year, 1,
                    f"agreed:{number}", everyone & ~(1 << force), lead,
                )
            )  # fmt: skip
    return country


def a_coverage(country: Sequence[Sequence[Row]], open_forces: frozenset[int] = frozenset()) -> Coverage:
    returns = {
        force: CountingReturn(
            force=force,
            return_id=UUID(int=force),
            period=PERIOD,
            revision=1,
            sealed_at=datetime(2025, 12, 5, tzinfo=UTC),
            sealed_position=force + 1,
            counted=sum(row.weight for row in rows),
            open_cells=2 if force in open_forces else 0,
        )
        for force, rows in enumerate(country)
        if rows
    }
    everyone = [Participation(force=force, first_period=date(2025, 6, 1)) for force in range(len(country))]
    return cover(everyone, returns, period=None, last_due=PERIOD, month=PERIOD)


def national(
    country: Sequence[Sequence[Row]], by: tuple[Dimension, ...] = (), open_forces: frozenset[int] = frozenset()
) -> Picture:
    """The picture of a country, through the tally rows that its seals would store."""
    by_ruling: Counter[tuple[int, int | None]] = Counter()
    margins: Counter[tuple[int, int, int | None]] = Counter()
    shared: list[SharedRow] = []
    for force, rows in enumerate(country):
        for row in rows:
            by_ruling[force, row.ruling] += row.weight
            values = {Dimension.STAGE: row.stage, Dimension.SETTING: row.setting, Dimension.YEAR: row.year}
            for margin in set(by) & set(values):
                margins[force, 1 if row.ruling is None else sign(row.ruling), values[margin]] += row.weight
            if row.shared_ref is not None:
                shared.append(
                    SharedRow(
                        force=force,
                        shared_ref=row.shared_ref,
                        shared_with=row.shared_with,
                        lead=row.lead,
                        ruling=row.ruling,
                        stage=row.stage,
                        setting=row.setting,
                        year=row.year,
                    )
                )
    return picture(
        by,
        a_coverage(country, open_forces),
        [RulingWeight(force, ruling, weight) for (force, ruling), weight in by_ruling.items()],
        [MarginWeight(force, verdict, value, weight) for (force, verdict, value), weight in margins.items()],
        shared,
        REGIONS,
    )


def columns(counts: Counts) -> tuple[int, int, int, int, int | None]:
    return (counts.in_scope, counts.undetermined, counts.out_of_scope, counts.least, counts.most)


@given(countries())
def test_the_forces_own_less_what_others_lead_is_the_nation_in_every_column(country: list[list[Row]]) -> None:
    nation = national(country)
    own = national(country, (Dimension.FORCE,)).cells
    led = sum((cell.led_elsewhere or Counts() for cell in own), Counts())
    assert columns(sum((cell.counts for cell in own), Counts()) - led) == columns(nation.totals)
    assert columns(led) == columns(sum(nation.led_elsewhere.values(), Counts()))


@given(countries(), st.sampled_from(CUTS), st.frozensets(st.integers(0, FORCES - 1), max_size=2))
def test_every_cut_adds_up_to_the_totals(
    country: list[list[Row]], by: tuple[Dimension, ...], open_forces: frozenset[int]
) -> None:
    cut = national(country, by, open_forces)
    added = Counts(open=cut.totals.open)
    for cell in cut.cells:
        added += cell.counts - (cell.led_elsewhere or Counts())
        assert min(columns(cell.counts)[:3]) >= 0
    assert added == cut.totals == national(country, (), open_forces).totals
    assert len({cell.key for cell in cut.cells}) == len(cut.cells)


@given(countries())
def test_the_charges_add_up_to_what_is_out_of_scope(country: list[list[Row]]) -> None:
    nation = national(country)
    assert sum(nation.attrition.values()) == nation.totals.out_of_scope
    assert all(cases <= nation.totals.undetermined for cases in nation.missing.values())


@given(countries(), st.integers(0, FORCES - 1), st.lists(plain_rows, min_size=1, max_size=4))
def test_what_a_force_adds_moves_only_its_own_row(country: list[list[Row]], force: int, more: list[Row]) -> None:
    grown = [list(rows) + (more if place == force else []) for place, rows in enumerate(country)]
    before = {cell.key[0]: cell for cell in national(country, (Dimension.FORCE,)).cells}
    after = {cell.key[0]: cell for cell in national(grown, (Dimension.FORCE,)).cells}
    added = sum((Counts.of(row.ruling, row.weight) for row in more), Counts())
    assert {key: cell for key, cell in after.items() if key != force} == {
        key: cell for key, cell in before.items() if key != force
    }
    assert after[force].counts == (before[force].counts if force in before else Counts()) + added
    assert national(grown).totals == national(country).totals + added


@given(countries())
def test_a_confirmed_case_weighs_one_and_an_unconfirmed_one_is_never_lost(country: list[list[Row]]) -> None:
    nation = national(country)
    groups: dict[str, list[tuple[int, Row]]] = {}
    plain = 0
    for force, rows in enumerate(country):
        for row in rows:
            if row.shared_ref is None:
                plain += row.weight
            else:
                groups.setdefault(row.shared_ref, []).append((force, row))
    weighs = plain
    for ref, members in groups.items():
        lead = confirmed_lead([as_shared(force, ref, row) for force, row in members])
        weighs += sum(1 for force, _ in members if lead is None or force == lead)
        assert any(lead is None or force == lead for force, _ in members)
    assert nation.totals.in_scope + nation.totals.undetermined + nation.totals.out_of_scope == weighs


def as_shared(force: int, ref: str, row: Row) -> SharedRow:
    return SharedRow(force=force, shared_ref=ref, shared_with=row.shared_with, lead=row.lead, ruling=row.ruling)


def shared_of(country: Sequence[Sequence[Row]]) -> list[SharedRow]:
    return [
        as_shared(force, row.shared_ref, row)
        for force, rows in enumerate(country)
        for row in rows
        if row.shared_ref is not None
    ]


@st.composite
def reported(draw: st.DrawFn) -> tuple[list[SharedRow], dict[int, int]]:
    """What is shared in a country in which some forces report nothing, and some were taken over by others."""
    country = draw(countries())
    silent = draw(st.sets(st.integers(0, FORCES - 1)))
    rows = shared_of([() if force in silent else each for force, each in enumerate(country)])
    holding = {force: force for force in range(FORCES) if force not in silent}
    left = draw(st.sets(st.sampled_from(sorted(silent)))) if silent and holding else set()
    return rows, holding | {force: draw(st.sampled_from(sorted(holding))) for force in left}


def places(group: Sequence[SharedRow], holding: dict[int, int]) -> int:
    """In how many places of the figure one case may be at most."""
    lead = confirmed_lead(group)
    rows = [row for row in group if lead is None or row.force == lead]
    named = {force for row in group for force in range(FORCES) if (row.shared_with or 0) >> force & 1}
    holders = {row.force for row in group}
    silent = {holding[force] for force in named - holders if force in holding} - holders
    return sum(row.ruling is None or row.ruling >= 0 for row in rows) + len(silent)


@settings(max_examples=300)
@given(reported())
def test_possible_doubles_are_the_places_of_each_case_beyond_the_first(
    found: tuple[list[SharedRow], dict[int, int]],
) -> None:
    rows, holding = found
    groups: dict[str, list[SharedRow]] = {}
    for row in rows:
        groups.setdefault(row.shared_ref, []).append(row)
    expected = sum(max(0, places(group, holding) - 1) for group in groups.values())
    assert join(rows, holding).possible_doubles == expected


@given(reported())
def test_the_figure_never_falls_further_than_by_the_possible_doubles_where_each_case_is_left_once(
    found: tuple[list[SharedRow], dict[int, int]],
) -> None:
    rows, holding = found
    joined = join(rows, holding)
    counted = Counter(row.shared_ref for row in rows if row.ruling is None or row.ruling >= 0)
    counted.subtract(row.shared_ref for row in joined.led_elsewhere if row.ruling is None or row.ruling >= 0)
    assert sum(max(0, each - 1) for each in counted.values()) <= joined.possible_doubles


@given(reported())
def test_what_is_led_elsewhere_is_so_whoever_asks(found: tuple[list[SharedRow], dict[int, int]]) -> None:
    rows, holding = found
    assert tuple(led_elsewhere(rows)) == join(rows, holding).led_elsewhere == join(rows, {}).led_elsewhere


@given(st.permutations(range(FORCES)), countries())
def test_the_order_in_which_rows_are_read_changes_nothing(order: list[int], country: list[list[Row]]) -> None:
    rows = shared_of(country)
    everyone = {force: force for force in range(FORCES)}
    shuffled = [row for force in order for row in rows if row.force == force]
    one, other = join(rows, everyone), join(shuffled, everyone)
    assert (one.possible_doubles, one.confirmed) == (other.possible_doubles, other.confirmed)
    assert Counter(one.led_elsewhere) == Counter(other.led_elsewhere)


periods = st.integers(0, 8).map(lambda month: date(2025, 4 + month, 1))


@settings(max_examples=60)
@given(st.lists(st.none() | periods, min_size=1, max_size=8), st.none() | periods, periods)
def test_the_three_states_of_coverage_add_up_to_who_was_expected(
    sealed: list[date | None], asked: date | None, last_due: date
) -> None:
    returns = {
        force: CountingReturn(
            force=force,
            return_id=UUID(int=force),
            period=period,
            revision=1,
            sealed_at=datetime(2025, 12, 5, tzinfo=UTC),
            sealed_position=1,
        )
        for force, period in enumerate(sealed)
        if period is not None and (asked is None or period <= asked)
    }
    everyone = [Participation(force=force, first_period=date(2025, 4, 1)) for force in range(len(sealed))]
    covered = cover(everyone, returns, period=asked, last_due=last_due, month=date(2025, 12, 1))
    assert sum(covered.count(state) for state in Reporting) == covered.expected == len(sealed)
    assert covered.count(Reporting.NOT_REPORTED) == len(sealed) - len(returns)
    assert covered.count(Reporting.REPORTED) <= covered.expected
