"""The tables of the operator's page, printed from the one list of what is told of the service.

``python -m tests.support.operate`` writes them anew into the page; a test says when they are stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from service.telemetry.told import ATTRIBUTES, EVENTS, METRICS, SPANS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "operate.md"


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(heading)
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _quoted(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


TABLES = {
    "spans": _table(
        ("span", "within", "is over", "carries"),
        ((f"`{span.name}`", span.within, span.says, _quoted(span.attributes)) for span in SPANS),
    ),
    "metrics": _table(
        ("metric", "kind", "unit", "counts or measures", "labels"),
        (
            (f"`{each.name}`", each.kind.replace("_", "-"), f"`{each.unit}`", each.says, _quoted(each.labels))
            for each in METRICS
        ),
    ),
    "attributes": _table(("name", "says"), ((f"`{name}`", says) for name, says in ATTRIBUTES.items())),
    "events": _table(
        ("event", "level", "says", "keys"),
        ((f"`{event.name}`", event.level, event.says, _quoted(event.keys)) for event in EVENTS),
    ),
}
"""By the name of the mark in the page that each stands behind."""


def with_tables(page: str) -> str:
    """The page with every table as it is to be. KeyError for a mark that has none."""
    return re.sub(
        r"(<!-- made: (\w+) -->\n).*?(?=<!-- end -->)", lambda at: f"{at[1]}{TABLES[at[2]]}\n", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
