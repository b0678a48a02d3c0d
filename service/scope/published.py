"""The scope editions of the library: published documents, read in the vocabulary that each names, and pinned.

The hash of an edition is over its rules, over what they read of the vocabulary, and over until when it says that it is
tallied, not over its state or the form of its file: the same edition has the same hash wherever it is written down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from service.contract.library import Document, Library
from service.contract.reads import fields_read, reads_digest
from service.contract.source import Place, Problems, Table, closest, place_at, plain
from service.scope.edition import Edition, EditionErrors, EditionProblem, State, load_edition

PIN = "reads"
"""The key under which a published edition pins what its rules read of a vocabulary that is still a draft."""


def published_editions(library: Library) -> Mapping[str, Edition]:
    """Every edition that the library carries, by name. Raises ``LibraryErrors`` with all that is wrong."""
    problems = Problems()
    editions = read_editions(library, problems)
    problems.raise_if_any()
    return editions


def read_editions(library: Library, problems: Problems) -> Mapping[str, Edition]:
    """The editions that can be read, with what is wrong in the others added to ``problems``."""
    found = {}
    for document in library.scopes.values():
        edition = _read(document, library, problems)
        if edition is not None:
            found[edition.name] = edition
    return MappingProxyType(found)


def edition_of(document: Mapping[str, Any], library: Library) -> Edition:
    """The edition of one document, with its hash. Raises ``EditionErrors`` with all problems."""
    named = document.get("vocabulary")
    version = named if isinstance(named, str) else ""
    contract = library.contracts.get(version)
    if contract is None:
        says = f"There is no contract version '{version}'." if version else "`vocabulary` does not name a version."
        do = closest(version, library.contracts) or f"Name one of: {', '.join(library.contracts)}."
        raise EditionErrors([EditionProblem(("vocabulary",), None, says, do)])
    edition = load_edition(document, contract.vocabulary, hash="")
    problems = list(_not_for_all(library, edition))
    if problems:
        raise EditionErrors(problems)
    return replace(edition, hash=_hash(edition, reads_digest(library, version, edition.definition.rules)))


def _not_for_all(library: Library, edition: Edition) -> Iterator[EditionProblem]:
    """The rules that read a field which does not apply to every case."""
    for place, rule in enumerate(edition.rules):
        for field in fields_read(library, edition.vocabulary, [rule.criterion]):
            if field.not_applicable:
                says = f"The rule reads '{field.name}', which may be not applicable: then nobody could say in or out."
                do = "Use a field that applies to every case."
                yield EditionProblem(("rules", place, "when"), None, says, do)


def _hash(edition: Edition, reads: str) -> str:
    rules = [[rule.id, rule.title, rule.guidance, rule.when] for rule in edition.rules]
    until = [] if edition.tallied_until is None else [edition.tallied_until]
    words = msgspec.json.encode([edition.name, edition.title, edition.vocabulary, rules, reads, *until])
    return hashlib.sha256(words).hexdigest()


def _read(document: Document, library: Library, problems: Problems) -> Edition | None:
    table = document.table(problems)
    name = table.text("edition", "")
    if name and name != document.name:
        says = f"The file is '{document.name}' and the edition '{name}'."
        problems.add(table.place_of("edition"), says, "Make them the same.")
    content = {key: value for key, value in plain(table).items() if key != PIN}
    try:
        edition = edition_of(content, library)
    except EditionErrors as errors:
        for problem in errors.problems:
            problems.add(place_at(table, problem.path), problem.says, problem.do, column=problem.column)
        return None
    check_pin(edition, table, library, problems)
    return edition


def check_pin(edition: Edition, table: Table, library: Library, problems: Problems) -> None:
    """A frozen edition over a draft vocabulary pins what it reads, so that a change there cannot go unseen."""
    reads = reads_digest(library, edition.vocabulary, edition.definition.rules)
    pin = table.optional(PIN)
    draft = library.contracts[edition.vocabulary].state == "draft"
    if pin is None and draft and edition.state is not State.DRAFT:
        where = Place(table.place.file, table.place_of("vocabulary").line)
        problems.add(
            where, "The vocabulary is a draft, and the edition does not pin what it reads.", f"Add reads: {reads}"
        )
    elif pin is not None and pin != reads:
        says = "What the rules read of the vocabulary is not what this edition pins."
        problems.add(table.place_of(PIN), says, f"Undo the change, or publish a new edition; now it would be {reads}")
