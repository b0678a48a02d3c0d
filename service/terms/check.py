"""Everything that is published, checked at once: what runs at start and in ``case-returns contracts check``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from service.contract.library import Library, read_library
from service.contract.pace import read_pace
from service.contract.published import check_published
from service.contract.source import Place, Problem, Problems, in_order
from service.contract.spreadsheets import FILE, read_habits
from service.scope.edition import Edition, State
from service.scope.editions import Editions
from service.scope.published import read_editions
from service.terms.load import read_terms
from service.terms.model import Terms


class Published(Struct, frozen=True):
    """The library with its scope editions and its editions of the terms, all checked against each other."""

    library: Library
    scopes: Editions
    terms: Mapping[str, Terms]


def check(root: Path | None = None) -> tuple[Problem, ...]:
    """Every problem of everything under ``contracts/``; none if it can be used."""
    problems = Problems()
    _read(root, problems)
    return in_order(problems.found)


def load_published(root: Path | None = None) -> Published:
    """Everything under ``contracts/``, or ``LibraryErrors`` with every problem."""
    problems = Problems()
    published = _read(root, problems)
    problems.raise_if_any()
    return published


def _read(root: Path | None, problems: Problems) -> Published:
    library = read_library(root, problems)
    scopes = Editions(library, read_editions(library, problems))
    terms = {name: read_terms(document, library, problems) for name, document in library.terms.items()}
    _check_states(scopes, terms, library, problems)
    problems.found += check_published(library)
    if (library.root / FILE).exists():
        read_habits(library.root, problems)
    read_pace(library, problems)
    return Published(library, scopes, terms)


def _check_states(
    scopes: Mapping[str, Edition], terms: Mapping[str, Terms], library: Library, problems: Problems
) -> None:
    """An edition that terms put in force, or propose, says so itself; one in force reads a published version."""
    for one in terms.values():
        named = [(one.scope, State.IN_FORCE), *((name, State.PROPOSED) for name in one.proposed)]
        for name, state in named:
            edition = scopes.get(name)
            if edition is None:
                continue
            where = Place(library.scopes[name].file, 1)
            if edition.state not in (state, State.SUPERSEDED):
                says = (
                    f"The terms {one.edition} have '{name}' as {state.replace('_', ' ')}, and it says {edition.state}."
                )
                problems.add(where, says, "Make them agree.")
            if state is State.IN_FORCE and library.contracts[edition.vocabulary].state == "draft":
                says = f"'{name}' is in force and reads contract version {edition.vocabulary}, which is a draft."
                problems.add(where, says, "Publish that version first.")
