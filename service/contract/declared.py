"""The measures that a contract version declares: read, and checked against the fields that they are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.contract.fields import NAME, choice
from service.contract.measures import KNOWN, Counts
from service.contract.model import Field, Measure, Part, RowMeasure, Rule, Severity
from service.contract.source import Place, Problems, Table, closest
from service.criteria.tree import fields_of
from service.criteria.vocabulary import Kind

PREVIOUS: Final = "previous"
"""What a case was in the return before is called by the field with this and a point before it."""


class Declared(Struct, frozen=True):
    """Numbers about the whole return, and what is said of a case beside others."""

    measures: tuple[Measure, ...] = ()
    of_rows: tuple[RowMeasure, ...] = ()


def read_measures(
    tables: Sequence[Table],
    before: Declared,
    renames: Mapping[str, str],
    cases: Part,
    problems: Problems,
) -> Declared:
    """Those of the version before, over its fields' new names, then this version's own; one of the same name takes the
    other's place."""
    measures = {item.name: replace(item, field=renames.get(item.field, item.field)) for item in before.measures}
    of_rows = {item.name: item for old in before.of_rows for item in [_carried(old, renames, cases)]}
    for table in tables:
        if PREVIOUS in table or "alike" in table:
            row_measure = _of_row(table, cases, problems)
            if row_measure is not None:
                of_rows[row_measure.name] = row_measure
        else:
            item = _measure(table, cases, problems)
            measures[item.name] = item
        table.done()
    return Declared(tuple(measures.values()), tuple(of_rows.values()))


def told_apart(rules: Sequence[Rule], declared: Declared, place: Place, problems: Problems) -> tuple[Rule, ...]:
    """The rules, those marked that speak of a row measure. What they find depends on other rows, and may go when these
    change, so that it can hold no row: it is a question."""
    names = {item.name for item in declared.of_rows}
    found = []
    for rule in rules:
        compares = rule.criterion is not None and not names.isdisjoint(fields_of(rule.criterion))
        if not compares and not names.isdisjoint(rule.fields):
            problems.add(place, f"The rule '{rule.id}' shows a measure of rows of which its condition does not speak.")
        if compares and rule.severity is not Severity.QUALITY:
            says = f"The rule '{rule.id}' compares a row with others, and so cannot hold it."
            problems.add(place, says, "Make it a rule of quality.")
        found.append(replace(rule, compares=compares))
    return tuple(found)


def _carried(item: RowMeasure, renames: Mapping[str, str], cases: Part) -> RowMeasure:
    alike = tuple(renames.get(name, name) for name in item.alike)
    if item.previous is None:
        return replace(item, alike=alike)
    now = renames.get(item.previous, item.previous)
    return _previous(cases.by_name[now], item.column.label, item.column.meaning)


def _of_row(table: Table, cases: Part, problems: Problems) -> RowMeasure | None:
    name, title, meaning = table.text("name"), table.text("title"), table.text("meaning")
    if PREVIOUS in table:
        field = _field(table.text(PREVIOUS), table, PREVIOUS, cases, problems)
        if field is None:
            return None
        if name != f"{PREVIOUS}.{field.name}":
            problems.add(table.place_of("name"), f"'{name}' is not the name of it.", f"Write {PREVIOUS}.{field.name}.")
        return _previous(field, title, meaning)
    if not NAME.fullmatch(name) or name in cases.by_name:
        problems.add(table.place_of("name"), f"'{name}' cannot be the name of a measure.", "Use another.")
    alike = tuple(item.value for item in table.texts("alike"))
    for field_name in alike:
        _field(field_name, table, "alike", cases, problems)
    column = Field(name=name, ordinal=0, kind=Kind.NUMBER, label=title, meaning=meaning)
    return RowMeasure(name=name, column=column, alike=alike)


def _previous(field: Field, title: str, meaning: str) -> RowMeasure:
    column = replace(field, name=f"{PREVIOUS}__{field.name}", label=title, meaning=meaning, role=None, derive=())
    return RowMeasure(name=f"{PREVIOUS}.{field.name}", column=column, previous=field.name)


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
        field = _field(item.field, table, "field", cases, problems)
        if field is not None and item.counts is not None and item.counts.kind not in (None, field.kind):
            kind = item.counts.kind
            says = f"'{item.field}' is of the type {field.kind}, and {item.counts} counts over the type {kind}."
            problems.add(table.place_of("field"), says)
    elif name not in KNOWN:
        do = closest(name, KNOWN) or "Say what it counts, or use one of those that the service knows."
        problems.add(table.place_of("name"), f"There is no measure '{name}'.", do)
    return item


def _field(name: str, table: Table, key: str, cases: Part, problems: Problems) -> Field | None:
    field = cases.by_name.get(name)
    if field is None:
        says = f"There is no field '{name}' in part {cases.name}."
        problems.add(table.place_of(key), says, closest(name, cases.by_name))
    return field
