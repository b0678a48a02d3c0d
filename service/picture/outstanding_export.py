"""What is outstanding as CSV and XLSX: the numbers of the JSON, with what they are of on every row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from service.clock import wire_time
from service.criteria.wording import listed
from service.picture.export import month
from service.picture.narrowing import RangeThen
from service.picture.outstanding import ForceOutstanding, Outstanding, Outstandings, Together
from service.picture.tables import Tabled, Value, tables_as_xlsx, title_of, written_csv
from service.picture.words import Words


class OutstandingTable(StrEnum):
    """The tables of what is outstanding. JSON carries all of them, a CSV answer one."""

    ATTRIBUTES = "attributes"
    TOGETHER = "together"
    FORCES = "forces"
    FORCE_ATTRIBUTES = "force_attributes"
    FORCE_TOGETHER = "force_together"
    NARROWING = "narrowing"


Row = dict[str, Value]
_ATTRIBUTE: Final = ("attribute", "label", "cases", "numbers", "alone")
_TOGETHER: Final = ("attributes", "says", "sets", "cases", "numbers")
_FORCE: Final = ("force", "name", "period", "revision")
_HEADS: Final = {
    OutstandingTable.ATTRIBUTES: (*_ATTRIBUTE, "forces"),
    OutstandingTable.TOGETHER: (*_TOGETHER, "forces"),
    OutstandingTable.FORCES: (*_FORCE, "undetermined", "numbers"),
    OutstandingTable.FORCE_ATTRIBUTES: (*_FORCE, *_ATTRIBUTE),
    OutstandingTable.FORCE_TOGETHER: (*_FORCE, *_TOGETHER),
    OutstandingTable.NARROWING: (
        *("month", "until_position", "until", "counting", "not_judged"),
        *("in_scope", "undetermined", "least", "most"),
    ),
}


def as_csv(told: Outstandings, table: OutstandingTable = OutstandingTable.ATTRIBUTES) -> str:
    """One table as CSV."""
    return written_csv(_tabled(told, table), _stamp(told))


def as_xlsx(told: Outstandings, table: OutstandingTable | None = None) -> bytes:
    """Every table as a workbook, or the one that is asked for."""
    which = OutstandingTable if table is None else (table,)
    return tables_as_xlsx((_tabled(told, each) for each in which), _stamp(told))


def lacking(labels: Iterable[str]) -> str:
    """``‘Suspects’ and ‘Victims’ together``, or that there is one alone; nothing for those that are not named."""
    named = [f"‘{label}’" for label in labels]
    if len(named) < 2:
        return f"{named[0]} alone" if named else ""
    return f"{listed(named)} together"


def _tabled(told: Outstandings, table: OutstandingTable) -> Tabled:
    return Tabled(title_of(table), _HEADS[table], _rows(told, table))


def _rows(told: Outstandings, table: OutstandingTable) -> Iterator[Row]:
    words = told.words
    match table:
        case OutstandingTable.ATTRIBUTES:
            yield from (_attribute(words, each) for each in told.attributes)
        case OutstandingTable.TOGETHER:
            yield from _together(words, told.together)
        case OutstandingTable.FORCES:
            for each in told.forces:
                yield {**_force(words, each), "undetermined": each.undetermined, "numbers": each.numbers}
        case OutstandingTable.FORCE_ATTRIBUTES:
            for each in told.forces:
                yield from (_force(words, each) | _attribute(words, lack) for lack in each.attributes)
        case OutstandingTable.FORCE_TOGETHER:
            for each in told.forces:
                yield from (_force(words, each) | row for row in _together(words, each.together))
        case OutstandingTable.NARROWING:
            yield from map(_range, told.narrowing)


def _attribute(words: Words, lack: Outstanding) -> Row:
    return {
        "attribute": lack.attribute,
        "label": words.label(lack.attribute),
        "cases": lack.cases,
        "numbers": lack.numbers,
        "alone": lack.alone,
        "forces": lack.forces,
    }


def _together(words: Words, told: Together) -> Iterator[Row]:
    """A row for each set, and one for those that are not named: the weights of a column add up to what is undetermined.
    How many forces lack one of those is not said, for a force may lack several."""
    for each in told.sets:
        yield {
            "attributes": ";".join(each.attributes),
            "says": lacking(map(words.label, each.attributes)),
            "sets": 1,
            "cases": each.cases,
            "numbers": each.numbers,
            "forces": each.forces,
        }
    if told.other_sets:
        others = {"cases": told.other_cases, "numbers": told.other_numbers}
        yield {"says": "other sets", "sets": told.other_sets, **others}


def _range(told: RangeThen) -> Row:
    """A moment with what the picture was then; no figures where a return that counted is not judged."""
    counts = told.counts
    return {
        "month": None if told.month is None else str(told.month),
        "until_position": told.position,
        "until": wire_time(told.at),
        "counting": told.forces,
        "not_judged": told.not_judged,
        "in_scope": None if counts is None else counts.in_scope,
        "undetermined": None if counts is None else counts.undetermined,
        "least": None if counts is None else counts.least,
        "most": None if counts is None else counts.most,
    }


def _force(words: Words, told: ForceOutstanding) -> Row:
    code, name = words.force(told.force)
    return {"force": code, "name": name, "period": month(told.period), "revision": told.revision}


def _stamp(told: Outstandings) -> Row:
    """What stands on every row: what the figure is of, and how much it covers."""
    edition = told.words.edition
    return {
        "scope": edition.name,
        "scope_hash": edition.hash,
        "contract": told.words.contract.version,
        "as_of_position": told.as_of.position,
        "as_of": wire_time(told.as_of.at),
        "asked_period": month(told.period),
        "forces_in_all": len(told.forces),
        "not_judged_in_all": told.not_judged,
        "scope_is_tallied": "yes" if told.tallied else "no",
        "undetermined_in_all": told.undetermined,
        "numbers_in_all": told.numbers,
        "led_elsewhere_in_all": told.led_elsewhere,
    }
