"""The measures that a contract version declares: read, and checked against the fields that they count over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from service.contract.fields import NAME, choice
from service.contract.measures import KNOWN
from service.contract.model import Counts, Measure, Part
from service.contract.source import Problems, Table, closest


def read_measures(
    tables: Sequence[Table], before: Sequence[Measure], renames: Mapping[str, str], cases: Part, problems: Problems
) -> tuple[Measure, ...]:
    """Those of the version before, over its fields' new names, then this version's own; one of the same name takes the
    other's place."""
    found = {item.name: replace(item, field=renames.get(item.field, item.field)) for item in before}
    for table in tables:
        item = _measure(table, cases, problems)
        found[item.name] = item
    return tuple(found.values())


def _measure(table: Table, cases: Part, problems: Problems) -> Measure:
    name = table.text("name")
    item = Measure(name=name, title=table.text("title"), meaning=table.text("meaning"))
    if "counts" in table:
        if name in KNOWN or not NAME.fullmatch(name):
            problems.add(table.place_of("name"), f"'{name}' cannot be the name of a measure.", "Use another.")
        item = replace(
            item,
            counts=choice(table, "counts", Counts, Counts.SAME, problems),
            field=table.text("field"),
            at_least=max(1, table.whole("at_least", 1)),
        )
        _check(item, table, cases, problems)
    elif name not in KNOWN:
        do = closest(name, KNOWN) or "Say what it counts, or use one of those that the service knows."
        problems.add(table.place_of("name"), f"There is no measure '{name}'.", do)
    table.done()
    return item


def _check(item: Measure, table: Table, cases: Part, problems: Problems) -> None:
    field = cases.by_name.get(item.field)
    if field is None:
        says = f"There is no field '{item.field}' in part {cases.name}."
        problems.add(table.place_of("field"), says, closest(item.field, cases.by_name))
    elif item.counts is not None and item.counts.kind not in (None, field.kind):
        says = f"'{item.field}' is of the type {field.kind}, and {item.counts} counts over the type {item.counts.kind}."
        problems.add(table.place_of("field"), says)
