"""Aggregate cells from the same synthetic cases: what a force sends that cannot yet send cases.

Every case falls into exactly one cell, so the cells are disjoint and add up to the stock; small cells stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from service.demo.facts import Row
from service.demo.fields import AGGREGATE_FIELDS
from service.demo.odds import CHILD_OFFENCES, NOT_NFA, OTHER_OFFENCES, OUTCOMES
from service.demo.plan import Style


def _numeric(codes: Iterable[str]) -> str:
    return "|".join(sorted(codes, key=int))


_CHILD = "|".join(CHILD_OFFENCES)
_OTHER = "|".join(OTHER_OFFENCES)
_GROUPS: Mapping[str, str] = {
    **dict.fromkeys(("19D", "19E", "19G", "19H"), "19D|19E|19G|19H"),
    **dict.fromkeys(("17B", "20B"), "17B|20B"),
    **dict.fromkeys(("21", "22B"), "21|22B"),
    **dict.fromkeys(("71", "73", "88A"), "71|73|88A"),
    **dict.fromkeys(OTHER_OFFENCES, _OTHER),
}
_NFA_OUTCOMES = _numeric(set(OUTCOMES))
_NOT_NFA_OUTCOMES = _numeric(set(NOT_NFA) - {"22"})


def _year(row: Row) -> str:
    date = row["nfa_date"]
    return "" if "/" in date else date[:4]


def _at_least(field: str) -> Callable[[Row], str]:
    """``1`` or ``2+``, blank where the case does not say which."""

    def band(row: Row) -> str:
        count = row[field].split("-")[0]
        if count in {"", "1+"}:
            return ""
        return count if count in {"0", "1"} else "2+"

    return band


def _some_victim(row: Row) -> str:
    count = row["victim_count"]
    return count if count in {"", "0"} else "1+"


def _child_offence(row: Row) -> str:
    return _CHILD if row["offence_code"] in CHILD_OFFENCES else _OTHER


def _offence_group(row: Row) -> str:
    return _GROUPS[row["offence_code"]]


def _age_band(row: Row) -> str:
    age = row["youngest_victim_age"].split("-")[-1]
    if not age:
        return ""
    return "0-17" if int(age) < 18 else "18+"


def _outcomes(row: Row) -> str:
    outcome = row["outcome"]
    if outcome in {"", "22"}:
        return outcome
    return _NOT_NFA_OUTCOMES if outcome in NOT_NFA else _NFA_OUTCOMES


def _decider(row: Row) -> str:
    return row["nfa_by"]


def _same(field: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        return row[field]

    return cell


_Dimensions = Mapping[str, Callable[[Row], str]]
_FULL: _Dimensions = {
    "nfa_date": _year,
    "setting": _same("setting"),
    "stage": _same("stage"),
    "offence_code": _child_offence,
    "outcome": _outcomes,
    "nfa_by": _decider,
    "suspect_count": _at_least("suspect_count"),
    "victim_count": _some_victim,
    "youngest_victim_age": _age_band,
}
_BREAKDOWNS: Mapping[Style, _Dimensions] = {
    Style.FULL: _FULL,
    Style.BY_OFFENCE: {**_FULL, "offence_code": _offence_group, "victim_count": _at_least("victim_count")},
    Style.COARSE: {name: cell for name, cell in _FULL.items() if name not in {"setting", "youngest_victim_age"}},
    Style.BARE: {name: _FULL[name] for name in ("nfa_date", "setting", "stage", "suspect_count")},
}
_BLANK: Row = dict.fromkeys(AGGREGATE_FIELDS, "")


def cells_of(rows: Iterable[Row], style: Style) -> Iterator[Row]:
    """The cells of some cases in the order of their dimensions; a column that the style leaves out is blank."""
    breakdown = _BREAKDOWNS[style]
    counts = Counter(tuple(cell(row) for cell in breakdown.values()) for row in rows)
    for values, number in sorted(counts.items()):
        yield {**_BLANK, **dict(zip(breakdown, values, strict=True)), "cases": str(number)}
