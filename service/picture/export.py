"""A picture as JSON and as CSV: the same numbers, each with its scope, its moment and its coverage. Pure.

The CSV is made to be pivoted: one table at a time, one header line, one row a cell, and on every row what the figure
is of, so that a line copied somewhere else still says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from msgspec import Struct

from service.clock import wire_time
from service.picture.coverage import Coverage, ForceCoverage, Reporting
from service.picture.national import Counts, Dimension, Picture
from service.picture.question import Table
from service.picture.words import Words

Value = int | str | None


class Answer(Struct, frozen=True, kw_only=True):
    """A picture with everything that says what it is of. ``at`` is the moment that ``position`` is as of."""

    picture: Picture
    words: Words
    scope_hash: str
    terms: str
    terms_hash: str
    position: int
    at: datetime


def as_document(answer: Answer) -> dict[str, object]:
    """The answer as JSON carries it."""
    picture, words = answer.picture, answer.words
    return {
        "scope": {"edition": words.edition.name, "title": words.edition.title, "hash": answer.scope_hash},
        "as_of": {"position": answer.position, "at": wire_time(answer.at)},
        "period": month(picture.coverage.period),
        "contract": {"version": words.contract.version, "hash": words.contract.hash},
        "terms": {"edition": answer.terms, "hash": answer.terms_hash},
        "by": [name_of(words, item) for item in picture.by],
        "totals": columns(picture.totals),
        "possible_doubles": picture.possible_doubles,
        "led_elsewhere": columns(sum(picture.led_elsewhere.values(), Counts())),
        "open_cells": picture.open_cells,
        "not_counted": picture.not_counted,
        "attrition": list(_attrition(answer)),
        "missing": list(_missing(answer)),
        "cells": list(_cells(answer)),
        "coverage": _coverage(answer),
    }


def as_csv(answer: Answer, table: Table = Table.CELLS) -> str:
    """One table of the answer as CSV (RFC 4180), with a line of headings."""
    rows: Iterable[Mapping[str, object]]
    match table:
        case Table.CELLS:
            heads = [*(name_of(answer.words, item) for item in answer.picture.by), *_COLUMNS]
            heads += [f"led_elsewhere_{name}" for name in _COLUMNS] if Dimension.FORCE in answer.picture.by else []
            rows = _cells(answer) if answer.picture.by else [columns(answer.picture.totals)]
        case Table.ATTRITION:
            heads, rows = ["rule", "title", "cases"], _attrition(answer)
        case Table.MISSING:
            heads, rows = ["attribute", "label", "cases"], _missing(answer)
        case Table.COVERAGE:
            heads, rows = list(_FORCE_COLUMNS), _forces(answer)
    stamp = _stamp(answer)
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([*heads, *stamp])
    for row in rows:
        flat = _flat(row)
        writer.writerow([*(harmless(flat.get(head)) for head in heads), *map(harmless, stamp.values())])
    return written.getvalue()


def harmless(value: object) -> Value:
    """A value that no spreadsheet takes for a formula; numbers stay numbers, nothing stays an empty cell."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{shown}" if shown.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else shown


def month(period: date | None) -> str | None:
    """A period as it stands in paths and answers."""
    return None if period is None else period.strftime("%Y-%m")


_COLUMNS = ("in_scope", "undetermined", "out_of_scope", "least", "most")


def columns(counts: Counts) -> dict[str, object]:
    """The five columns of any figure; ``most`` is null where it is open."""
    return {name: getattr(counts, name) for name in _COLUMNS}


def name_of(words: Words, dimension: Dimension) -> str:
    """What the API calls a dimension."""
    return next(name for name, offered in words.offered.items() if offered is dimension)


def _cells(answer: Answer) -> Iterable[dict[str, object]]:
    picture, words = answer.picture, answer.words
    names = [name_of(words, item) for item in picture.by]
    for cell in picture.cells if picture.by else ():
        values = (words.value(item, part) for item, part in zip(picture.by, cell.key, strict=True))
        shown: dict[str, object] = dict(zip(names, values, strict=True)) | columns(cell.counts)
        if cell.led_elsewhere is not None:
            shown["led_elsewhere"] = columns(cell.led_elsewhere)
        yield shown


def _attrition(answer: Answer) -> Iterable[dict[str, object]]:
    charged = answer.picture.attrition
    for place, rule in enumerate(answer.words.edition.rules):
        yield {"rule": rule.id, "title": rule.title, "cases": charged.get(place, 0)}


def _missing(answer: Answer) -> Iterable[dict[str, object]]:
    missing = answer.picture.missing
    for place in range(len(answer.words.edition.definition.attributes)):
        name, label = answer.words.attribute(place)
        yield {"attribute": name, "label": label, "cases": missing.get(place, 0)}


def _coverage(answer: Answer) -> dict[str, object]:
    coverage = answer.picture.coverage
    return {
        "due_period": month(coverage.due_period),
        "expected": coverage.expected,
        **{str(state): coverage.count(state) for state in Reporting},
        "not_judged": [answer.words.force(item)[0] for item in coverage.not_judged],
        "not_expected": [answer.words.force(item)[0] for item in coverage.not_expected],
        "forces": list(_forces(answer)),
    }


_FORCE_COLUMNS = (
    "force", "name", "region", "state", "period", "age_periods", "revision", "sealed_at", "digest",
    "judged", "open_cells", "not_counted",
)  # fmt: skip


def _forces(answer: Answer) -> Iterable[dict[str, object]]:
    for item in answer.picture.coverage.forces:
        values = (*_place(answer.words, item.force), *_standing(item))
        yield dict(zip(_FORCE_COLUMNS, values, strict=True))


def _place(words: Words, force: int) -> tuple[str, str, str | None]:
    return (*words.force(force), words.regions.get(force))


def _standing(item: ForceCoverage) -> tuple[object, ...]:
    sealed = item.counting
    if sealed is None:
        return (str(item.state), *[None] * 8)
    return (
        str(item.state),
        month(sealed.period),
        item.age_periods,
        sealed.revision,
        wire_time(sealed.sealed_at),
        sealed.digest,
        sealed.judged,
        sealed.open_cells,
        sealed.not_counted,
    )


def _stamp(answer: Answer) -> dict[str, Value]:
    """What stands on every row of a CSV answer: what the figure is of, and how much it covers."""
    coverage: Coverage = answer.picture.coverage
    return {
        "scope": answer.words.edition.name,
        "scope_hash": answer.scope_hash,
        "contract": answer.words.contract.version,
        "terms": answer.terms,
        "as_of_position": answer.position,
        "as_of": wire_time(answer.at),
        "asked_period": month(coverage.period),
        "due_period": month(coverage.due_period),
        "reported_of_expected": f"{coverage.count(Reporting.REPORTED)} of {coverage.expected}",
        "carried_forward": coverage.count(Reporting.CARRIED_FORWARD),
        "not_reported": coverage.count(Reporting.NOT_REPORTED),
        "not_judged": len(coverage.not_judged),
        "possible_doubles_in_all": answer.picture.possible_doubles,
        "open_cells_in_all": answer.picture.open_cells,
    }


def _flat(row: Mapping[str, object]) -> dict[str, object]:
    """A row without anything nested: ``led_elsewhere`` becomes one column for each of its own."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}_{inner}": part for inner, part in value.items()}
        else:
            flat[name] = value
    return flat
