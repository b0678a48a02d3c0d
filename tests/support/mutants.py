"""Breaks the condition of each rule in turn and asks whether the kit's examples notice.

``python -m tests.support.mutants`` says which breaks nobody would notice: each needs an example that comes close, or an
argument in ``tests/kit/equivalent.yaml`` why it is no break at all.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct
from msgspec.structs import replace

from service.contract.model import Contract, PartName, Rule
from service.criteria.evaluate import Value, compiled
from service.criteria.tree import (
    And,
    Between,
    Compare,
    CompareFields,
    Criterion,
    IsNull,
    Literal,
    Not,
    OneOf,
    Op,
    Or,
    fields_of,
)
from service.criteria.vocabulary import Kind, Vocabulary
from service.kit.expected import files_of
from service.kit.model import Kit, Raw
from service.kit.read import load_kit
from service.returns.readers import BytesSource, read
from tests.support.beside import measured
from tests.support.returns import published

EQUIVALENT: Final = Path(__file__).resolve().parents[1] / "kit" / "equivalent.yaml"

_SHIFTED: Final = {
    Op.ABOVE: (Op.AT_LEAST, Op.BELOW),
    Op.AT_LEAST: (Op.ABOVE, Op.AT_MOST),
    Op.BELOW: (Op.AT_MOST, Op.ABOVE),
    Op.AT_MOST: (Op.BELOW, Op.AT_LEAST),
    Op.EQUAL: (Op.UNEQUAL, Op.AT_LEAST, Op.AT_MOST),
    Op.UNEQUAL: (Op.EQUAL, Op.ABOVE, Op.BELOW),
}


class Mutant(Struct, frozen=True):
    """One break of one rule: ``what`` was done, in words that stay the same for the same break."""

    rule: str
    what: str
    criterion: Criterion


class Seen(Struct, frozen=True):
    """One row of the examples, or one whole return: what its fields say, and the rules that must find something."""

    values: Mapping[str, Value]
    unreadable: frozenset[str]
    rules: frozenset[str]


def mutants(contract: Contract) -> Iterator[Mutant]:
    """Every break of every condition of a version."""
    for rule in contract.rules:
        if rule.criterion is None:
            continue
        vocabulary = _vocabulary(contract, rule)
        yield Mutant(rule.id, "the opposite", Not(rule.criterion))
        for what, broken in _broken(rule.criterion, vocabulary):
            yield Mutant(rule.id, what, broken)


def seen_of(kit: Kit) -> Mapping[PartName, list[Seen]]:
    """What the examples show to the rules of each part; rows that say the same stand once."""
    found: dict[PartName, dict[str, Seen]] = defaultdict(dict)
    for example in kit.examples:
        content = example.content
        part = kit.contract.parts[example.part]
        ending = content.ending if isinstance(content, Raw) else content.endings[0]
        (file,) = files_of(kit, example, endings=(ending,))
        if file.expected.refused is not None:
            continue
        rules: dict[int, set[str]] = defaultdict(set)
        for finding in file.expected.findings:
            rules[finding.row].add(finding.rule)
        beside = measured(kit.contract, file.content, file.previous, file.media) if example.compares else {}
        for block in read(BytesSource(file.content), file.media, part, kit.contract):
            for index, row in enumerate(block.rows):
                values = {name: column[index] for name, column in block.values.items() if column[index] is not None}
                unreadable = frozenset(name for name, rows in block.failed.items() if index in rows)
                values |= {name: value for name, value in beside.get(row, {}).items() if value is not None}
                seen = Seen(values, unreadable, frozenset(rules[row]))
                key = {name: value for name, value in values.items() if part.shown[name].kind is not Kind.TEXT}
                found[example.part][repr((key, sorted(values), sorted(unreadable), sorted(seen.rules)))] = seen
    for whole in kit.returns:
        rules_of_it = frozenset(item.rule for item in whole.finds)
        found[PartName.RETURN][whole.name] = Seen(whole.measures, frozenset(), rules_of_it)
    return {part: list(rows.values()) for part, rows in found.items()}


def is_noticed(rule: Rule, criterion: Criterion, seen: Mapping[PartName, list[Seen]]) -> bool:
    """Whether a condition in the place of the rule's own finds otherwise than the examples say that it must."""
    holds, read_of = compiled(criterion), frozenset(fields_of(criterion))
    return any(
        (holds(row.values) is True and not row.unreadable & read_of) is not (rule.id in row.rules)
        for part in rule.parts
        for row in seen.get(part, ())
    )


def survivors(kit: Kit) -> list[Mutant]:
    """The breaks that no example notices."""
    seen = seen_of(kit)
    return [
        item for item in mutants(kit.contract) if not is_noticed(kit.contract.rule[item.rule], item.criterion, seen)
    ]


def argued() -> dict[tuple[str, str], str]:
    """The breaks that are none, by rule and what was done, each with the reason."""
    listed = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8"))
    return {(str(item["rule"]), str(item["what"])): str(item["why"]) for item in listed}


def _vocabulary(contract: Contract, rule: Rule) -> Vocabulary:
    part = contract.parts.get(rule.parts[0])
    return contract.vocabulary if part is None else part.rule_vocabulary


def _broken(criterion: Criterion, known: Vocabulary) -> Iterator[tuple[str, Criterion]]:
    """The tree with one thing in it otherwise."""
    match criterion:
        case And(parts) | Or(parts):
            yield from _broken_list(criterion, parts, known)
        case Not(part):
            yield "without not", part
            yield from ((what, Not(inner)) for what, inner in _broken(part, known))
        case IsNull(field):
            yield f"{field} is not null", Not(criterion)
        case OneOf():
            yield from _broken_set(criterion, known)
        case Compare(field, op, value):
            yield from ((f"{field} {other} {value}", replace(criterion, op=other)) for other in _SHIFTED[op])
            yield from ((f"{field} {op} {near}", replace(criterion, value=near)) for near in _near(value))
        case Between(field, low, high):
            yield from ((f"{field} from {near}", replace(criterion, low=near)) for near in _near(low))
            yield from ((f"{field} to {near}", replace(criterion, high=near)) for near in _near(high))
        case CompareFields(left, op, right):
            yield from ((f"{left} {other} {right}", replace(criterion, op=other)) for other in _SHIFTED[op])


def _broken_list(
    criterion: And | Or, parts: tuple[Criterion, ...], known: Vocabulary
) -> Iterator[tuple[str, Criterion]]:
    kind, other = (And, Or) if isinstance(criterion, And) else (Or, And)
    names = " ".join(fields_of(criterion))
    yield f"{other.__name__.lower()} for {kind.__name__.lower()} over {names}", other(parts)
    for place, part in enumerate(parts):
        rest = (*parts[:place], *parts[place + 1 :])
        yield f"without part {place + 1} of {names}", kind(rest) if len(rest) > 1 else rest[0]
        for what, broken in _broken(part, known):
            yield what, kind((*parts[:place], broken, *parts[place + 1 :]))


def _broken_set(criterion: OneOf, known: Vocabulary) -> Iterator[tuple[str, Criterion]]:
    codes = known.fields[criterion.field].codes
    whole = sum(1 << place for place, code in enumerate(codes) if code)
    others = tuple(code for code in codes if code and code not in criterion.codes)
    yield f"{criterion.field} in the others", OneOf(criterion.field, whole & ~criterion.mask, others)
    if criterion.set_name is None and len(criterion.codes) > 1:
        for code in criterion.codes:
            mask = criterion.mask & ~(1 << codes.index(code))
            rest = tuple(item for item in criterion.codes if item != code)
            yield f"{criterion.field} without {code}", OneOf(criterion.field, mask, rest)


def _near(value: Literal) -> tuple[Literal, Literal]:
    step: Any = timedelta(days=1) if isinstance(value, date) else Decimal("0.01") if isinstance(value, Decimal) else 1
    less: Any = value - step
    more: Any = value + step
    return less, more


def main() -> None:
    """Prints every break that nobody would notice."""
    for version in published().library.contracts:
        kit = load_kit(published().library, published().scopes, version)
        total, left = len(list(mutants(kit.contract))), survivors(kit)
        sys.stdout.write(f"{version}: {total - len(left)} of {total} breaks are noticed\n")
        for item in left:
            why = argued().get((item.rule, item.what))
            sys.stdout.write(f"  {item.rule}: {item.what}{f' ({why})' if why else ''}\n")


if __name__ == "__main__":
    main()
