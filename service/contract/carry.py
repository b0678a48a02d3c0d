"""Conditions, sets and rules of one version read forward to the next, by the same steps as its records (semantics 12).

What cannot be carried exactly is refused, never bent: then the next version must say it anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from service.contract.model import CodeList, Derivation, PartName, Relisted, Rule, Severity
from service.contract.recode import CannotCarry, carried_codes
from service.contract.source import Place, Problems
from service.criteria.parse import parse
from service.criteria.problem import ConditionError
from service.criteria.rewrites import renamed as renamed_tree
from service.criteria.tree import And, Criterion, Not, OneOf, Or, fields_of
from service.criteria.vocabulary import NamedSet, Vocabulary
from service.criteria.written import written

_QUOTED = re.compile(r"('[^']*')")


class Steps(Struct, frozen=True, kw_only=True):
    """What a version changes in the one before it, ready to be asked for each of its conditions."""

    renames: Mapping[str, str]
    """New names by old ones."""
    relisted: Mapping[str, Relisted]
    """Fields whose codes changed, by their new names."""
    tightened: Mapping[str, Severity]
    """Rules that weigh more from now on."""

    def carried(self, when: str, criterion: Criterion, vocabulary: Vocabulary, *, null_tests: bool) -> str:
        """A condition with the new names and codes. Raises ``ConditionError``."""
        tree = renamed_tree(criterion, self.renames)
        if not self.relisted.keys() & set(fields_of(tree)):
            text = renamed(when, self.renames)
        else:
            text = written(self._recoded(tree, vocabulary))
        if text != when:
            parse(text, vocabulary, null_tests=null_tests)
        return text

    def _recoded(self, node: Criterion, vocabulary: Vocabulary) -> Criterion:
        match node:
            case And(parts):
                return And(tuple(self._recoded(part, vocabulary) for part in parts))
            case Or(parts):
                return Or(tuple(self._recoded(part, vocabulary) for part in parts))
            case Not(part):
                return Not(self._recoded(part, vocabulary))
            case OneOf(field, _, codes, named) if field in self.relisted and named not in vocabulary.sets:
                return OneOf(field, 0, self._codes(field, codes))
            case _:
                return node

    def _codes(self, field: str, codes: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return carried_codes(self.relisted[field], codes)
        except CannotCarry as error:
            says = f"'{error.code}' of `{field}` may be one of {', '.join(codes)} and may be none of them."
            raise ConditionError(1, says, "Write it anew in this version.") from None


def renamed(condition: str, renames: Mapping[str, str]) -> str:
    """A condition with new names for its fields; quoted values stay as they are."""
    pieces = _QUOTED.split(condition)
    for old, new in renames.items():
        pieces[::2] = [re.sub(rf"\b{re.escape(old)}\b", new, piece) for piece in pieces[::2]]
    return "".join(pieces)


def carried_sets(
    sets: Mapping[str, NamedSet], moved: Mapping[str, Relisted], place: Place, problems: Problems
) -> dict[str, NamedSet]:
    """The named sets of the version before, over this version's lists. ``moved``: by the old list's name."""
    found = {}
    for name, item in sets.items():
        relisted = moved.get(item.list)
        if relisted is None:
            found[name] = item
            continue
        try:
            codes = carried_codes(relisted, item.codes)
            left_out = carried_codes(relisted, item.left_out)
        except CannotCarry as error:
            says = f"The set '{name}' of the version before cannot be carried: '{error.code}' may be in it and may not."
            problems.add(place, says, "Declare the set again.")
            continue
        found[name] = replace(item, list=relisted.new.name, codes=codes, left_out=left_out)
    return found


def carried_derivation(
    item: Derivation, codes: CodeList | None, steps: Steps, vocabulary: Vocabulary, place: Place, problems: Problems
) -> Derivation:
    """A derivation of the version before, of a field whose codes are now those of ``codes``."""
    try:
        when = steps.carried(item.when, item.criterion, vocabulary, null_tests=False)
        criterion = item.criterion if when == item.when else parse(when, vocabulary, null_tests=False)
    except ConditionError as error:
        says = f"A derivation of the version before cannot be read with this version's names: {error.says}"
        problems.add(place, says, error.do, column=error.column)
        return item
    if codes is not None and item.value not in codes.by_code:
        says = f"A derivation of the version before gives '{item.value}', which is no code of {codes.name}."
        problems.add(place, says, "Declare the field again.")
    return Derivation(value=item.value, when=when, criterion=criterion)


def carried_rules(
    rules: Sequence[Rule],
    steps: Steps,
    vocabularies: Mapping[PartName, Vocabulary],
    place: Place,
    problems: Problems,
) -> list[Rule]:
    """The rules of the version before, read forward, and weighing more where this version says so."""
    return [_tightened(_carried(rule, steps, vocabularies, place, problems), steps) for rule in rules]


def _tightened(rule: Rule, steps: Steps) -> Rule:
    return replace(rule, severity=steps.tightened[rule.id]) if rule.id in steps.tightened else rule


def _carried(
    rule: Rule, steps: Steps, vocabularies: Mapping[PartName, Vocabulary], place: Place, problems: Problems
) -> Rule:
    """One rule. Its tree is made again only if something in it has changed."""
    when, criterion = rule.when, rule.criterion
    if when is not None and criterion is not None:
        vocabulary = vocabularies[rule.parts[0]]
        try:
            when = steps.carried(when, criterion, vocabulary, null_tests=True)
            if when != rule.when or steps.relisted.keys() & set(fields_of(criterion)):
                criterion = parse(when, vocabulary, null_tests=True)
        except ConditionError as error:
            says = f"The rule '{rule.id}' of the version before cannot be read with this version's names: {error.says}"
            problems.add(place, says, "Declare the rule again, or drop it.", column=error.column)
            return rule
    if when == rule.when and not steps.renames.keys() & set(rule.fields):
        return replace(rule, criterion=criterion)
    words = {f"{{{old}}}": f"{{{new}}}" for old, new in steps.renames.items()}
    return replace(
        rule,
        when=when,
        criterion=criterion,
        says=_replaced(rule.says, words),
        fix=_replaced(rule.fix, words),
        fields=tuple(steps.renames.get(name, name) for name in rule.fields),
    )


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text
