"""Rows as a force sends them: ``a_row(case_ref="K/7")`` is a good one in all but what it says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

GOOD: Mapping[str, Any] = {
    "case_ref": "K/1",
    "offence_code": "19D",
    "setting": "intrafamilial",
    "victim_count": 2,
    "youngest_victim_age": 13,
    "suspect_count": 3,
    "outcome": "16",
    "nfa_by": "police",
    "nfa_date": "2014-03",
    "stage": "identified",
    "stage_date": "2025-10",
}


def a_row(**said: Any) -> dict[str, Any]:
    """A case that is in scope under the wide definition."""
    return {**GOOD, **said}


def rows(count: int, **said: Any) -> list[dict[str, Any]]:
    """So many good cases, ``K/1`` and on."""
    return [a_row(case_ref=f"K/{number}", **said) for number in range(1, count + 1)]


def as_csv(items: Iterable[Mapping[str, Any]], columns: Iterable[str] | None = None) -> str:
    """The rows as a spreadsheet saves them; the columns are those of the first row, unless named."""
    listed = list(items)
    names = list(columns or listed[0])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()


def as_ndjson(items: Iterable[Mapping[str, Any]]) -> str:
    """The rows as lines of JSON."""
    return "".join(json.dumps(item) + "\n" for item in items)
