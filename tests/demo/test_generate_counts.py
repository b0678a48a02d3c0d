"""The aggregate and workforce parts of the synthetic country."""

from __future__ import annotations

from collections import Counter
from datetime import date

from service.contract.model import PartName, Severity
from service.demo.fields import AGGREGATE_FIELDS, WORKFORCE_FIELDS
from service.demo.generate import aggregates, cases, workforce
from service.demo.plan import Mode, Style, plan
from tests.demo.reading import contract, fired, unreadable, verdict

COUNTRY = plan(date(2026, 11, 24), cases=12_200)
LAST = COUNTRY.periods[-1]
COUNTING = [each for each in COUNTRY.forces if each.mode is not Mode.CASES]


def test_every_cell_can_be_read_and_has_fields_of_the_contract() -> None:
    known = contract().parts[PartName.AGGREGATE].by_name
    assert set(AGGREGATE_FIELDS) <= set(known)
    for each in COUNTING:
        cells = list(aggregates(each.force, COUNTRY, LAST))
        assert all(cell.keys() == set(AGGREGATE_FIELDS) for cell in cells)
        assert unreadable(PartName.AGGREGATE, cells) == set()


def test_cells_and_case_rows_together_are_the_stock() -> None:
    for each in COUNTING:
        weight = sum(int(cell["cases"]) for cell in aggregates(each.force, COUNTRY, LAST))
        rows = sum(1 for _ in cases(each.force, COUNTRY, LAST))
        assert weight + rows == each.cases
        assert bool(rows) == (each.mode is Mode.MIXED)


def test_no_two_cells_have_the_same_dimensions() -> None:
    for each in COUNTING:
        cells = [
            tuple(cell[field] for field in AGGREGATE_FIELDS[:-1]) for cell in aggregates(each.force, COUNTRY, LAST)
        ]
        assert len(set(cells)) == len(cells)


def test_a_force_that_sends_both_counts_only_the_years_that_it_does_not_declare() -> None:
    for each in COUNTING:
        if each.mode is Mode.MIXED:
            years = {int(cell["nfa_date"]) for cell in aggregates(each.force, COUNTRY, LAST)}
            assert years.isdisjoint(each.case_years or ())


def test_fine_counts_can_be_judged_and_bare_ones_cannot() -> None:
    for each in COUNTING:
        weights: Counter[str] = Counter()
        for cell in aggregates(each.force, COUNTRY, LAST):
            weights[verdict(PartName.AGGREGATE, cell)] += int(cell["cases"])
        share = weights["in"] / weights.total()
        assert share == 0 if each.style is Style.BARE else share > 0.5


def test_a_force_that_sends_cases_sends_no_cells() -> None:
    assert list(aggregates("metropolitan", COUNTRY, LAST)) == []


def test_the_largest_force_has_26_officers_on_assessment() -> None:
    country = plan(date(2026, 11, 24))
    rows = list(workforce("metropolitan", country, LAST))
    assert sum(float(row["officers_fte"]) for row in rows if row["phase"] == "assessment") == 26


def test_workforce_rows_can_be_read_and_are_one_a_team_and_phase() -> None:
    for each in COUNTRY.forces:
        rows = list(workforce(each.force, COUNTRY, LAST))
        assert all(row.keys() == set(WORKFORCE_FIELDS) for row in rows)
        assert unreadable(PartName.WORKFORCE, rows) == set()
        assert len({(row["team"], row["phase"]) for row in rows}) == len(rows)


def test_no_cell_and_no_team_is_held() -> None:
    for each in COUNTRY.forces:
        for cell in aggregates(each.force, COUNTRY, LAST):
            assert fired(PartName.AGGREGATE, cell) <= {Severity.QUALITY}
        for row in workforce(each.force, COUNTRY, LAST):
            assert fired(PartName.WORKFORCE, row) == set()
