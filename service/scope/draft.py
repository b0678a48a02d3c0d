"""A draft of a scope edition as somebody wrote it, in YAML or JSON: the edition, or everything wrong with it in place.

The form is looked at before anything is made of it (``service/contract/written.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml
from msgspec import Struct

from service.contract.library import Library
from service.contract.model import Field, PartName
from service.contract.source import Items, Table, Text, plain
from service.contract.written import (
    YAML,
    Asked,
    DraftErrors,
    DraftProblem,
    Found,
    form_of,
    problem_at,
    table_of,
    text_of,
)
from service.criteria.bounded import Decided, decided_by_bounds
from service.criteria.written import written
from service.scope.edition import Edition, EditionErrors, EditionProblem, State, load_edition
from service.scope.published import PIN, check_pin, edition_of

MOST_RULES: Final = 100
LONGEST_NAME: Final = 60

_HEAD: Final = ("edition", "title", "vocabulary", "source", "guidance", "tallied_until")
_RULE: Final = ("id", "title", "guidance", "when")
_NAME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-[a-z0-9]+)+")
_ASKED: Final = Asked(keys="Write keys and values: edition, title, vocabulary and rules.", most=f"{MOST_RULES} rules")


class Draft(Struct, frozen=True, kw_only=True):
    """A draft that can be judged by: ``document`` is what is kept of it, every scalar as the text that stands there."""

    document: Mapping[str, Any]
    edition: Edition


def read_draft(content: bytes, media: str, library: Library) -> Draft:
    """The draft in a text of this media type, its parameters aside. Raises ``DraftErrors`` with all that is wrong."""
    return _read(text_of(content), media, library, only_draft=True)


def read_either(content: bytes, media: str, library: Library) -> Draft:
    """The same of a document in any state: one that stands in another than draft is read as it would be published, with
    what it pins."""
    return _read(text_of(content), media, library, only_draft=False)


def read_again(document: Mapping[str, Any], library: Library) -> Draft:
    """A stored draft, read as if it were written now: what is asked of a draft may be more than when it was stored.
    Raises ``DraftErrors``, whose places are in ``text_of_draft``."""
    return _read(text_of_draft(document), YAML, library, only_draft=True)


def text_of_draft(document: Mapping[str, Any]) -> str:
    """A stored document as people write it, in YAML, in the order in which one reads it."""
    rules = [{key: rule[key] for key in _RULE if key in rule} for rule in document.get("rules", ())]
    ordered = {key: document[key] for key in _HEAD if document.get(key)} | {"rules": rules}
    text: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def _read(sent: str, media: str, library: Library, *, only_draft: bool) -> Draft:
    text, table = table_of(sent, media, _ASKED)
    draft = only_draft or table.text("state", State.DRAFT) == State.DRAFT
    problems = [*form_of(text, table), *(_head(text, table) if draft else ())]
    rules = table.node("rules")
    if isinstance(rules, Items) and len(rules.nodes) > MOST_RULES:
        says = f"There are {len(rules.nodes):,} rules."
        problems.append(problem_at(text, table, ("rules",), says, f"Write at most {MOST_RULES}."))
        raise DraftErrors(problems)
    document = {key: value for key, value in plain(table).items() if key != PIN}
    if draft:
        document["state"] = State.DRAFT.value
    try:
        edition = edition_of(document, library)
    except EditionErrors as errors:
        found = dict.fromkeys([*errors.problems, *_beside(document, library, errors)])
        problems += [problem_at(text, table, each.path, each.says, each.do, each.column) for each in found]
        raise DraftErrors(problems) from None
    if draft:
        problems += _decided(text, table, edition, library)
    else:
        pinned = Found(_ASKED)
        check_pin(edition, table, library, pinned)
        problems += pinned.problems
    if problems:
        raise DraftErrors(problems)
    return Draft(document=document, edition=edition)


def _head(text: str, table: Table) -> Iterator[DraftProblem]:
    """What is asked of a draft and not of an edition that is published already."""
    name, state = table.node("edition"), table.node("state")
    if isinstance(name, Text) and name.value and not (_NAME.fullmatch(name.value) and len(name.value) <= LONGEST_NAME):
        says = "This cannot be the name of an edition."
        do = (
            "Write year, month and a word, as in 2026-02-referral: small letters, digits and hyphens, at most "
            f"{LONGEST_NAME} characters."
        )
        yield problem_at(text, table, ("edition",), says, do)
    if state is not None and (not isinstance(state, Text) or state.value != State.DRAFT):
        says = "A draft cannot say that it is in another state."
        do = "Leave `state` out, or write draft: proposing and confirming move it on."
        yield problem_at(text, table, ("state",), says, do)
    if PIN in table:
        says = f"A draft does not pin what it reads: `{PIN}` is not part of it."
        yield problem_at(text, table, (PIN,), says, "Take it out.")


def _decided(text: str, table: Table, edition: Edition, library: Library) -> Iterator[DraftProblem]:
    """Comparisons of a draft that ask nothing, because of what their field may be at all. Editions that were proposed
    before this was looked at are read on as they are."""
    fields = library.contracts[edition.vocabulary].parts[PartName.CASE].by_name
    bounds = {name: (field.least, field.greatest) for name, field in fields.items()}
    for place, rule in enumerate(edition.rules):
        for found in decided_by_bounds(rule.criterion, bounds):
            says, do = _told(found, fields[found.part.field])
            yield problem_at(text, table, ("rules", place, "when"), says, do)


def _told(found: Decided, field: Field) -> tuple[str, str]:
    """What is wrong with a comparison that asks nothing, and what to write."""
    least = None if field.least is None else f"at least {field.least}"
    most = None if field.greatest is None else f"at most {field.greatest}"
    says = (
        f"`{written(found.part)}` is {'true' if found.always else 'false'} of every value that can be recorded: "
        f"`{field.name}` is {' and '.join(bound for bound in (least, most) if bound)}."
    )
    where = "between the two" if least and most else "above that" if least else "below that"
    do = f"Compare with a value {where}, or leave the comparison out."
    if found.always:
        do += (
            f" Whether `{field.name}` is recorded is nothing that a definition asks: where it is not, the rules that "
            "need it leave a case undetermined by themselves."
        )
    return says, do


def _beside(document: Mapping[str, Any], library: Library, errors: EditionErrors) -> Iterable[EditionProblem]:
    """What else is wrong where the vocabulary is not known: all but the conditions, which need one."""
    if [problem.path for problem in errors.problems] != [("vocabulary",)]:
        return ()
    newest = library.newest
    try:
        load_edition({**document, "vocabulary": newest.version}, newest.vocabulary, hash="")
    except EditionErrors as more:
        return tuple(problem for problem in more.problems if problem.path[-1] != "when" or problem.column is None)
    return ()
