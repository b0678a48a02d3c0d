"""Proposes a mapping for a file of a force's own form, from its column names and a sample of its values. Pure.

Nothing here is applied: what is proposed is written down for a person to read. Names are compared by their words and
letters; a column's values count too, for what a field can read. Of values only those of columns with codes are ever
written, few and short ones, and none that looks as if it were about a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from msgspec import Struct

from service.contract.mapping import DATE_FORMS, fold, fold_value, read_day
from service.contract.mending import mend
from service.contract.model import Contract, Field, Part, Relisted, Role
from service.contract.personal import personal_in
from service.contract.steps import renames_of
from service.contract.values import Empty, cell_reader
from service.criteria.vocabulary import Kind

MOST_VALUES: Final = 60
"""A column with more different values than that is not taken for one of codes: none of them is looked at further."""
LONGEST_VALUE: Final = 80
_ENOUGH: Final = 0.55
_NEAR: Final = 0.4
"""From here on a field, or a code, is proposed; and from here on it is named beside it."""
_LOOKED_AT: Final = 200

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+[A-Za-z]?")
_IDLE: Final = frozenset(
    ["the", "of", "a", "an", "and", "or", "for", "to", "in", "is", "on", "at", "by", "was", "were", "no"]
)
_NOT_KNOWN: Final = frozenset(
    {"n/k", "nk", "not known", "unknown", "not recorded", "not stated", "none recorded", "tbc", "?", "-", "blank"}
)
_NOT_APPLICABLE: Final = frozenset({"n/a", "na", "not applicable"})
_YES_NO: Final = {"y": "yes", "true": "yes", "1": "yes", "n": "no", "false": "no", "0": "no"}


class Column(Struct, frozen=True):
    """A column of the sample: its name, and how often each value stands there. ``many``: not all were counted."""

    name: str
    values: Mapping[str, int]
    many: bool = False


class Choice(Struct, frozen=True):
    """Something of the contract with how like it is, from 0 to 1, and what else it might be."""

    name: str
    like: float
    others: tuple[tuple[str, float], ...] = ()


class Proposal(Struct, frozen=True, kw_only=True):
    """``columns``: a field for each column, None where nothing is like it. ``values``: for a field, a cell for each
    value that it cannot read as it is. ``dates``: the order in which a column writes its days; ``either``: where the
    sample leaves it open whether day or month comes first. ``many``: fields whose values were too many to be listed."""

    columns: Mapping[str, Choice | None]
    values: Mapping[str, Mapping[str, Choice | None]]
    dates: Mapping[str, str]
    either: frozenset[str]
    many: frozenset[str]
    unshown: Mapping[str, int]
    """How many values of a field are too long to be listed, or look as if they were about a person."""


def propose(columns: Sequence[Column], contract: Contract, part: Part) -> Proposal:
    """The nearest field for each column, each field once; and the nearest code for each value of theirs. What the
    version before called a field, or a code, is no guess: it is what the contract says that it is now."""
    chosen = _fields_of(columns, part, renames_of(contract.upgrade))
    values: dict[str, Mapping[str, Choice | None]] = {}
    dates: dict[str, str] = {}
    either, many = set[str](), set[str]()
    unshown: dict[str, int] = {}
    for column in columns:
        choice = chosen[column.name]
        if choice is None:
            continue
        field = part.by_name[choice.name]
        if field.kind is Kind.DATE:
            forms = _date_forms(column)
            if forms:
                dates[field.name] = forms[0]
            if len(forms) > 1:
                either.add(field.name)
        if field.role is Role.KEY:
            continue
        if field.kind.is_mask and (column.many or len(column.values) > MOST_VALUES):
            many.add(field.name)
            continue
        found = dict(_values_of(column, field, contract.relisted.get(field.name)))
        if found:
            values[field.name] = found
        hidden = sum(not is_shown(field, text.strip()) for text in column.values) if field.kind.is_mask else 0
        if hidden:
            unshown[field.name] = hidden
    return Proposal(
        columns=chosen, values=values, dates=dates, either=frozenset(either), many=frozenset(many), unshown=unshown
    )


def _fields_of(columns: Sequence[Column], part: Part, renames: Mapping[str, str]) -> dict[str, Choice | None]:
    """The best pair first, then the best of those that are left."""
    scores = {
        (column.name, field.name): 1.0 if renames.get(column.name) == field.name else _likeness(column, field)
        for column in columns
        for field in part.fields
    }
    pairs = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    chosen: dict[str, Choice | None] = {column.name: None for column in columns}
    taken: set[str] = set()
    for (own, name), like in pairs:
        if like < _ENOUGH:
            break
        if chosen[own] is None and name not in taken:
            others = [(other, score) for (each, other), score in pairs if each == own and other != name]
            chosen[own] = Choice(name, like, tuple((other, score) for other, score in others[:2] if score >= _NEAR))
            taken.add(name)
    return chosen


def _likeness(column: Column, field: Field) -> float:
    """How like a column is to a field: mostly by name, partly by what its values say."""
    if fold(column.name) in (fold(field.name), fold(field.label)):
        return 1.0
    by_name = max(alike(column.name, field.name), alike(column.name, field.label), 0.8 * _covered(column.name, field))
    seen = [value for value in list(column.values)[:_LOOKED_AT] if value.strip()]
    if not seen:
        return by_name * 0.95
    fit = sum(_fits(field, value) for value in seen) / len(seen)
    # codes say more of what a column is than its name does; that something is a number or a date says little
    weight = 0.45 if field.kind.is_mask else 0.25
    return min(0.99, (1 - weight) * by_name + weight * fit)


def _covered(own: str, field: Field) -> float:
    """How much of a name stands in the field's meaning."""
    words = _words(own)
    known = set(_words(f"{field.label} {field.meaning}"))
    return sum(len(word) for word in words if word in known) / sum(map(len, words)) if words else 0.0


def _fits(field: Field, value: str) -> float:
    """Whether a value is, or could easily be, one of the field."""
    cell = cell_reader(field)(value)
    if cell.failed is None:
        return 0.5 if field.kind is Kind.TEXT and field.pattern is None else 1.0
    if fold_value(value) in _NOT_KNOWN | _NOT_APPLICABLE:
        return 0.5
    if field.kind is Kind.DATE and any(read_day(value, form) for form in DATE_FORMS):
        return 1.0
    if field.kind.is_mask:
        best = _codes_like(field, value)
        return 0.9 if best and best[0][1] >= 0.75 else 0.0
    return 0.6 if mend(field, cell.failed, value).write.startswith("Write ") else 0.0


def _date_forms(column: Column) -> list[str]:
    """The orders in which every day of the sample can be read, where it is not written as the contract has it."""
    seen = [value for value in column.values if value.strip() and fold_value(value) not in _NOT_KNOWN | _NOT_APPLICABLE]
    days = [value for value in seen if any(read_day(value, form) for form in DATE_FORMS)]
    return [form for form in DATE_FORMS if days and all(read_day(value, form) for value in days)]


def _values_of(column: Column, field: Field, relisted: Relisted | None) -> Iterable[tuple[str, Choice | None]]:
    """The values that the field cannot read, each with the nearest code; of numbers and dates only words for none. One
    that stands in other capitals too is told once: a mapping reads both alike."""
    read, told = cell_reader(field), set[str]()
    for value in column.values:
        text = value.strip()
        if not text or read(text).failed is None or fold_value(text) in told:
            continue
        told.add(fold_value(text))
        now = () if relisted is None else relisted.codes.get(text.lower(), ())
        if now:
            yield text, Choice("|".join(now), 1.0)
            continue
        nothing = _nothing(field, text)
        if nothing is not None:
            yield text, Choice(nothing, 1.0)
        elif field.kind.is_mask and is_shown(field, text):
            found = _codes_like(field, text)
            likely = bool(found) and found[0][1] >= _ENOUGH
            others = tuple(found[1:3] if likely else found[:2])
            yield text, Choice(found[0][0], found[0][1], others) if likely else None


def is_shown(field: Field, text: str) -> bool:
    """Whether a value of codes may stand in a file that people pass on. Two words with capitals look like a name: here
    they may be the name of a thing, if the list has some such word."""
    if len(text) > LONGEST_VALUE or not text.isprintable():
        return False
    look = personal_in(text)
    if look == "a name" and field.list is not None:
        known = {word for code in field.list.codes for word in _words(f"{code.code} {code.title}")}
        return any(len(word) > 3 and any(_same(word, other) >= 0.8 for other in known) for word in _words(text))
    return look is None


def _nothing(field: Field, text: str) -> str | None:
    """The contract's word for nothing, where the value is a word for it."""
    folded = fold_value(text)
    if folded in _NOT_APPLICABLE:
        return Empty.NOT_APPLICABLE.value if field.not_applicable else "not_known"
    return "not_known" if folded in _NOT_KNOWN else None


def _codes_like(field: Field, text: str) -> list[tuple[str, float]]:
    codes = field.list.codes if field.list is not None else ()
    return list(_ranked(text[:LONGEST_VALUE], tuple((code.code, code.title) for code in codes)))


@lru_cache(maxsize=4096)
def _ranked(text: str, codes: tuple[tuple[str, str], ...]) -> tuple[tuple[str, float], ...]:
    words = [word.casefold() for word in re.findall(r"[A-Za-z0-9]+", text)]
    meant = _YES_NO.get(fold_value(text))
    known = Counter(code.casefold() for code, _ in codes)
    scores = []
    for code, title in codes:
        like = max(alike(text, code), alike(text, title))
        if meant == code:
            like = 1.0
        elif code.casefold() in words and known[code.casefold()] == 1 and (code.isdigit() or len(code) > 1):
            like = max(like, 0.9 if len(words) > 1 else 1.0)
        scores.append((code, min(like, 1.0)))
    scores.sort(key=lambda item: (-item[1], item[0]))
    return tuple((code, like) for code, like in scores[:3] if like >= _NEAR)


@lru_cache(maxsize=65_536)
def alike(one: str, other: str) -> float:
    """How like two names are, from 0 to 1: by their letters, and by how many of their words are the same or nearly."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    letters = SequenceMatcher(None, "".join(first), "".join(second)).ratio()
    left = list(second)
    shared = 0.0
    for word in first:
        best = max(left, key=lambda each: _same(word, each), default="")
        if best and (same := _same(word, best)) >= 0.8:
            shared += same * (len(word) + len(best))
            left.remove(best)
    return max(0.9 * letters, shared / (sum(map(len, first)) + sum(map(len, second))))


@lru_cache(maxsize=65_536)
def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) >= 3 and (one.startswith(other) or other.startswith(one)):
        return 0.9  # ref and reference
    return SequenceMatcher(None, one, other).ratio()


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    """The words of a name in small letters, without those that say nothing."""
    words = [word.lower() for word in _WORD.findall(text.replace("'", ""))]
    words = [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words]
    return tuple(word for word in words if word not in _IDLE) or tuple(words)
