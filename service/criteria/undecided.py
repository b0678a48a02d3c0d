"""Which attributes leave a condition undecided when they are not recorded: always, or only where the rest lets them.

Each comparison over the attribute is then unknown, and every other, of what is exactly known, true or false. What the
condition may answer follows by Kleene's tables. Its parts are taken one by one, so *sometimes* may be said of what is
always so where two parts speak of one attribute; *always* is certain, and holds as well where others are not known.
"""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

from msgspec import Struct

from service.criteria.tree import And, Criterion, IsNull, Not, OneOf, Or, fields_of
from service.criteria.vocabulary import Vocabulary

_Answers: TypeAlias = frozenset[bool | None]
_KNOWN: _Answers = frozenset([True, False])


class Undecided(Struct, frozen=True):
    """Fields by what their absence does: ``always`` undecided, or ``sometimes``, when the rest does not decide."""

    always: tuple[str, ...]
    sometimes: tuple[str, ...]


def undecided(criterion: Criterion, vocabulary: Vocabulary) -> Undecided:
    """The fields of a condition, in order of appearance, each in the one it belongs to or in none."""
    answers = {name: _answers(criterion, name, vocabulary) for name in fields_of(criterion)}
    always = tuple(name for name, may in answers.items() if may == {None})
    return Undecided(always, tuple(name for name, may in answers.items() if None in may and name not in always))


def _answers(criterion: Criterion, absent: str, vocabulary: Vocabulary) -> _Answers:
    match criterion:
        case And(parts):
            return reduce(_both, (_answers(part, absent, vocabulary) for part in parts))
        case Or(parts):
            turned = (_turned(_answers(part, absent, vocabulary)) for part in parts)
            return _turned(reduce(_both, turned))
        case Not(part):
            return _turned(_answers(part, absent, vocabulary))
        case IsNull(field):
            return frozenset([True]) if field == absent else _KNOWN
    if absent in fields_of(criterion):
        return frozenset([None])
    if isinstance(criterion, OneOf) and _is_whole_list(criterion, vocabulary):
        return frozenset([True])
    return _KNOWN


def _is_whole_list(leaf: OneOf, vocabulary: Vocabulary) -> bool:
    return set(leaf.codes) >= {code for code in vocabulary.fields[leaf.field].codes if code}


def _both(one: _Answers, other: _Answers) -> _Answers:
    """Every answer that ``and`` can give."""
    return frozenset(False if False in (a, b) else None if None in (a, b) else True for a in one for b in other)


def _turned(answers: _Answers) -> _Answers:
    return frozenset(None if answer is None else not answer for answer in answers)
