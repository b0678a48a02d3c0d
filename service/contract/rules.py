"""The validation rules of a contract version: read, checked against its fields, and their conditions parsed.

A rule has either a condition (``when``), or a ``check`` that only the act of reading can make. The rules of an earlier
version hold in the next as well, with its fields' new names, unless that version declares them again or drops them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec.structs import replace

from service.contract.carry import Steps, carried_rules
from service.contract.fields import choice
from service.contract.model import Part, PartName, Role, Rule, Severity
from service.contract.source import Place, Problems, Table, closest
from service.contract.values import Check
from service.criteria.parse import parse
from service.criteria.problem import ConditionError
from service.criteria.tree import Criterion, fields_of
from service.criteria.vocabulary import Kind, Vocabulary

UNHELD = frozenset({Check.KNOWLEDGE_LOST, Check.SUM_DIFFERS})
"""The reading checks after which a row has all its values; every other leaves one that cannot be kept, and holds it."""

OF_KIND: Final[Mapping[Kind, Check]] = {
    Kind.NUMBER: Check.NUMBER,
    Kind.DECIMAL: Check.DECIMAL,
    Kind.DATE: Check.DATE,
}
"""What reading finds in fields of one kind alone."""

CHECK_PLACEHOLDERS = frozenset({"label", "value", "allowed"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ID = re.compile(r"[A-Z][A-Z0-9]{1,7}")


def read_rules(
    document: Table,
    vocabularies: Mapping[PartName, Vocabulary],
    before: Sequence[Rule],
    steps: Steps,
    version: str,
    checks: AbstractSet[Check],
    problems: Problems,
) -> tuple[Rule, ...]:
    """The rules that hold in this version: those of the version before, then its own. Ids are unique.

    ``checks`` are those that can find anything in it: each has a rule."""
    own: dict[str, Rule] = {}
    for table in document.tables("rules"):
        rule = _read_rule(table, vocabularies, version, problems)
        if rule.id in own:
            problems.add(table.place_of("id"), f"The rule '{rule.id}' stands here twice.", "Give it an id of its own.")
        own[rule.id] = rule
    dropped = {item.value: item.place for item in document.texts("dropped")}
    known = {rule.id for rule in before}
    for name, place in dropped.items():
        if name not in known:
            problems.add(place, f"The version before has no rule '{name}'.", closest(name, known))
    guidance = document.table("guidance")
    document.done()
    kept = [rule for rule in before if rule.id not in own and rule.id not in dropped]
    carried = carried_rules(kept, steps, vocabularies, document.place, problems)
    rules = _guided((*carried, *own.values()), guidance, problems)
    if before:
        _check_guidance(rules, document.place, problems)
    _check_checks(rules, checks, document.place, problems)
    return rules


def _guided(rules: Sequence[Rule], guidance: Table, problems: Problems) -> tuple[Rule, ...]:
    """The rules with the guidance that this version gives by id to those that do not say it themselves: a published
    version is never edited, so the words for its rules stand in the next one."""
    known = {rule.id for rule in rules}
    words = {name: guidance.text(name) for name in guidance.names()}
    for name in words.keys() - known:
        problems.add(guidance.place_of(name), f"There is no rule '{name}'.", closest(name, known))
    return tuple(replace(rule, guidance=words.get(rule.id, rule.guidance)) for rule in rules)


def _check_guidance(rules: Sequence[Rule], place: Place, problems: Problems) -> None:
    """From its second version on, a contract says of every rule what to look at and whom to ask."""
    without = [rule.id for rule in rules if not rule.guidance]
    if without:
        says = f"No guidance is given for: {', '.join(without)}."
        problems.add(place, says, "Give a rule its own, or name it under guidance.")


def checks_of(parts: Iterable[Part]) -> frozenset[Check]:
    """The checks that can find anything in these parts. What a standard has no field, sum or role for needs no rule."""
    parts = tuple(parts)
    fields = [field for part in parts for field in part.fields]
    kinds = {field.kind for field in fields}
    absent = {check for kind, check in OF_KIND.items() if kind not in kinds}
    if not any(kind.is_range for kind in kinds):
        absent.add(Check.BOUNDS)
    if not any(field.pattern for field in fields):
        absent.add(Check.PATTERN)
    if not any(field.role is Role.FORMER_KEY for field in fields):
        absent.add(Check.FORMER_IN_USE)
    if not any(part.sums for part in parts):
        absent |= {Check.SUM_EXCEEDS, Check.SUM_DIFFERS}
    if all(Role.KEY in part.by_role for part in parts):
        absent.add(Check.DUPLICATE_CELL)
    return frozenset(Check) - absent


def _check_checks(rules: Sequence[Rule], checks: AbstractSet[Check], place: Place, problems: Problems) -> None:
    """Whatever reading finds has one rule in a part, and every check has a rule somewhere: it needs an id and words."""
    taken: dict[tuple[PartName, str], str] = {}
    for rule in rules:
        for part in rule.parts if rule.check is not None else ():
            other = taken.setdefault((part, rule.check or ""), rule.id)
            if other != rule.id:
                says = f"The check {rule.check} of part {part} has two rules, '{other}' and '{rule.id}'."
                problems.add(place, says, "Keep one.")
    absent = sorted(checks - {check for _, check in taken})
    if absent:
        problems.add(
            place, f"No rule says what is wrong where a check fails: {', '.join(absent)}.", "Add a rule for each."
        )


def parsed(
    table: Table, key: str, vocabulary: Vocabulary, problems: Problems, *, null_tests: bool
) -> tuple[str, Criterion | None]:
    """The condition under a key and its tree, or ``None`` and a problem at its column."""
    words = table.text(key)
    if not words:
        return words, None
    try:
        return words, parse(words, vocabulary, null_tests=null_tests)
    except ConditionError as error:
        problems.add(table.place_of(key), error.says, error.do, column=error.column)
        return words, None


def _read_rule(table: Table, vocabularies: Mapping[PartName, Vocabulary], version: str, problems: Problems) -> Rule:
    rule_id = table.text("id")
    if rule_id and not _ID.fullmatch(rule_id):
        problems.add(table.place_of("id"), f"'{rule_id}' is not a rule's id.", "Write a capital and digits: V201.")
    parts = _parts(table, vocabularies, problems)
    when, criterion, check = None, None, None
    if ("when" in table) == ("check" in table):
        problems.add(table.place, "A rule has either a condition (when) or a check.", "Keep one of the two.")
    elif "when" in table:
        when, criterion = _condition(table, parts, vocabularies, problems)
    else:
        check = choice(table, "check", Check, Check.SHAPE, problems)
    rule = Rule(
        id=rule_id,
        parts=parts,
        severity=choice(table, "severity", Severity, Severity.QUALITY, problems),
        says=table.text("says"),
        fix=table.text("fix"),
        guidance=table.text("guidance", ""),
        when=when,
        criterion=criterion,
        check=check,
        fields=_shown(table, criterion, parts, vocabularies, problems),
        since=version,
        until=table.day("until") if "until" in table else None,
    )
    if check is not None or criterion is not None:
        _check_words(rule, table, problems)
        _check_severity(rule, table, problems)
    table.done()
    return rule


def _parts(table: Table, vocabularies: Mapping[PartName, Vocabulary], problems: Problems) -> tuple[PartName, ...]:
    found = []
    for item in table.texts("parts"):
        if item.value in vocabularies:
            found.append(PartName(item.value))
        else:
            problems.add(item.place, f"There is no part '{item.value}'.", closest(item.value, vocabularies))
    if not found:
        problems.add(table.place, "The rule does not say for which parts it is.", "Add parts: [case].")
    return tuple(found)


def _condition(
    table: Table, parts: tuple[PartName, ...], vocabularies: Mapping[PartName, Vocabulary], problems: Problems
) -> tuple[str, Criterion | None]:
    """The condition in the vocabulary of every part that the rule is for: one tree for all of them."""
    words, criterion = table.text("when"), None
    for part in parts:
        words, criterion = parsed(table, "when", vocabularies[part], problems, null_tests=True)
        if criterion is None:
            break
    return words, criterion


def _check_severity(rule: Rule, table: Table, problems: Problems) -> None:
    """Macro is for the whole return and only for it; what leaves no value to keep must hold the row."""
    place = table.place_of("severity")
    if (rule.parts == (PartName.RETURN,)) != (rule.severity is Severity.MACRO):
        problems.add(place, "The severity macro and the part return belong together.", "Give a rule both or neither.")
    if rule.check is not None and not rule.severity.holds and rule.check not in UNHELD:
        says = f"What the check {rule.check} finds cannot be kept, so it must hold the row."
        problems.add(place, says, "Make it syntactical or validity.")


def _shown(
    table: Table,
    criterion: Criterion | None,
    parts: tuple[PartName, ...],
    vocabularies: Mapping[PartName, Vocabulary],
    problems: Problems,
) -> tuple[str, ...]:
    declared = table.texts("fields")
    for item in declared:
        for part in parts:
            if item.value not in vocabularies[part].fields:
                says = f"The rule shows '{item.value}', which part {part} does not have."
                problems.add(item.place, says, closest(item.value, vocabularies[part].fields))
    if declared:
        return tuple(item.value for item in declared)
    return fields_of(criterion) if criterion is not None else ()


def _check_words(rule: Rule, table: Table, problems: Problems) -> None:
    """A placeholder names a value that is shown with the finding."""
    allowed = CHECK_PLACEHOLDERS if rule.check is not None else frozenset(rule.fields)
    for key, words in (("says", rule.says), ("fix", rule.fix)):
        for name in _PLACEHOLDER.findall(words):
            if name not in allowed:
                says = f"'{key}' speaks of {{{name}}}, which the rule does not show."
                problems.add(table.place_of(key), says, closest(name, allowed) or f"It may show: {', '.join(allowed)}.")
