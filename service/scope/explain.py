"""Why an edition says what it says of one case: each rule with what the record says, and what would settle it. Pure.

The reference evaluator answers, over the record as the edition reads it; so what stands here is what was counted.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from service.contract.canonical import canonical_text
from service.contract.guidance import partly_known, takes
from service.contract.library import Library
from service.contract.model import Contract, Field, PartName
from service.contract.words import CodeInWords
from service.criteria.evaluate import evaluate, is_exact, missing
from service.criteria.tree import fields_of
from service.scope.edition import Edition
from service.scope.reading import Reading
from service.scope.verdict import Verdict, judge
from service.scope.words import RuleInWords, edition_in_words


class Answer(StrEnum):
    """What a rule comes to for one case."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


_ANSWERS = {True: Answer.TRUE, False: Answer.FALSE, None: Answer.UNKNOWN}


class Said(Struct, frozen=True, kw_only=True):
    """What a record says of one attribute. ``value`` as people write it, None where nothing is known; ``derived``: the
    force did not say it, it follows from other attributes; ``exact``: it is one thing and no other; ``empty``: why
    nothing is known, where the force said so."""

    attribute: str
    label: str
    value: str | None
    exact: bool
    derived: bool
    empty: str | None


class Asked(Struct, frozen=True, kw_only=True):
    """An attribute that would settle something, with what may be written there. ``codes`` are those to choose from, of
    a field of codes."""

    attribute: str
    label: str
    meaning: str
    kind: str
    takes: str
    partly_known: str
    codes: tuple[CodeInWords, ...]


class RuleExplained(Struct, frozen=True, kw_only=True):
    """One rule and one case. ``settled_by``: what a rule that is unknown waits for; nothing where it is not."""

    words: RuleInWords
    when: str
    answer: Answer
    values: tuple[Said, ...]
    settled_by: tuple[Asked, ...]


class Explained(Struct, frozen=True, kw_only=True):
    """A verdict and its reasons, rule by rule. ``rule``: the first that is false; ``missing``: what leaves the case
    undetermined. Of a case that is out nothing is asked, whatever its other rules wait for (semantics 10)."""

    verdict: Verdict
    rule: str | None
    missing: tuple[str, ...]
    rules: tuple[RuleExplained, ...]


def explain(edition: Edition, library: Library, reading: Reading) -> Explained:
    """The judgement of one case, and every rule of the edition in order."""
    contract = library.contracts[edition.vocabulary]
    found = judge(edition, reading.judged)
    words = edition_in_words(edition, library).rules
    rules = []
    for rule, in_words in zip(edition.rules, words, strict=True):
        lacks = missing(rule.criterion, reading.judged)
        fields = [field_of(contract, name) for name in fields_of(rule.criterion)]
        rules.append(
            RuleExplained(
                words=in_words,
                when=rule.when,
                answer=_ANSWERS[evaluate(rule.criterion, reading.judged)],
                values=tuple(said(field, reading) for field in fields),
                settled_by=tuple(asked(field) for field in fields if field.name in lacks),
            )
        )
    return Explained(verdict=found.verdict, rule=found.rule, missing=found.missing, rules=tuple(rules))


def field_of(contract: Contract, attribute: str) -> Field:
    """The field that an edition calls an attribute."""
    return contract.parts[PartName.CASE].by_name[attribute]


def said(field: Field, reading: Reading) -> Said:
    """What a record says of a field."""
    value = reading.judged[field.name]
    return Said(
        attribute=field.name,
        label=field.label,
        value=None if value is None else canonical_text(field, value),
        exact=is_exact(value),
        derived=reading.is_derived(field.name),
        empty=reading.empties.get(field.name) if value is None else None,
    )


def asked(field: Field) -> Asked:
    """What is to be known of a field for answering it."""
    codes = () if field.list is None else field.list.codes
    return Asked(
        attribute=field.name,
        label=field.label,
        meaning=field.meaning,
        kind=field.kind.value,
        takes=takes(field),
        partly_known=partly_known(field),
        codes=tuple(CodeInWords(code.code, code.title) for code in codes),
    )
