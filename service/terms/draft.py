"""A draft of an edition of the terms as somebody wrote it, in YAML or JSON: the terms, or everything wrong in place.

It says all that a published file says but three things that are not for a draft to say: when it is adopted, and which
scope edition is in force or proposed. A scope edition has a way of its own to come into force. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from service.contract.library import Library
from service.contract.source import Items, Table, Text, plain, read_yaml
from service.contract.written import (
    YAML,
    Asked,
    DraftErrors,
    DraftProblem,
    Found,
    form_of,
    pointer_of,
    problem_at,
    table_of,
    text_of,
    walked,
)
from service.terms.load import read_published_table, read_terms_table
from service.terms.model import Terms

MOST_ENTRIES: Final = 200
"""Contract versions, milestones and entries of participation, of each at most."""
LONGEST_NAME: Final = 60

_ORDER: Final = ("edition", "title", "source", "contracts", "calendar", "milestones", "force_list", "participation")
_KEYS: Final = "edition, title, source, contracts, calendar, milestones, force_list and participation"
_ASKED: Final = Asked(keys=f"Write keys and values: {_KEYS}.", most=f"{MOST_ENTRIES} entries")
_NAME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-[a-z0-9]+)*")
_SCOPE_KEYS: Final = ("scope", "proposed")


class TermsDraftErrors(DraftErrors):
    """A draft of the terms that cannot be taken, with every reason in the order of its text."""

    code = "terms-draft"


class TermsDraft(Struct, frozen=True, kw_only=True):
    """A draft that reads: ``document`` is what is kept of it as it was written, ``terms`` what it says."""

    document: Mapping[str, Any]
    terms: Terms


def read_terms_draft(content: bytes, media: str, library: Library) -> TermsDraft:
    """The draft in a text of this media type. Raises ``TermsDraftErrors`` with all that is wrong."""
    try:
        return _read(text_of(content), media, library)
    except DraftErrors as errors:
        raise TermsDraftErrors(errors.problems) from None


def read_either_terms(content: bytes, media: str, library: Library) -> Terms:
    """The terms of a draft, or of a file as they are published: that is one which says when it was adopted, and which
    scope edition was in force then. Raises ``TermsDraftErrors``."""
    try:
        terms = _read(text_of(content), media, library, only_draft=False).terms
        return terms if terms.hash else replace(terms, hash=hashlib.sha256(content).hexdigest())
    except DraftErrors as errors:
        raise TermsDraftErrors(errors.problems) from None


def read_terms_again(document: Mapping[str, Any], library: Library) -> Terms:
    """A stored draft, read as if it were written now: what is asked of a draft may be more than when it was stored, and
    what it was read with may be other. Raises ``TermsDraftErrors``, whose places are in ``text_of_terms``."""
    try:
        return _read(text_of_terms(document), YAML, library).terms
    except DraftErrors as errors:
        raise TermsDraftErrors(errors.problems) from None


def text_of_terms(document: Mapping[str, Any]) -> str:
    """A stored document as people write it, in YAML."""
    ordered = {key: document[key] for key in _ORDER if document.get(key) is not None}
    text: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=110)
    return text


def _read(sent: str, media: str, library: Library, *, only_draft: bool = True) -> TermsDraft:
    """The hash of what is no draft is for whoever has its bytes to say."""
    text, table = table_of(sent, media, _ASKED)
    is_draft = only_draft or not ("scope" in table and "adopted" in table)
    problems = [*form_of(text, table), *(_head(text, table) if is_draft else ())]
    too_many = list(_long_lists(text, table))
    if too_many:
        raise DraftErrors([*problems, *too_many])
    found = Found(_ASKED)
    fresh = read_yaml(text, "", found)  # of which nothing was asked yet: a key that nobody asks for is a mistake
    if is_draft:
        fresh.told_elsewhere(*_SCOPE_KEYS, "adopted")
        terms = read_terms_table(fresh, library, found)
    else:
        terms = read_published_table(fresh, library, found)
    places = _places(table)
    problems += [replace(each, pointer=places.get((each.line, each.column), "")) for each in found.problems]
    if problems:
        raise DraftErrors(problems)
    digest = hash_of(terms) if is_draft else ""
    return TermsDraft(document=_with_numbers(plain(table), terms), terms=replace(terms, hash=digest))


def hash_of(terms: Terms) -> str:
    """Over all that a draft says as it is read, the stages of its milestones too; not over what adoption adds to it."""
    said = replace(terms, adopted=date.min, scope="", proposed=(), hash="")
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def _head(text: str, table: Table) -> Iterator[DraftProblem]:
    name = table.node("edition")
    if isinstance(name, Text) and name.value and not (_NAME.fullmatch(name.value) and len(name.value) <= LONGEST_NAME):
        says = "This cannot be the name of an edition."
        do = f"Write year and month, as in 2027-01, or with a word: 2027-01-forces; at most {LONGEST_NAME} characters."
        yield problem_at(text, table, ("edition",), says, do)
    for key in _SCOPE_KEYS:
        if key in table:
            says = f"A draft of the terms does not say `{key}`: adopting terms switches no scope edition."
            yield problem_at(text, table, (key,), says, "Take it out; a scope edition is adopted at /api/scopes.")
    if "adopted" in table:
        says = "A draft does not say when it is adopted: that is the day on which it comes into force."
        yield problem_at(text, table, ("adopted",), says, "Take it out; propose it with the day as `effective`.")


def _long_lists(text: str, table: Table) -> Iterator[DraftProblem]:
    for key in ("contracts", "milestones", "participation"):
        node = table.node(key)
        if isinstance(node, Items) and len(node.nodes) > MOST_ENTRIES:
            yield problem_at(
                text, table, (key,), f"There are {len(node.nodes):,} entries.", f"Write at most {MOST_ENTRIES}."
            )


def _places(table: Table) -> Mapping[tuple[int, int], str]:
    """The pointer of what stands at each place; of a mapping and its first key, the mapping's."""
    placed = [(node.place, path) for path, node in walked(table)]
    keys = [
        (node.place_of_key(name), (*path, name))
        for path, node in walked(table)
        if isinstance(node, Table)
        for name in node.names()
    ]
    found: dict[tuple[int, int], str] = {}
    for place, path in (*placed, *keys):
        found.setdefault((place.line, place.column), pointer_of(path))
    return found


def _with_numbers(document: dict[str, Any], terms: Terms) -> dict[str, Any]:
    """The document with its numbers as numbers, so that it can be sent again as JSON."""
    document["calendar"]["due_days"] = terms.calendar.due_days
    for entry, milestone in zip(document.get("milestones") or (), terms.milestones, strict=True):
        if "least_percent" in entry:
            entry["least_percent"] = milestone.least_percent
    return document
