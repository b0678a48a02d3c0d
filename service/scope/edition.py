"""One edition of a scope definition: who is counted, as an ordered list of named rules over contract fields.

The document comes in as plain data, already read from its file; each problem names its place in that data, so that
whoever read the file can add file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct

from service.contract.source import taken_out
from service.criteria.parse import parse
from service.criteria.problem import ConditionError, nearest
from service.criteria.ruling import Definition, TooManyAttributes, define
from service.criteria.tree import Criterion, sets_of
from service.criteria.vocabulary import Vocabulary
from service.errors import Invalid

_EDITION_KEYS = ("edition", "title", "state", "vocabulary", "rules")
_OPTIONAL_KEYS = ("guidance", "source", "tallied_until")
_RULE_KEYS = ("id", "title", "guidance", "when")
_MISSING = {
    "edition": "Write the name of the edition: year, month and a word.",
    "title": "Write in a few words who is counted.",
    "state": "Write where it stands, such as draft.",
    "vocabulary": "Write the contract version whose fields the rules name.",
    "rules": f"List at least one rule, with {', '.join(_RULE_KEYS)}.",
}
_MISSING_IN_RULE = {
    "id": "Write a short name of small letters, by which the rule is counted.",
    "title": "Write in a few words what the rule asks for.",
    "guidance": "Write for those who record cases how the rule is meant.",
    "when": "Write the condition that a case in scope meets.",
}
"""What to write where it is missing."""
_RULE_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class State(StrEnum):
    """Where an edition stands. Proposed, it is frozen; only one is in force at a time."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


class Rule(Struct, frozen=True):
    """One rule: what it asks for (``when``), and in words for whom it is there."""

    id: str
    title: str
    guidance: str
    when: str
    criterion: Criterion


class Edition(Struct, frozen=True):
    """A scope edition, checked. ``vocabulary`` is the contract version whose fields and sets its rules speak of."""

    name: str
    title: str
    state: State
    vocabulary: str
    rules: tuple[Rule, ...]
    definition: Definition
    hash: str
    codes_left_out: Mapping[str, tuple[str, ...]]
    """For each named set that the rules use and whose list marks codes as *depends*: those codes (semantics 7)."""
    tallied_until: date | None = None
    """The last day on which returns are tallied under it once it is superseded."""

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids in order: the rule at place ``i`` is the one that the ruling ``-(i + 1)`` speaks of."""
        return tuple(rule.id for rule in self.rules)


class EditionProblem(Struct, frozen=True):
    """One thing that is wrong: ``path`` is the place in the document (``("rules", 2, "when")``), ``column`` the place
    inside a condition, from 1, or None where it is not about a condition."""

    path: tuple[str | int, ...]
    column: int | None
    says: str
    do: str


class EditionErrors(Invalid):
    """A scope document that cannot be used, with every reason."""

    code = "scope-edition"

    def __init__(self, problems: Iterable[EditionProblem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(first.says + more, first.do)


def load_edition(document: Mapping[str, Any], vocabulary: Vocabulary, *, hash: str) -> Edition:  # noqa: A002
    """The edition of a document ``{edition, title, state, vocabulary, rules: [{id, title, guidance, when}]}``.

    ``vocabulary`` is that of the contract version which the document names; ``hash`` is over everything that judging
    reads. Raises ``EditionErrors`` with all problems at once.
    """
    problems: list[EditionProblem] = []
    _check_head(document, vocabulary, problems)
    tallied_until = _tallied_until(document, problems)
    rules = _rules(document.get("rules"), vocabulary, problems)
    definition = Definition((), ())
    try:
        definition = define(rule.criterion for rule in rules)
    except TooManyAttributes as error:
        problems.append(EditionProblem(("rules",), None, error.says, error.do))
    if problems:
        raise EditionErrors(problems)
    return Edition(
        name=str(document["edition"]),
        title=str(document["title"]),
        state=_state(document["state"]),
        vocabulary=vocabulary.name,
        rules=rules,
        definition=definition,
        hash=hash,
        codes_left_out=_codes_left_out(definition.rules, vocabulary),
        tallied_until=tallied_until,
    )


def _state(said: object) -> State:
    return State(str(said).replace(" ", "_"))


def _lacks(document: Mapping[str, Any], key: str) -> str:
    return "has no rule" if document.get(key) == [] and key == _EDITION_KEYS[-1] else "is missing"


def _check_head(document: Mapping[str, Any], vocabulary: Vocabulary, problems: list[EditionProblem]) -> None:
    absent = [key for key in _EDITION_KEYS if not document.get(key)]
    problems += [EditionProblem((key,), None, f"`{key}` {_lacks(document, key)}.", _MISSING[key]) for key in absent]
    problems += _not_words(document, (*_EDITION_KEYS[:-1], *_OPTIONAL_KEYS), ())
    for key in document:
        if key not in _EDITION_KEYS and key not in _OPTIONAL_KEYS:
            do = nearest(str(key), (*_EDITION_KEYS, *_OPTIONAL_KEYS)) or taken_out((*_EDITION_KEYS, *_OPTIONAL_KEYS))
            problems.append(EditionProblem((key,), None, f"`{key}` is not part of a scope edition.", do))
    if isinstance(document.get("state"), str):
        try:
            _state(document["state"])
        except ValueError:
            do = f"Write one of: {', '.join(State)}."
            problems.append(EditionProblem(("state",), None, f"There is no state `{document['state']}`.", do))
    named = document.get("vocabulary")
    if named and str(named) != vocabulary.name:
        says = f"The edition names the vocabulary {named}, and was read with {vocabulary.name}."
        problems.append(
            EditionProblem(("vocabulary",), None, says, "Name the contract version that it is written for.")
        )


def _tallied_until(document: Mapping[str, Any], problems: list[EditionProblem]) -> date | None:
    """The day, where the key is there at all: nothing written beside it is no day."""
    said = document.get("tallied_until")
    if "tallied_until" not in document or (said and isinstance(said, Mapping | list | tuple)):
        return None
    try:
        found = date.fromisoformat(str(said)) if _DAY.fullmatch(str(said)) else None
    except ValueError:
        found = None
    if found is None:
        do = "Write year, month and day, as in 2026-12-31, or leave it out."
        problems.append(EditionProblem(("tallied_until",), None, "`tallied_until` is not a day.", do))
    return found


def _not_words(table: Mapping[str, Any], keys: Iterable[str], path: tuple[str | int, ...]) -> list[EditionProblem]:
    """The keys under which something else than words stands."""
    wrong = [key for key in keys if table.get(key) and isinstance(table[key], Mapping | list | tuple)]
    return [EditionProblem((*path, key), None, f"`{key}` must be text.", "Write it as one text.") for key in wrong]


def _rules(listed: object, vocabulary: Vocabulary, problems: list[EditionProblem]) -> tuple[Rule, ...]:
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        if listed:
            problems.append(EditionProblem(("rules",), None, "`rules` is not a list.", "List the rules, one by one."))
        return ()
    seen: set[str] = set()
    found = []
    for place, item in enumerate(listed):
        rule = _rule(item, ("rules", place), vocabulary, problems)
        if rule is None:
            continue
        if rule.id in seen:
            says = f"There are two rules `{rule.id}`."
            problems.append(EditionProblem(("rules", place, "id"), None, says, "Give each rule an id of its own."))
        seen.add(rule.id)
        found.append(rule)
    return tuple(found)


def _rule(
    item: object, path: tuple[str | int, ...], vocabulary: Vocabulary, problems: list[EditionProblem]
) -> Rule | None:
    if not isinstance(item, Mapping):
        problems.append(EditionProblem(path, None, "A rule is a mapping.", f"Give it {', '.join(_RULE_KEYS)}."))
        return None
    absent = [key for key in _RULE_KEYS if not item.get(key)]
    problems += [EditionProblem((*path, key), None, f"`{key}` is missing.", _MISSING_IN_RULE[key]) for key in absent]
    not_words = _not_words(item, _RULE_KEYS, path)
    problems += not_words
    for key in item:
        if key not in _RULE_KEYS:
            do = nearest(str(key), _RULE_KEYS) or taken_out(_RULE_KEYS)
            problems.append(EditionProblem((*path, key), None, f"`{key}` is not part of a rule.", do))
    name = "" if not_words else str(item.get("id") or "")
    if name and not _RULE_ID.fullmatch(name):
        do = "Use small letters, digits and `_`, at most 40, beginning with a letter."
        problems.append(EditionProblem((*path, "id"), None, f"`{name}` is not an id.", do))
    if "when" in absent or not_words:
        return None
    try:
        criterion = parse(str(item["when"]), vocabulary, null_tests=False)
    except ConditionError as error:
        problems.append(EditionProblem((*path, "when"), error.column, error.says, error.do))
        return None
    return Rule(name, str(item.get("title")), str(item.get("guidance")), str(item["when"]), criterion)


def _codes_left_out(rules: Iterable[Criterion], vocabulary: Vocabulary) -> Mapping[str, tuple[str, ...]]:
    used = [name for rule in rules for name in sets_of(rule)]
    return {name: vocabulary.sets[name].left_out for name in dict.fromkeys(used) if vocabulary.sets[name].left_out}
