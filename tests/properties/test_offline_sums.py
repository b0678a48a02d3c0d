"""Sums over whole columns find what looking at each row finds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from service.contract.model import PartName
from service.returns.offline import validate
from tests.support.files import CASE, CONTRACT
from tests.support.returns import csv_of

SUM = CASE.sums[0]
NUMBERS = st.sampled_from(["", "0", "1", "2", "3", "4", "0-2", "1-3", "2+", "not_provided", "two"])
ROWS = st.lists(
    st.fixed_dictionaries(dict.fromkeys((SUM.total, *SUM.parts), NUMBERS))
    | st.fixed_dictionaries({SUM.total: NUMBERS, **dict.fromkeys(SUM.parts, st.just("1") | st.just("0"))}),
    min_size=1,
    max_size=8,
)


def span(text: str) -> tuple[float, float] | None:
    """The least and the most that a number may be."""
    if not text or not text[0].isdigit():
        return None
    low, _, high = text.rstrip("+").partition("-")
    return int(low), float("inf") if text.endswith("+") else int(high or low)


def said(row: dict[str, str]) -> str | None:
    """The rule that one row does not meet."""
    total, parts = span(row[SUM.total]), [span(row[name]) for name in SUM.parts]
    if total is None:
        return None
    least = sum(part[0] for part in parts if part is not None)
    if least > total[1]:
        return "sum_exceeds"
    exact = total[0] == total[1] and all(part is not None and part[0] == part[1] for part in parts)
    return "sum_differs" if exact and least < total[0] else None


@given(ROWS, st.sets(st.sampled_from(SUM.parts), max_size=2))
@example([dict.fromkeys(SUM.parts, "0") | {SUM.total: "1"}], set())
@example([dict.fromkeys(SUM.parts, "1") | {SUM.total: "1"}], {SUM.parts[0]})
def test_the_sums_of_columns_are_those_of_rows(rows: list[dict[str, str]], absent: set[str]) -> None:
    blank = dict.fromkeys(absent, "")
    sent = [
        {"case_ref": f"K/{number}", "stage": "identified"} | {n: v for n, v in row.items() if n not in absent}
        for number, row in enumerate(rows)
    ]
    report = validate(csv_of(sent), CONTRACT, CASE, "text/csv")
    rules = {CONTRACT.check[PartName.CASE, check].id: check for check in ("sum_exceeds", "sum_differs")}
    found = {finding.row - 2: rules[finding.rule] for finding in report.findings if finding.rule in rules}
    assert found == {number: check for number, row in enumerate(rows) if (check := said(row | blank)) is not None}
