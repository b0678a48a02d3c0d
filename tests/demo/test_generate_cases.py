"""The case rows of the synthetic country: readable, consistent, and moving on from period to period."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import combinations

import pytest

from service.contract.model import PartName, Severity
from service.criteria.evaluate import compiled
from service.criteria.parse import parse
from service.demo.fields import CASE_FIELDS, GROUPS
from service.demo.generate import Row, cases, changed
from service.demo.odds import STAGES
from service.demo.plan import Claim, CountryPlan, Mode, plan
from tests.demo.reading import contract, fired, observed, unreadable, verdict

COUNTRY = plan(date(2026, 11, 24), cases=12_200)
LAST = COUNTRY.periods[-1]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Every case of the last period."""
    return [row for each in COUNTRY.forces for row in cases(each.force, COUNTRY, LAST)]


def test_rows_have_exactly_the_fields_of_the_contract(rows: list[Row]) -> None:
    assert set(CASE_FIELDS) == set(contract().parts[PartName.CASE].by_name)
    assert all(row.keys() == set(CASE_FIELDS) for row in rows)


def test_every_cell_can_be_read(rows: list[Row]) -> None:
    assert unreadable(PartName.CASE, rows) == set()


def test_a_case_level_force_holds_its_planned_stock_at_the_end() -> None:
    for each in COUNTRY.forces:
        if each.mode is Mode.CASES:
            assert sum(1 for _ in cases(each.force, COUNTRY, LAST)) == each.cases


def test_references_are_unique_within_a_force() -> None:
    for each in COUNTRY.forces:
        refs = Counter(row["case_ref"] for row in cases(each.force, COUNTRY, LAST))
        assert not refs or max(refs.values()) == 1


def test_changes_applied_to_one_return_give_the_next() -> None:
    for each in COUNTRY.forces:
        held: dict[str, Row] = {}
        for period in each.reports:
            for revision in (1, 2) if period in each.revised else (1,):
                changes = changed(each.force, COUNTRY, period, revision)
                gone = {item.case_ref for item in changes.withdrawn}
                assert gone <= held.keys()
                assert all(held.get(row["case_ref"]) != row for row in changes.rows)
                held = {ref: row for ref, row in held.items() if ref not in gone}
                held |= {row["case_ref"]: row for row in changes.rows}
                stock = {row["case_ref"]: row for row in cases(each.force, COUNTRY, period, revision)}
                assert held == stock


def test_a_change_never_takes_back_what_was_known() -> None:
    for each in COUNTRY.forces[:12]:
        before: dict[str, Row] = {}
        for period in each.reports:
            for row in changed(each.force, COUNTRY, period).rows:
                old = before.get(row["case_ref"], row)
                assert not [field for field in CASE_FIELDS if old[field] and not row[field]]
            before = {row["case_ref"]: row for row in cases(each.force, COUNTRY, period)}


def test_about_two_in_a_hundred_rows_change_in_a_period() -> None:
    stock = changes = 0
    for each in COUNTRY.forces:
        for period in each.reports[1:] if each.reports == COUNTRY.periods else ():
            stock += sum(1 for _ in cases(each.force, COUNTRY, period))
            changes += len(changed(each.force, COUNTRY, period).rows)
    assert 0.015 < changes / stock < 0.04


def test_a_correction_changes_a_few_rows() -> None:
    revised = [each for each in COUNTRY.forces if each.revised]
    for each in revised:
        first = list(cases(each.force, COUNTRY, each.revised[0], revision=1))
        again = list(cases(each.force, COUNTRY, each.revised[0]))
        differ = [new for old, new in zip(first, again, strict=True) if old != new]
        assert tuple(differ) == changed(each.force, COUNTRY, each.revised[0], revision=2).rows
        assert 0 < len(differ) < 0.05 * len(first) + 2


def test_stages_only_advance() -> None:
    for each in COUNTRY.forces[:12]:
        stage: dict[str, int] = {}
        for period in each.reports:
            for row in cases(each.force, COUNTRY, period):
                now = STAGES.index(row["stage"])
                assert now >= stage.get(row["case_ref"], 0)
                stage[row["case_ref"]] = now


def test_every_stage_has_what_it_requires(rows: list[Row]) -> None:
    for row in rows:
        reached = STAGES.index(row["stage"])
        if reached >= STAGES.index("assessed"):
            assert all(row[field] for field in ("missed_lines", "new_lines", "risk", "justice_opportunity"))
            assert row["assessed_date"]
        else:
            assert not row["assessed_date"]
        if reached >= STAGES.index("reinvestigation"):
            assert all(row[field] for field in ("decision", "decided_by", "decision_date"))
        assert bool(row["concluded_date"]) == bool(row["result"]) == (row["stage"] == "concluded")


def test_dates_stand_in_order(rows: list[Row]) -> None:
    chain = ("offence_from", "offence_to", "reported_date", "nfa_date", "assessed_date", "decision_date")
    end = date(2026, 10, 31)
    order = [
        compiled(parse(f"{later} < {earlier}", contract().vocabulary, null_tests=False))
        for earlier, later in combinations((*chain, "concluded_date"), 2)
    ]
    for row in rows:
        seen = observed(PartName.CASE, row)
        assert not any(reversed_here(seen) for reversed_here in order)
        assert row["stage_date"] <= end.isoformat()
        assert row["assessed_date"] <= row["stage_date"]


def test_parts_by_ethnicity_add_up_where_the_count_is_exact(rows: list[Row]) -> None:
    for row in rows:
        for whose, count in (("suspects", row["suspect_count"]), ("victims", row["victim_count"])):
            parts = [row[f"{whose}_{group}"] for group in GROUPS]
            if any(parts):
                assert sum(map(int, parts)) == int(count)
                assert int(row[f"{whose}_self_defined"]) <= int(count) - int(row[f"{whose}_not_recorded"])


def test_ethnicity_is_recorded_for_about_a_third_of_suspects(rows: list[Row]) -> None:
    given = [row for row in rows if row["suspects_not_recorded"]]
    suspects = sum(int(row["suspect_count"]) for row in given)
    unrecorded = sum(int(row["suspects_not_recorded"]) for row in given)
    assert 0.6 < unrecorded / suspects < 0.72


def test_about_one_fifteenth_of_the_cases_ended_in_each_year(rows: list[Row]) -> None:
    years = Counter(row["nfa_date"][:4] for row in rows if "/" not in row["nfa_date"])
    shares = [years[str(year)] / len(rows) for year in range(2011, 2025)]
    assert 0.05 < min(shares) <= max(shares) < 0.08


def test_about_one_date_in_twelve_is_partial(rows: list[Row]) -> None:
    partial = sum(0 < len(row["nfa_date"]) < 10 for row in rows) / len(rows)
    assert 0.06 < partial < 0.1


def test_most_cases_are_in_scope_some_out_and_some_cannot_be_told(rows: list[Row]) -> None:
    verdicts = Counter(verdict(PartName.CASE, row) for row in rows)
    assert 0.065 < verdicts["out"] / len(rows) < 0.095
    assert 0.1 < verdicts["undetermined"] / len(rows) < 0.14


def test_shared_cases_name_each_other_unless_planned_otherwise() -> None:
    country = plan(date(2026, 11, 24), cases=30_000)
    held: dict[str, dict[str, Row]] = {}
    for each in country.forces:
        for row in cases(each.force, country, country.periods[-1]):
            if row["shared_ref"]:
                held.setdefault(row["shared_ref"], {})[each.force] = row
    assert held.keys() == {sharing.ref for sharing in country.sharings}
    for sharing in country.sharings:
        rows = held[sharing.ref]
        if sharing.claim is Claim.ONE_SIDED:
            assert rows.keys() == {sharing.members[0]}
            continue
        assert rows.keys() == set(sharing.members)
        for force, row in rows.items():
            assert set(row["shared_with"].split(";")) == set(sharing.members) - {force}
        assert len({row["nfa_date"] for row in rows.values()}) == 1
        assert (len({row["lead_force"] for row in rows.values()}) > 1) == (sharing.claim is Claim.CONTESTED)


def test_a_force_that_sends_both_has_only_declared_years_in_its_case_part() -> None:
    for each in COUNTRY.forces:
        if each.mode is Mode.MIXED:
            declared = set(each.case_years or ())
            years = {row["nfa_date"][:4] for row in cases(each.force, COUNTRY, LAST) if "/" not in row["nfa_date"]}
            assert {int(year) for year in years if year} <= declared
            assert "unknown" in declared


@pytest.mark.parametrize("day", [date(2025, 12, 2), date(2031, 7, 1)])
def test_a_country_of_any_day_is_readable(day: date) -> None:
    country: CountryPlan = plan(day, cases=1_000)
    rows = [row for each in country.forces for row in cases(each.force, country, country.periods[-1])]
    assert unreadable(PartName.CASE, rows) == set()


def test_another_process_makes_the_same_country() -> None:
    program = (
        "import hashlib, datetime\n"
        "from service.demo.generate import plan, cases\n"
        "country = plan(datetime.date(2026, 11, 24), cases=1000)\n"
        "rows = [row for each in country.forces for row in cases(each.force, country, country.periods[-1])]\n"
        "print(hashlib.sha256(repr(rows).encode()).hexdigest())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.mark.parametrize("period", [COUNTRY.periods[0], LAST])
def test_no_row_is_held_and_about_one_in_twenty_needs_a_word(period: str) -> None:
    rows = [row for each in COUNTRY.forces for row in cases(each.force, COUNTRY, period)]
    severities = Counter(severity for row in rows for severity in fired(PartName.CASE, row))
    assert set(severities) == {Severity.QUALITY}
    assert 0.03 < severities[Severity.QUALITY] / len(rows) < 0.06
