"""The one statement that finds the effect of a version: every row read with each of its changes, and without. Pure.

Each row is judged once by everything that is asked of it, and what comes back is how many rows answer alike: the
verdicts of one edition are the digits, in base three, of one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from service.contract.change import Change, ChangeKind, Subject
from service.contract.changes import changes_of
from service.contract.library import Library
from service.contract.model import PartName, Role, Rule
from service.contract.unread import unread_without
from service.contract.upgrade import EVERYTHING, Unread, reading_sql
from service.criteria.ruling import Definition
from service.criteria.sql import holds_sql, ruling_sql
from service.scope.carried import NotCarried, carried_definition
from service.scope.edition import Edition
from service.scope.verdict import Verdict, verdict_of
from service.tally.judge import year_sql

RULES: Final = -1
"""Stands in the column ``which`` where the row is about rules; otherwise the place of the edition."""

_COLUMN: Final = re.compile(r"\bo\.(\w+)")
_ASKED_RULES: Final = (ChangeKind.ADDED, ChangeKind.RESTATED, ChangeKind.TIGHTENED)


class AskedEdition(Struct, frozen=True, kw_only=True):
    """How the rows are judged under one edition: the distinct rulings, and which of them answers what."""

    edition: Edition
    not_carried: NotCarried | None
    rulings: tuple[str, ...]
    read: int | None
    """The place of the ruling with all changes; that of the edition as it stands is 0."""
    is_later: bool
    """The edition speaks of a later version than this one, which therefore does not read it."""
    without: tuple[tuple[Change, int], ...]
    """For each change the place of the ruling without it; none where the version cannot say the edition."""
    years: tuple[str, ...]
    """The year of the case, as it stands: what decides which part of a return counts (semantics 27)."""

    def sign(self, key: int, place: int) -> int:
        """The sign of one of the rulings on the rows with this key: below zero out, zero in, above it undetermined."""
        weight: int = 3**place
        return key // weight % 3 - 1

    def verdict(self, key: int, place: int) -> Verdict:
        """What one of the rulings says of the rows with this key."""
        return verdict_of(self.sign(key, place))


class Question(Struct, frozen=True, kw_only=True):
    """Everything that is asked of the effect of a version."""

    version: str
    before: str | None
    editions: tuple[AskedEdition, ...]
    rules: tuple[tuple[Change, Rule], ...]
    not_asked: tuple[Change, ...]


def question_of(library: Library, version: str, editions: Iterable[Edition]) -> Question:
    """What is to be asked about a version and these editions."""
    found = changes_of(library, version)
    contract = library.contracts[version]
    of_rows = {rule.id for rule in contract.rules_of(PartName.CASE)}
    of_rules = [each for each in found.changes if each.subject is Subject.RULE and each.kind in _ASKED_RULES]
    return Question(
        version=version,
        before=found.before,
        editions=tuple(_asked(library, version, edition, found.changes) for edition in editions),
        rules=tuple((each, contract.rule[each.name]) for each in of_rules if each.name in of_rows),
        not_asked=tuple(each for each in of_rules if each.name not in of_rows),
    )


def _asked(library: Library, version: str, edition: Edition, changes: Sequence[Change]) -> AskedEdition:
    vocabulary, definition = edition.vocabulary, edition.definition
    stands = _ruling(library, vocabulary, definition)
    year = library.contracts[vocabulary].parts[PartName.CASE].by_role.get(Role.YEAR)
    years = () if year is None else (year_sql(reading_sql(library, vocabulary, "o")[year.name]),)
    versions = list(library.contracts)
    if versions.index(vocabulary) < versions.index(version):
        carried = carried_definition(library, edition, version)
        if isinstance(carried, NotCarried):
            return AskedEdition(
                edition=edition,
                not_carried=carried,
                rulings=(stands,),
                read=None,
                is_later=False,
                without=(),
                years=years,
            )
        vocabulary, definition = version, carried
    rulings = {stands: 0}

    def place(unread: Unread) -> int:
        return rulings.setdefault(_ruling(library, vocabulary, definition, unread), len(rulings))

    read = place(EVERYTHING)
    without = [
        (change, place(unread_without(library, version, change, vocabulary)))
        for change in changes
        if change.subject is Subject.FIELD and change.kind is not ChangeKind.REWORDED
    ]
    return AskedEdition(
        edition=edition,
        not_carried=None,
        rulings=tuple(rulings),
        read=read,
        is_later=versions.index(vocabulary) > versions.index(version),
        without=tuple(without),
        years=years,
    )


def _ruling(library: Library, vocabulary: str, definition: Definition, unread: Unread = EVERYTHING) -> str:
    return ruling_sql(definition, reading_sql(library, vocabulary, "o", unread=unread))


class Rows(Struct, frozen=True, kw_only=True):
    """The rows of one part of all sealed returns: ``source`` is what stands behind FROM, with the columns ``force``,
    ``case_years``, ``case_year_unknown`` and, of the typed columns, ``columns`` with their types. ``weight`` is null
    where a cell has no number."""

    source: str
    columns: Mapping[str, str]
    weight: str
    is_case: bool


def effect_sql(library: Library, asked: Question, cases: Rows, cells: Rows | None) -> str:
    """The statement. Its rows: ``which`` (the place of an edition, or RULES), ``force``, and ``numbers``: the key, the
    weight and the open cells of an edition; of RULES how many cases each rule finds."""
    types = {**cases.columns, **({} if cells is None else cells.columns)}
    pieces = [
        _edition_sql(place, edition, rows, types)
        for place, edition in enumerate(asked.editions)
        for rows in (cases, cells)
        if rows is not None
    ]
    if asked.rules:
        pieces.append(_rules_sql(library, asked, cases))
    return " union all ".join(pieces)


def _edition_sql(place: int, asked: AskedEdition, rows: Rows, types: Mapping[str, str]) -> str:
    counted = "true"
    if asked.years:
        (year,) = asked.years
        counted = (
            "case when o.case_years is null then true else coalesce("
            f"({year}) = any(o.case_years), o.case_year_unknown) end"
        )
    if not rows.is_case:
        counted = f"not ({counted})"
    key = " + ".join(f"(sign({ruling})::bigint + 1) * {3**at}" for at, ruling in enumerate(asked.rulings))
    given = _given([key, counted], rows, types)
    return (
        f"select {place} as which, r.force, array[r.key, coalesce(sum(r.weight), 0)::bigint, "
        f"count(*) - count(r.weight)] as numbers from (select o.force, {key} as key, o.weight from "
        f"(select v.force, v.case_years, v.case_year_unknown, {rows.weight}::bigint as weight, {given} "
        f"from {rows.source} v) o where {counted}) r group by r.force, r.key"
    )


def _rules_sql(library: Library, asked: Question, rows: Rows) -> str:
    """Rules are asked of what was sent: a derived value is nobody's mistake."""
    readings = reading_sql(library, asked.version, "o", derived=False)
    tests = [holds_sql(rule.criterion, readings) for _, rule in asked.rules if rule.criterion is not None]
    counts = ", ".join(f"count(*) filter (where {test})" for test in tests)
    return (
        f"select {RULES} as which, o.force, array[{counts}] as numbers from (select v.force, "
        f"{_given(tests, rows, rows.columns)} from {rows.source} v) o group by o.force"
    )


def _given(texts: Iterable[str], rows: Rows, types: Mapping[str, str]) -> str:
    """The typed columns that some expressions read, as the rows have them; null where they have not."""
    names = dict.fromkeys(name for text in texts for name in _COLUMN.findall(text) if name in types)
    pieces = [f"v.{name}" if name in rows.columns else f"null::{types[name]} as {name}" for name in names]
    return ", ".join(pieces) or "1 as nothing"
