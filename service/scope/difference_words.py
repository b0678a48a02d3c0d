"""What one scope edition changes in another, in plain English: a changelog for those who decide on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from service.contract.library import Library
from service.contract.model import PartName
from service.criteria.tree import Criterion
from service.criteria.wording import listed, quoted, sentence
from service.scope.carried import NotCarried
from service.scope.difference import ChangedRule, Condition, Difference, MovedRule, difference
from service.scope.edition import Edition, Rule
from service.scope.part_words import changes_in_words
from service.scope.vocabulary_words import vocabulary_in_words

NOTHING = "The two editions have the same rules in the same order, and read by the same contract version."


class RuleKind(StrEnum):
    """What became of a rule, in the order in which changes are told."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    """It says what it said, at another place."""


class Changed(StrEnum):
    """What of a rule changed."""

    CONDITION = "condition"
    WRITING = "writing"
    """The condition is written otherwise and means the same."""
    TITLE = "title"
    GUIDANCE = "guidance"


class RuleDifference(Struct, frozen=True, kw_only=True):
    """What became of one rule. ``place_before``, ``place_after``: where it stands in each edition, from 1; None: not in
    that one. ``changed``: what of it, of a rule that both have.

    ``says`` are the changes, a sentence each. ``before`` and ``after`` are the whole condition in words, each of its
    own edition; None where that has no such rule, and both where the condition did not change. ``moved``: it stands
    elsewhere among the rules that both have.
    """

    kind: RuleKind
    id: str
    title: str
    place_before: int | None
    place_after: int | None
    moved: bool
    changed: tuple[Changed, ...]
    says: tuple[str, ...]
    before: str | None
    after: str | None
    when_before: str | None
    when_after: str | None


class DifferenceInWords(Struct, frozen=True, kw_only=True):
    """A difference in words. ``vocabulary``: what is read otherwise because the contract version is another, a sentence
    each. ``kept``: the titles of the rules that say what they said, by their ids."""

    before: str
    after: str
    summary: str
    title: str | None
    vocabulary: tuple[str, ...]
    rules: tuple[RuleDifference, ...]
    kept: tuple[tuple[str, str], ...]


def difference_in_words(library: Library, found: Difference) -> DifferenceInWords:
    """A difference in words, read forward by this library where the two editions have different vocabularies."""
    if found.reads_otherwise:
        found = difference(found.before, found.after, library)
    titles = {rule.id: rule.title for rule in found.after.rules}
    return DifferenceInWords(
        before=found.before.name,
        after=found.after.name,
        summary=_summary(found),
        title=_title(found),
        vocabulary=vocabulary_in_words(library, found),
        rules=tuple(_rules(library, found)),
        kept=tuple((name, titles[name]) for name in found.kept),
    )


def text_of_difference(words: DifferenceInWords) -> str:
    """The whole as plain text; it ends with a line break."""
    lines = [f"What {words.after} changes in {words.before}", "", words.summary]
    lines += [] if words.title is None else [words.title]
    lines += words.vocabulary
    for rule in words.rules:
        lines += ["", f"{rule.kind.capitalize()}: {rule.title} ({rule.id})"]
        lines += [f"   {text}" for text in rule.says]
        lines += [f"   {name}: {text}" for name, text in (("Before", rule.before), ("Now", rule.after)) if text]
    if words.kept and words.rules:
        lines += ["", f"Unchanged: {'; '.join(f'{title} ({name})' for name, title in words.kept)}"]
    return "\n".join(lines) + "\n"


def _summary(found: Difference) -> str:
    if found.is_empty:
        return NOTHING
    counted = [("adds", found.added), ("removes", found.removed), ("changes", found.changed), ("moves", found.moved)]
    pieces = [f"{verb} {_number(len(rules))}" for verb, rules in counted if rules]
    if not pieces:
        pieces = ["has the same rules in the same order"]
    says = f"{found.after.name}, compared with {found.before.name}, {listed(pieces)}."
    if found.kept:
        one = len(found.kept) == 1
        says += " One rule says what it said." if one else f" {len(found.kept)} rules say what they said."
    return says


def _number(count: int) -> str:
    return "one rule" if count == 1 else f"{count} rules"


def _title(found: Difference) -> str | None:
    if not found.title:
        return None
    return f"The title is {quoted(found.after.title)}; it was {quoted(found.before.title)}."


def _rules(library: Library, found: Difference) -> Iterator[RuleDifference]:
    moved = {item.id: item for item in found.moved}
    for rule in found.added:
        place = found.after.rule_ids.index(rule.id)
        says = f"It is rule {place + 1} of {len(found.after.rules)}."
        after = _meets(library, found.after, rule)
        yield _rule(found, rule, RuleKind.ADDED, (says,), after=after)
    for rule in found.removed:
        place = found.before.rule_ids.index(rule.id)
        says = f"It was rule {place + 1} of {len(found.before.rules)}."
        before = _meets(library, found.before, rule)
        yield _rule(found, rule, RuleKind.REMOVED, (says,), before=before)
    for item in found.changed:
        yield _changed(library, found, item, moved.get(item.id))
    changed = {item.id for item in found.changed}
    for move in found.moved:
        if move.id not in changed:
            rule = found.after.rules[move.after - 1]
            yield _rule(found, rule, RuleKind.MOVED, (_move(found, move),))


def _changed(library: Library, found: Difference, item: ChangedRule, move: MovedRule | None) -> RuleDifference:
    says = list(_what_changed(library, found, item))
    if move is not None:
        says.append(_move(found, move))
    what = tuple(_what(item))
    if item.condition is Condition.SAME:
        return _rule(found, item.after, RuleKind.CHANGED, tuple(says), what)
    before, after = _meets(library, found.before, item.before), _meets(library, found.after, item.after)
    return _rule(found, item.after, RuleKind.CHANGED, tuple(says), what, before=before, after=after)


def _what(item: ChangedRule) -> Iterator[Changed]:
    if item.condition is not Condition.SAME:
        yield Changed.WRITING if item.condition is Condition.RESTATED else Changed.CONDITION
    if item.title:
        yield Changed.TITLE
    if item.guidance:
        yield Changed.GUIDANCE


def _what_changed(library: Library, found: Difference, item: ChangedRule) -> Iterator[str]:
    earlier, later = item.read_before, item.read_after
    if isinstance(earlier, NotCarried) or isinstance(later, NotCarried):
        for each in (earlier, later):
            if isinstance(each, NotCarried):
                yield f"The two conditions cannot be compared part by part: {each.version} cannot say one. {each.says}"
    elif item.condition is Condition.RESTATED:
        yield "The condition is written otherwise, and means the same."
    elif item.condition is Condition.CHANGED:
        known = library.contracts[found.vocabulary].titles[PartName.CASE]
        yield from changes_in_words(earlier.criterion, later.criterion, known)
    if item.title:
        yield f"The title is {quoted(item.after.title)}; it was {quoted(item.before.title)}."
    if item.guidance:
        yield f"The guidance is {quoted(item.after.guidance)}; it was {quoted(item.before.guidance)}."


def _move(found: Difference, move: MovedRule) -> str:
    return (
        f"It is rule {move.after} of {len(found.after.rules)}, and was rule {move.before} of "
        f"{len(found.before.rules)}: a case that fails several rules is counted under the first of them."
    )


def _rule(
    found: Difference,
    rule: Rule,
    kind: RuleKind,
    says: tuple[str, ...],
    changed: tuple[Changed, ...] = (),
    *,
    before: str | None = None,
    after: str | None = None,
) -> RuleDifference:
    old, new = found.before.rule_ids, found.after.rule_ids
    whens = {each.id: each.when for each in found.before.rules}, {each.id: each.when for each in found.after.rules}
    return RuleDifference(
        kind=kind,
        id=rule.id,
        title=rule.title,
        place_before=old.index(rule.id) + 1 if rule.id in old else None,
        place_after=new.index(rule.id) + 1 if rule.id in new else None,
        moved=any(item.id == rule.id for item in found.moved),
        changed=changed,
        says=says,
        before=before,
        after=after,
        when_before=None if before is None else whens[0][rule.id],
        when_after=None if after is None else whens[1][rule.id],
    )


def _meets(library: Library, edition: Edition, rule: Rule) -> str:
    return _sentence(library, edition.vocabulary, rule.criterion)


def _sentence(library: Library, version: str, criterion: Criterion) -> str:
    known = library.contracts[version].titles[PartName.CASE]
    return f"A case meets this rule if {sentence(criterion, known)}."
