"""What a scope edition says of one observation: in, out, or undetermined, and what that rests on."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from service.criteria.evaluate import Observation
from service.criteria.ruling import excluded_by, missing_of
from service.scope.edition import Edition


class Verdict(StrEnum):
    """Undetermined is a result like the others: it says what to ask for."""

    IN_SCOPE = "in_scope"
    OUT_OF_SCOPE = "out_of_scope"
    UNDETERMINED = "undetermined"


class Judgement(Struct, frozen=True):
    """A verdict with its reason: ``rule`` is the id of the first rule that is false (out of scope only), ``missing``
    the attributes that leave it undetermined (undetermined only), in the order in which the edition reads them."""

    verdict: Verdict
    rule: str | None = None
    missing: tuple[str, ...] = ()


def judge(edition: Edition, observation: Observation) -> Judgement:
    """The judgement of one observation. ``observation`` is in the edition's vocabulary: read forward, if need be."""
    return judgement_of(edition, edition.definition.ruling(observation))


def judgement_of(edition: Edition, ruling: int) -> Judgement:
    """What a stored ruling says, in words of the edition that gave it."""
    excluding = excluded_by(ruling)
    if excluding is not None:
        return Judgement(Verdict.OUT_OF_SCOPE, rule=edition.rules[excluding].id)
    if ruling > 0:
        return Judgement(Verdict.UNDETERMINED, missing=missing_of(ruling, edition.definition.attributes))
    return Judgement(Verdict.IN_SCOPE)


def verdict_of(ruling: int) -> Verdict:
    """The verdict that a ruling stands for."""
    return Verdict.OUT_OF_SCOPE if ruling < 0 else Verdict.UNDETERMINED if ruling > 0 else Verdict.IN_SCOPE
