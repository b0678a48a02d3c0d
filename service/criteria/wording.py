"""A condition in plain English, made from its tree: the third reader, beside the evaluator and the SQL compiler.

The words are exact. Whatever the publisher named (a field, a code, a set) stands in quotes, brackets show what belongs
together, and two conditions read alike only if they are the same one: tests read the sentence back to the tree. *The
same* means after the rewrites, none of which changes an answer: ``not`` is moved to the comparisons, where English has
plain words for it ("is not", "is less than").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from service.criteria.rewrites import rewritten
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Literal, Not, OneOf, Op, Or
from service.criteria.vocabulary import Kind, NamedSet, Vocabulary

MOST_TITLES = 5
"""So many codes of a condition are given by their titles; a longer list by the codes alone, which one can look up."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_NUMBER: Mapping[Op, str] = {
    Op.EQUAL: "is {}",
    Op.UNEQUAL: "is not {}",
    Op.BELOW: "is less than {}",
    Op.AT_MOST: "is {} or less",
    Op.ABOVE: "is more than {}",
    Op.AT_LEAST: "is {} or more",
}
_DATE: Mapping[Op, str] = {
    Op.EQUAL: "is {}",
    Op.UNEQUAL: "is not {}",
    Op.BELOW: "is before {}",
    Op.AT_MOST: "is on or before {}",
    Op.ABOVE: "is after {}",
    Op.AT_LEAST: "is on or after {}",
}
_TWO_NUMBERS: Mapping[Op, str] = {
    **_NUMBER,
    Op.EQUAL: "is the same as {}",
    Op.UNEQUAL: "is not the same as {}",
    Op.AT_MOST: "is the same as or less than {}",
    Op.AT_LEAST: "is the same as or more than {}",
}
_TWO_DATES: Mapping[Op, str] = {
    **_DATE,
    Op.EQUAL: "is the same day as {}",
    Op.UNEQUAL: "is not the same day as {}",
}


class Titles(Struct, frozen=True):
    """What the fields, codes and sets of a vocabulary are called in a sentence, quotes included. Made by ``titles``."""

    vocabulary: Vocabulary
    fields: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]]
    """By list, then by code."""
    lists: Mapping[str, str]
    sets: Mapping[str, str]

    def of_fields(self, vocabulary: Vocabulary, fields: Mapping[str, str]) -> Titles:
        """The same lists and sets for the fields of another part, with their labels."""
        return replace(self, vocabulary=vocabulary, fields=_labelled(vocabulary, fields))


def titles(
    vocabulary: Vocabulary,
    fields: Mapping[str, str],
    lists: Mapping[str, str],
    codes: Mapping[str, Mapping[str, str]],
) -> Titles:
    """The titles of a vocabulary: labels of fields, titles of lists, and by list the titles of codes.

    Two things that the publisher calls the same are told apart by their names in brackets; so is a code by which files
    are known (``19D``), which its title does not contain.
    """
    return Titles(
        vocabulary,
        _labelled(vocabulary, fields),
        MappingProxyType({name: _quoted(known, _is_looked_up) for name, known in codes.items()}),
        _quoted(lists),
        _quoted({name: set_title(item) for name, item in vocabulary.sets.items()}),
    )


def _labelled(vocabulary: Vocabulary, fields: Mapping[str, str]) -> Mapping[str, str]:
    return _quoted({name: fields.get(name) or name for name in vocabulary.fields})


def _quoted(known: Mapping[str, str], named: Callable[[str], bool] = lambda _: False) -> Mapping[str, str]:
    plain = {name: quoted(title) for name, title in known.items()}
    often = Counter(plain.values())
    return MappingProxyType(
        {name: f"{title} ({name})" if named(name) or often[title] > 1 else title for name, title in plain.items()}
    )


def set_title(named: NamedSet) -> str:
    """What a named set is called: the publisher's title, or what its name says."""
    return named.title or named.name.replace("_", " ")


def quoted(title: str) -> str:
    """A title in quotes, with none of these quotes inside."""
    return f"‘{' '.join(title.replace('‘', chr(39)).replace('’', chr(39)).split())}’"


def _is_looked_up(code: str) -> bool:
    """Whether a code says something beside its title: ``16`` and ``19D`` are what files have, ``police`` is a word."""
    return any(letter.isdigit() for letter in code)


def sentence(criterion: Criterion, known: Titles) -> str:
    """The condition as a sentence without its full stop, beginning as it does in the middle of another."""
    return _clause(rewritten(criterion), known)


def day(value: date) -> str:
    """``7 March 2014``, whatever the language of the machine."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year:04d}"


def number(value: int | Decimal) -> str:
    """``10,000`` or ``26.5``: the same words for the same number."""
    text = f"{value + 0:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def listed(words: Iterable[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def _clause(criterion: Criterion, known: Titles) -> str:
    match criterion:
        case And(parts):
            return ", and ".join(_part(part, known) for part in parts)
        case Or(parts):
            return f"either {', or '.join(_part(part, known) for part in parts)}"
        case _:
            return _leaf(criterion, known)


def _part(part: Criterion, known: Titles) -> str:
    """A part of a chain; brackets around a chain of the other kind, the only one that is left inside."""
    return f"({_clause(part, known)})" if isinstance(part, And | Or) else _leaf(part, known)


def _leaf(leaf: Criterion, known: Titles) -> str:
    match leaf:
        case Compare(field, op, value):
            words = _DATE if isinstance(value, date) else _NUMBER
            return f"{known.fields[field]} {words[op].format(_value(value))}"
        case CompareFields(left, op, right):
            dates = known.vocabulary.fields[left].kind is Kind.DATE
            words = _TWO_DATES if dates else _TWO_NUMBERS
            return f"{known.fields[left]} {words[op].format(known.fields[right])}"
        case Between() | OneOf() | IsNull():
            return f"{known.fields[leaf.field]} {_told(leaf, known, negated=False)}"
        case Not(Between() | OneOf() | IsNull() as inner):
            return f"{known.fields[inner.field]} {_told(inner, known, negated=True)}"
    raise TypeError(leaf)


def _told(leaf: Between | OneOf | IsNull, known: Titles, *, negated: bool) -> str:
    """What is said of the field; ``is null`` turns round, because *recorded* is the plain word."""
    is_or_not = "is not" if negated is not isinstance(leaf, IsNull) else "is"
    match leaf:
        case IsNull():
            return f"{is_or_not} recorded"
        case Between(_, low, high):
            both = "both days included" if isinstance(low, date) else "both included"
            return f"{is_or_not} between {_value(low)} and {_value(high)} ({both})"
        case OneOf(_, _, _, str(name)):
            return f"{is_or_not} in the set {known.sets[name]}"
        case OneOf(field, _, codes):
            name = known.vocabulary.fields[field].list or ""
            if len(codes) > MOST_TITLES:
                return f"{is_or_not} one of the codes {listed(codes)} of {known.lists[name]}"
            return _codes([known.codes[name][code] for code in codes], negated=negated)


def _codes(codes: Sequence[str], *, negated: bool) -> str:
    if not negated:
        return f"is {listed(codes, 'or')}"
    if len(codes) == 1:
        return f"is not {codes[0]}"
    return f"is neither {listed(codes, 'nor')}" if len(codes) == 2 else f"is none of {listed(codes)}"


def _value(value: Literal) -> str:
    return day(value) if isinstance(value, date) else number(value)
