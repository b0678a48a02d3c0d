"""What would settle an undetermined case: for each missing attribute, which answers decide, and how. Pure.

Answers are tried by the rules themselves. A field of codes has as many as codes that are still possible; a number or a
date has as many as spans between the values that the rules compare it with: inside a span every rule says the same.
Only the rules that read a missing attribute can be undecided, so only these are asked, and cases alike in what these
read are asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from service.contract.canonical import canonical_text
from service.contract.library import Library
from service.contract.model import Field
from service.contract.upgrade import Record
from service.criteria.evaluate import Value
from service.criteria.memory import Memory
from service.criteria.ruling import Definition, define, missing_of
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Not, OneOf, Or, fields_of
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, Kind
from service.criteria.wording import listed, quoted
from service.scope.edition import Edition
from service.scope.explain import field_of
from service.scope.reading import Reading, Readings
from service.scope.verdict import Verdict, verdict_of

_LEAST_NUMBER: Final = -2_147_483_648
_STEPS: Final[dict[Kind, Any]] = {Kind.NUMBER: 1, Kind.DECIMAL: Decimal("0.01"), Kind.DATE: timedelta(days=1)}
_ENDS: Final[dict[Kind, tuple[Any, Any]]] = {
    Kind.NUMBER: (_LEAST_NUMBER, OPEN_NUMBER),
    Kind.DECIMAL: (Decimal(_LEAST_NUMBER), Decimal(OPEN_NUMBER)),
    Kind.DATE: (OPEN_BELOW, OPEN_ABOVE),
}


class Outcome(Struct, frozen=True, kw_only=True):
    """What some answers to one question come to: ``values`` as people write them; ``rule`` the one that puts the case
    out."""

    values: tuple[str, ...]
    verdict: Verdict
    rule: str | None


class Question(Struct, frozen=True, kw_only=True):
    """One missing attribute of a case, and the answers that decide by themselves, whatever else stays unknown."""

    attribute: str
    outcomes: tuple[Outcome, ...]


class _Plan(Struct, frozen=True, kw_only=True):
    """What one ruling asks: the missing attributes, the rules that read one of them, and all that these depend on."""

    missing: tuple[str, ...]
    rules: tuple[int, ...]
    definition: Definition
    fields: tuple[str, ...]


class Settling:
    """What would settle the undetermined cases of one edition."""

    def __init__(self, library: Library, edition: Edition) -> None:
        self._edition = edition
        self._contract = library.contracts[edition.vocabulary]
        self._readings = Readings(library, edition.vocabulary)
        self._plans: Memory[int, _Plan] = Memory(self._plan)
        self._asked: Memory[tuple[int, tuple[Value, ...]], tuple[Question, ...]] = Memory(self._questions)

    def reading(self, version: str, record: Record, empties: dict[str, str]) -> Reading:
        """A record as the edition reads it."""
        return self._readings.of(version, record, empties)

    def questions(self, ruling: int, reading: Reading) -> tuple[Question, ...]:
        """The missing attributes of an undetermined case, in the order in which the edition reads them."""
        return self._asked[ruling, tuple(reading.sent[name] for name in self._plans[ruling].fields)]

    def words(self, questions: Sequence[Question]) -> str:
        """The same in sentences, for whoever fills it in."""
        labels, many = [quoted(self._label(each.attribute)) for each in questions], len(questions) > 1
        said = f"{listed(labels)} {'together settle' if many else 'alone settles'} this case."
        sentences = [_sentence(each, self._label(each.attribute), self._titles, named=many) for each in questions]
        return " ".join(filter(None, [said, *sentences]))

    @property
    def _titles(self) -> dict[str, str]:
        return {rule.id: rule.title for rule in self._edition.rules}

    def _label(self, attribute: str) -> str:
        return field_of(self._contract, attribute).label

    def _plan(self, ruling: int) -> _Plan:
        lacks = missing_of(ruling, self._edition.definition.attributes)
        rules = [(n, rule.criterion) for n, rule in enumerate(self._edition.rules)]
        read = [(n, each) for n, each in rules if not set(lacks).isdisjoint(fields_of(each))]
        names = dict.fromkeys(name for _, each in read for name in fields_of(each))
        behind = [name for field in names for each in self._derivations(field) for name in fields_of(each)]
        return _Plan(
            missing=lacks,
            rules=tuple(n for n, _ in read),
            definition=define(each for _, each in read),
            fields=tuple(dict.fromkeys([*names, *behind])),
        )

    def _derivations(self, attribute: str) -> list[Criterion]:
        return [item.criterion for item in field_of(self._contract, attribute).derive]

    def _questions(self, asked: tuple[int, tuple[Value, ...]]) -> tuple[Question, ...]:
        ruling, values = asked
        plan = self._plans[ruling]
        record = dict(zip(plan.fields, values, strict=True))
        return tuple(
            Question(attribute=name, outcomes=tuple(self._outcomes(plan, record, name))) for name in plan.missing
        )

    def _outcomes(self, plan: _Plan, record: Record, attribute: str) -> Iterator[Outcome]:
        """The answers that decide, those alike in what they do together, in their own order."""
        field = field_of(self._contract, attribute)
        found: dict[tuple[Verdict, str | None], list[Value]] = {}
        for value in _candidates(field, record[attribute], self._compared(plan, record, attribute)):
            one: Value = (value[0], value[0]) if isinstance(value, tuple) else value
            ruling = plan.definition.ruling(self._readings.derived({**record, attribute: one}))
            verdict = verdict_of(ruling)
            if verdict is not Verdict.UNDETERMINED:
                rule = None if ruling == 0 else self._edition.rules[plan.rules[-ruling - 1]].id
                found.setdefault((verdict, rule), []).append(value)
        for (verdict, rule), some in found.items():
            texts = tuple(canonical_text(field, value) for value in _joined(field, some))
            yield Outcome(values=texts, verdict=verdict, rule=rule)

    def _compared(self, plan: _Plan, record: Record, attribute: str) -> set[Any]:
        """What the rules, and the derivations behind them, compare an attribute with."""
        criteria = list(plan.definition.rules)
        criteria += [each for name in plan.definition.attributes for each in self._derivations(name)]
        return {value for each in criteria for value in _constants(each, attribute, record)}


def _constants(criterion: Criterion, attribute: str, record: Record) -> Iterator[Any]:
    match criterion:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _constants(part, attribute, record)
        case Not(part):
            yield from _constants(part, attribute, record)
        case Compare(field, _, value) if field == attribute:
            yield value
        case Between(field, low, high) if field == attribute:
            yield from (low, high)
        case CompareFields(left, _, right) if attribute in (left, right):
            other: Any = record[right if left == attribute else left]
            yield from other or ()
        case OneOf() | IsNull() | Compare() | Between() | CompareFields():
            return


def _candidates(field: Field, known: Any, compared: Iterable[Any]) -> list[Any]:
    """The answers that may differ in what they do: codes that are still possible, or spans of numbers or days."""
    if field.kind is Kind.CODE and field.list is not None:
        bits = [1 << code.ordinal for code in field.list.codes if not code.group]
        return [bit for bit in bits if known is None or bit & known]
    if not field.kind.is_range:
        return []
    step, (first, last) = _STEPS[field.kind], _ENDS[field.kind]
    low, high = known or (field.least if field.least is not None else first, last)
    starts = {low}
    for value in compared:
        starts |= {each for each in (value, value + step if value < high else value) if low < each <= high}
    ordered = sorted(starts)
    spans = [(start, following - step) for start, following in pairwise(ordered)]
    return [*spans, (ordered[-1], high)]


def _joined(field: Field, values: Sequence[Any]) -> list[Any]:
    """Spans that touch are one. The first day that a field takes is no end: nothing is before it."""
    if not field.kind.is_range:
        return list(values)
    step, found = _STEPS[field.kind], list[Any]()
    for low, high in values:
        if found and found[-1][1] + step == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    if field.kind is Kind.DATE:
        return [(OPEN_BELOW if low == field.least and low != high else low, high) for low, high in found]
    return found


def _sentence(question: Question, label: str, titles: dict[str, str], *, named: bool) -> str:
    """``If yes: in scope. If no: out of scope, by the rule ...``, of one of several attributes with its label."""
    subject = f"{quoted(label)} is " if named else ""
    said = []
    for each in question.outcomes:
        then = "in scope" if each.verdict is Verdict.IN_SCOPE else f"out of scope, by {quoted(titles[each.rule or ''])}"
        said.append(f"If {subject}{listed(each.values, 'or')}: {then}.")
    return " ".join(said)
