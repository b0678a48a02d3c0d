"""Which parts of a condition came, went, or became others: two conditions of one rule against each other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from service.criteria.meaning import Chain, Codes, Interval, Meaning, Part, meaning, parts_of
from service.criteria.rewrites import rewritten
from service.criteria.tree import And, Criterion, Not, Or, fields_of


class PartChange(Struct, frozen=True):
    """One part that changed: ``before`` None came, ``after`` None went. ``every``: it stands among parts that must all
    be true; otherwise among parts of which one is enough."""

    before: Part | None
    after: Part | None
    every: bool


def changed_parts(before: Criterion, after: Criterion) -> tuple[PartChange, ...] | None:
    """What changed from one condition to the other, part by part; None where they are built in different ways.

    A condition without ``and`` and ``or`` is a chain of one part. In a part that is itself a chain, changes are told
    one by one only if nothing came into it or left it.
    """
    every = _is_every(before, after)
    if every is None:
        return None
    old, new = parts_of(before, every=every), parts_of(after, every=every)
    same = {part.meaning for part in old} & {part.meaning for part in new}
    gone = [part for part in old if part.meaning not in same]
    come = [part for part in new if part.meaning not in same]
    pairs = _paired(gone, come)
    found = [change for one, other in pairs for change in _inside(one, other, every=every)]
    found += [PartChange(part, None, every) for part in gone if all(part is not one for one, _ in pairs)]
    found += [PartChange(None, part, every) for part in come if all(part is not other for _, other in pairs)]
    return tuple(found)


def is_opposite(before: Criterion, after: Criterion) -> bool:
    """Whether one is true where the other is false. Asked both ways: bounds are one part within an ``and`` alone, so
    that ``not`` may be written of the other one only."""
    return meaning(Not(before)) == meaning(after) or meaning(before) == meaning(Not(after))


def has_the_same_parts(before: Criterion, after: Criterion) -> bool:
    """Whether two chains have the same parts, however these are joined; two bounds of a field may be one of them."""
    return _as_written(before) == _as_written(after) or _together(before) == _together(after)


def _as_written(chain: Criterion) -> frozenset[Meaning]:
    chain = rewritten(chain)
    return frozenset(map(meaning, chain.parts if isinstance(chain, And | Or) else (chain,)))


def _together(chain: Criterion) -> frozenset[Meaning]:
    every = isinstance(rewritten(chain), And)
    return frozenset(part.meaning for part in parts_of(chain, every=every))


def _is_every(before: Criterion, after: Criterion) -> bool | None:
    """The connective of both: a condition of one part takes that of the other."""
    kinds = {type(item) for item in map(rewritten, (before, after)) if isinstance(item, And | Or)}
    return None if len(kinds) == 2 else Or not in kinds


def _paired(gone: Iterable[Part], come: Iterable[Part]) -> list[tuple[Part, Part]]:
    """Parts that went, each with the one that came in its place: those that are most alike first."""
    left, free = list(gone), list(come)
    pairs = []
    for alike in _ALIKE:
        for part in tuple(left):
            other = next((one for one in free if alike(part, one)), None)
            if other is not None:
                left.remove(part)
                free.remove(other)
                pairs.append((part, other))
    return pairs


def _is_same_question(one: Part, other: Part) -> bool:
    """Two intervals, or two sets of codes, of one field."""
    match one.meaning, other.meaning:
        case (Interval(), Interval()) | (Codes(), Codes()):
            mine, theirs = one.meaning, other.meaning
            return (mine.field, mine.inside) == (theirs.field, theirs.inside)  # type: ignore[union-attr]
    return False


def _is_of_same_fields(one: Part, other: Part) -> bool:
    return _is_chain(one) == _is_chain(other) and set(fields_of(one.criterion)) == set(fields_of(other.criterion))


def _shares_a_part(one: Part, other: Part) -> bool:
    match one.meaning, other.meaning:
        case (Chain(every, mine), Chain(other_every, theirs)):
            return every == other_every and bool(mine & theirs)
    return False


_ALIKE: tuple[Callable[[Part, Part], bool], ...] = (_is_same_question, _is_of_same_fields, _shares_a_part)


def _is_chain(part: Part) -> bool:
    return isinstance(part.meaning, Chain)


def _inside(one: Part, other: Part, *, every: bool) -> tuple[PartChange, ...]:
    """A part that became another: as a whole, or by what changed inside."""
    whole = (PartChange(one, other, every),)
    if not (_is_chain(one) and _is_chain(other)):
        return whole
    inner = changed_parts(one.criterion, other.criterion)
    if not inner or any(change.before is None or change.after is None for change in inner):
        return whole
    return inner
