"""Which standard a command works by: a version of the contracts that are published here, or a folder of another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.written import is_written_file, named, read_or_told

if TYPE_CHECKING:
    from service.contract.library import Library
    from service.contract.model import Contract
    from service.scope.edition import Edition

CONTRACT_HELP = "Version of the contract, or a folder of contracts [default: what the terms name first]."


def contracts_folder() -> Path | None:
    """The contracts that the settings name; none: those in the package."""
    from service.settings import read_settings

    return read_settings().contracts


def library() -> Library:
    """Contracts and code lists, checked."""
    from service.contract.library import load_library

    return _as_published(load_library(contracts_folder()))


def _of_folder(folder: Path) -> Library:
    """What a folder of contracts has; refused where it has other content under the name of what is published."""
    from service.contract.library import load_library
    from service.contract.published import other_than
    from service.contract.source import LibraryErrors

    of = _as_published(load_library(folder))
    problems = other_than(of, library())
    if problems:
        raise LibraryErrors(problems)
    return of


def _as_published(of: Library) -> Library:
    from service.contract.published import changed_since
    from service.contract.source import LibraryErrors

    problems = changed_since(of)
    if problems:
        raise LibraryErrors(problems)
    return of


def contract_of(of: Library, version: str | None) -> Contract:
    """The version asked for, or the one in which the service opens a return where none is named; an unknown one is
    wrong usage."""
    version = _usual(of) if version is None else version
    if version is None:
        newest_first = list(of.contracts.values())[::-1]
        if not newest_first:
            raise click.UsageError(f"There is no contract version in {of.root}.")
        return next((item for item in newest_first if item.state != "draft"), newest_first[0])
    if version not in of.contracts:
        raise click.UsageError(f"There is no contract version {version}. There are: {', '.join(of.contracts)}.")
    return of.contracts[version]


def _usual(of: Library) -> str | None:
    """The version that the newest terms name first; None where there are no terms."""
    from service.contract.source import Problems

    if not of.terms:
        return None
    table = list(of.terms.values())[-1].table(Problems())
    named = [entry.text("version", "") for entry in table.tables("contracts")]
    return next((version for version in named if version in of.contracts), None)


def standard(named: str | None) -> tuple[Library, Contract]:
    """The library and the version that ``--contract`` names: by its name, or by a folder laid out as ``contracts/`` is,
    or by the folder of one version inside such a one."""
    folder = None if named is None else Path(named)
    if named is None or folder is None or not folder.is_dir():
        of = library()
        if named is not None and named not in of.contracts:
            known = ", ".join(of.contracts)
            raise click.UsageError(f"There is no contract version {named}, and no such folder. There are: {known}.")
        return of, contract_of(of, named)
    folder = folder.resolve()
    if (folder / "returns").is_dir():
        of = _of_folder(folder)
        return of, contract_of(of, None)
    if folder.parent.name == "returns" and (folder / "contract.yaml").is_file():
        of = _of_folder(folder.parent.parent)
        return of, contract_of(of, folder.name)
    raise click.UsageError(f"{named} is no folder of contracts: there is no folder 'returns' in it.")


def edition_named(editions: Mapping[str, Edition], name: str) -> Edition:
    """A scope edition, or wrong usage with those that there are."""
    return named(editions, name, "is no scope edition")


def edition_asked_for(of: Library, scope: str | None) -> Edition:
    """The edition of ``--scope``: a published one, or the file of one; without it the one in force, or the only one."""
    from service.contract.published import FILE
    from service.scope.published import published_editions
    from service.terms.check import load_published

    if scope is not None and is_written_file(scope):
        return edition_in(Path(scope), of)
    if not (of.root / FILE).exists():  # a standard of somebody's own, of which nothing is in force
        editions, in_force = published_editions(of), None
    else:
        published = load_published(of.root)
        editions = published.scopes
        in_force = list(published.terms.values())[-1].scope if published.terms else None
    if scope is None and in_force is None:
        if len(editions) != 1:
            listed = ", ".join(editions) or "none"
            raise click.UsageError(f"Say which scope edition, or give a file of one: --scope. There are: {listed}.")
        return next(iter(editions.values()))
    return edition_named(editions, scope or in_force or "")


def edition_in(file: Path, known: Library, form: str = "table") -> Edition:
    """The edition of a file; where something is wrong with it, all of it is said, and the exit status is 1."""
    from service.scope.draft import read_either

    return read_or_told(file, lambda content, media: read_either(content, media, known).edition, form)
