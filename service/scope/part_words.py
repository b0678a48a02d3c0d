"""What changed in a part of a condition, in English: bounds that moved, codes that came or went, or the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from service.criteria.meaning import Codes, Interval, Part
from service.criteria.rewrites import rewritten
from service.criteria.tree import And, Criterion, Literal, Not, OneOf
from service.criteria.vocabulary import Kind
from service.criteria.wording import MOST_TITLES, Titles, day, listed, number, sentence
from service.scope.changed_parts import PartChange, changed_parts, has_the_same_parts, is_opposite


def changes_in_words(before: Criterion, after: Criterion, known: Titles) -> tuple[str, ...]:
    """Each change from one condition to another of the same vocabulary that means something else, a sentence each;
    where they are built in different ways, that one is the opposite of the other, that the same parts are joined
    otherwise, or only that they are."""
    found = changed_parts(before, after)
    if not found:
        return (_built_otherwise(before, after),)
    return tuple(words for change in found for words in _change(change, known))


def _built_otherwise(before: Criterion, after: Criterion) -> str:
    if is_opposite(before, after):
        return "It is the opposite of what it was."
    if not has_the_same_parts(before, after):
        return "The condition is built in another way."
    if isinstance(rewritten(before), And):
        return "All of its parts had to hold; one of them is enough now."
    return "One of its parts was enough; all of them have to hold now."


def _change(change: PartChange, known: Titles) -> Iterator[str]:
    match change.before, change.after:
        case (None, Part(_, came)):
            yield f"It {'also asks' if change.every else 'is now also enough'} that {sentence(came, known)}."
        case (Part(_, went), None):
            yield f"It {'no longer asks' if change.every else 'is no longer enough'} that {sentence(went, known)}."
        case (Part(Interval() as old), Part(Interval() as new)) if _same_side(old, new):
            yield from _bounds(old, new, known)
        case (Part(Codes() as old, was), Part(Codes() as new, is_now)) if (
            old.field == new.field and old.inside == new.inside
        ):
            yield from _codes(old, new, known)
            yield from _named(was, is_now, known)
        case (Part(_, was), Part(_, is_now)):
            asked = "It asked" if change.every else "It was enough"
            yield f"{asked} that {sentence(was, known)}; now that {sentence(is_now, known)}."


def _same_side(old: Interval, new: Interval) -> bool:
    return old.field == new.field and old.inside and new.inside


def _bounds(old: Interval, new: Interval, known: Titles) -> Iterator[str]:
    name = known.fields[new.field]
    dates = known.vocabulary.fields[new.field].kind is Kind.DATE
    lowest, highest = ("earliest date", "latest date") if dates else ("lowest value", "highest value")
    for end, was, is_now in ((lowest, old.low, new.low), (highest, old.high, new.high)):
        if was == is_now:
            continue
        if was is None:
            yield f"There is now {_a(end)} of {name}: {_value(is_now)}."
        elif is_now is None:
            yield f"There is no longer {_a(end)} of {name}; it was {_value(was)}."
        else:
            yield f"The {end} of {name} moved from {_value(was)} to {_value(is_now)}."


def _a(end: str) -> str:
    return f"an {end}" if end[0] in "aeiou" else f"a {end}"


def _value(value: Literal | None) -> str:
    return day(value) if isinstance(value, date) else number(value or 0)


def _codes(old: Codes, new: Codes, known: Titles) -> Iterator[str]:
    name = known.fields[new.field]
    which = f"the codes of {name} that {'meet' if new.inside else 'do not meet'} this rule"
    for words, mask in (("entered", new.mask & ~old.mask), ("left", old.mask & ~new.mask)):
        if mask:
            yield f"{_codes_of(new.field, mask, known)} {words} {which}."


def _codes_of(field: str, mask: int, known: Titles) -> str:
    of = known.vocabulary.fields[field]
    codes = [code for ordinal, code in enumerate(of.codes) if code and mask >> ordinal & 1]
    return titled(codes, of.list or "", known)


def titled(codes: Sequence[str], of: str, known: Titles) -> str:
    """Codes of a list by their titles; many by the codes alone."""
    return f"The codes {listed(codes)}" if len(codes) > MOST_TITLES else listed(known.codes[of][code] for code in codes)


def _named(was: Criterion, is_now: Criterion, known: Titles) -> Iterator[str]:
    """That a set stands by its name where another stood, or codes one by one."""
    old, new = _set_of(was), _set_of(is_now)
    if old == new:
        return
    if new is None:
        yield f"The codes are listed; before, they were the set {known.sets[old or '']}."
    elif old is None:
        yield f"The codes are the set {known.sets[new]}; before, they were listed."
    else:
        yield f"The codes are the set {known.sets[new]}; before, they were the set {known.sets[old]}."


def _set_of(criterion: Criterion) -> str | None:
    match rewritten(criterion):
        case OneOf(set_name=name) | Not(OneOf(set_name=name)):
            return name
    return None
