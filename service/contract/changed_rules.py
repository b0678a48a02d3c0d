"""What a version changes in the code lists, named sets, rules and measures of the one before it."""

from __future__ import annotations

from collections.abc import Iterator

from service.contract.change import Change, ChangeKind, Pair, Subject
from service.contract.model import CodeList, Rule
from service.contract.words import rules_in_words
from service.criteria.wording import listed, set_title


def changed_lists(pair: Pair) -> Iterator[Change]:
    """Code lists that came and that are used no longer; what became of their codes stands with the fields."""
    for name in sorted(pair.now.lists.keys() - pair.before.lists.keys()):
        of = pair.now.lists[name]
        yield _listed(of, ChangeKind.ADDED, f"The code list `{name}` is used: {of.title}, {len(of.codes)} codes.")
    for name in sorted(pair.before.lists.keys() - pair.now.lists.keys()):
        of = pair.before.lists[name]
        yield _listed(of, ChangeKind.DROPPED, f"The code list `{name}` is used no longer; it stays published.")


def _listed(of: CodeList, kind: ChangeKind, says: str) -> Change:
    return Change(id=f"list-{of.name}-{kind}", kind=kind, subject=Subject.LIST, name=of.name, title=of.title, says=says)


def changed_sets(pair: Pair) -> Iterator[Change]:
    """Named sets that came, that went, and that have other codes."""
    before, now = pair.before.vocabulary.sets, pair.now.vocabulary.sets
    for name, item in now.items():
        old = before.get(name)
        if old is None:
            says = f"The named set `{name}` is added: {len(item.codes)} codes of {item.list}."
            yield _of_set(name, set_title(item), ChangeKind.ADDED, says)
        elif set(old.codes) != set(item.codes) or old.left_out != item.left_out:
            came, left = sorted(set(item.codes) - set(old.codes)), sorted(set(old.codes) - set(item.codes))
            words = [f"gains {listed(came)}"] if came else []
            words += [f"loses {listed(left)}"] if left else []
            words += [] if words else ["leaves out other codes, of which the list says that it depends"]
            yield _of_set(name, set_title(item), ChangeKind.RESTATED, f"The named set `{name}` {listed(words)}.")
    for name in before:
        if name not in now:
            yield _of_set(name, set_title(before[name]), ChangeKind.DROPPED, f"The named set `{name}` is gone.")


def _of_set(name: str, title: str, kind: ChangeKind, says: str) -> Change:
    return Change(id=f"set-{name}-{kind}", kind=kind, subject=Subject.SET, name=name, title=title, says=says)


def changed_rules(pair: Pair) -> Iterator[Change]:
    """Rules that came, that went, and that weigh or tell something else."""
    words = rules_in_words(pair.now)
    for rule in pair.now.rules:
        old = pair.before.rule.get(rule.id)
        told = _rule_told(pair, old, rule, words[rule.id])
        if told is not None:
            kind, says = told
            yield _of_rule(rule, kind, says, pair.step(rule.id))
    for old in pair.before.rules:
        if old.id not in pair.now.rule:
            says = f"{old.id} is asked no longer: {rules_in_words(pair.before)[old.id]}"
            yield _of_rule(old, ChangeKind.DROPPED, says, None)


def _rule_told(pair: Pair, old: Rule | None, rule: Rule, words: str) -> tuple[ChangeKind, str] | None:
    if old is None:
        return ChangeKind.ADDED, f"{rule.id} is new, of severity {rule.severity}. {words}"
    if old.severity is not rule.severity and pair.step(rule.id) is not None:
        holds = " A row with it is held. A return of the version before is never asked again."
        return ChangeKind.TIGHTENED, f"{rule.id} is {rule.severity} now, and was {old.severity}. {words}{holds}"
    if old.since != rule.since:
        return ChangeKind.RESTATED, f"{rule.id} is stated anew, of severity {rule.severity}. {words}"
    if old.when != rule.when:
        return ChangeKind.CARRIED, f"{rule.id} asks the same in this version's names and codes. {words}"
    if (old.says, old.fix, old.fields) != (rule.says, rule.fix, rule.fields):
        return ChangeKind.REWORDED, f"{rule.id} asks the same, and tells people in other words."
    if old.guidance != rule.guidance:
        return ChangeKind.REWORDED, f"{rule.id} asks the same, and says more of what to look at and whom to ask."
    return None


def _of_rule(rule: Rule, kind: ChangeKind, says: str, step: int | None) -> Change:
    return Change(
        id=f"rule-{rule.id}-{kind}",
        kind=kind,
        subject=Subject.RULE,
        name=rule.id,
        title=rule.says,
        parts=rule.parts,
        says=says,
        step=step,
    )


def changed_measures(pair: Pair) -> Iterator[Change]:
    """Measures that came and that went."""
    before = {item.name: item for item in pair.before.measures}
    now = {item.name: item for item in pair.now.measures}
    for name, item in now.items():
        if name not in before:
            yield Change(
                id=f"measure-{name}-added",
                kind=ChangeKind.ADDED,
                subject=Subject.MEASURE,
                name=name,
                title=item.title,
                says=f"The measure `{name}` is added: {item.meaning}",
            )
    for name, item in before.items():
        if name not in now:
            yield Change(
                id=f"measure-{name}-dropped",
                kind=ChangeKind.DROPPED,
                subject=Subject.MEASURE,
                name=name,
                title=item.title,
                says=f"The measure `{name}` is gone.",
            )
