"""One integer says everything about an observation under an ordered list of rules.

Below zero: out, ``-(i + 1)`` for the first rule ``i`` (from 0) that is *false*, whatever is unknown before it.
Zero: every rule is true. Above zero: undetermined, one bit for each attribute that leaves it so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

from msgspec import Struct

from service.criteria.evaluate import Observation, compiled, compiled_missing
from service.criteria.tree import Criterion, fields_of
from service.errors import Invalid

MOST_ATTRIBUTES = 30
"""As many bits as a four-byte integer has beside its sign, and one to spare."""


ALONE: Final = 1 << 16
"""Taken off a ruling below zero where every other rule is true, by whoever asks for rulings *marked* so: more than any
list has rules."""


class TooManyAttributes(Invalid):
    """The rules of one definition speak of more attributes than a ruling has bits."""

    code = "too-many-attributes"


class Definition(Struct, frozen=True, dict=True):
    """An ordered list of rules, and the attributes they read, in order of first appearance: bit ``k`` is the ``k``-th.

    Made by ``define``.
    """

    rules: tuple[Criterion, ...]
    attributes: tuple[str, ...]

    @cached_property
    def ruling(self) -> Callable[[Observation], int]:
        """The whole list as one Python function from an observation to its ruling."""
        tests = [compiled(rule) for rule in self.rules]
        names = [compiled_missing(rule) for rule in self.rules]
        bits = {name: 1 << place for place, name in enumerate(self.attributes)}

        def judge(observation: Observation) -> int:
            unknown = []
            for place, test in enumerate(tests):
                said = test(observation)
                if said is False:
                    return -(place + 1)
                if said is None:
                    unknown.append(names[place])
            missing = {name for named in unknown for name in named(observation)}
            return sum(bits[name] for name in missing)

        return judge


def define(rules: Iterable[Criterion]) -> Definition:
    """A definition with its attributes counted; ``TooManyAttributes`` beyond ``MOST_ATTRIBUTES``."""
    listed = tuple(rules)
    attributes = tuple(dict.fromkeys(name for rule in listed for name in fields_of(rule)))
    if len(attributes) > MOST_ATTRIBUTES:
        says = f"The rules speak of {len(attributes)} attributes; a definition can have {MOST_ATTRIBUTES}."
        raise TooManyAttributes(says, f"Take out attributes from `{attributes[MOST_ATTRIBUTES]}` on.")
    return Definition(listed, attributes)


def ruling(definition: Definition, observation: Observation) -> int:
    """The ruling of one observation."""
    return definition.ruling(observation)


def unmarked(marked: int) -> tuple[int, bool]:
    """The ruling that a marked one is, and whether one rule alone keeps the observation out."""
    return (marked + ALONE, True) if marked < -ALONE else (marked, False)


def excluded_by(ruling: int) -> int | None:
    """The place (from 0) of the rule that put it out; None where none did."""
    return -ruling - 1 if ruling < 0 else None


def missing_of(ruling: int, attributes: tuple[str, ...]) -> tuple[str, ...]:
    """The attributes that leave it undetermined, in the definition's order; none where it is determined."""
    return tuple(name for place, name in enumerate(attributes) if ruling > 0 and ruling >> place & 1)
