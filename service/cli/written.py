"""Files that somebody is writing, of a scope edition or of terms: read, or everything wrong with them printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from service.cli.output import as_json

if TYPE_CHECKING:
    from service.terms.check import Published

T = TypeVar("T")
Read = Callable[[bytes, str], T]
"""Makes something of a text of a media type. Raises ``DraftErrors``."""

FORM = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)


def published_here() -> Published:
    """Everything under the contracts that the settings name, or those in the package."""
    from service.cli.standard import contracts_folder
    from service.terms.check import load_published

    return load_published(contracts_folder())


def is_written_file(name: str) -> bool:
    """Whether a name is that of a file with something that is being written."""
    file = Path(name)
    return file.suffix in (".yaml", ".yml", ".json") and file.is_file()


def read_or_told(file: Path, read: Read[T], form: str = "table") -> T:
    """What a file holds; where something is wrong with it, all of it is said, and the exit status is 1."""
    from service.contract.written import JSON, LARGEST, YAML, DraftErrors

    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    try:
        return read(content, JSON if file.suffix == ".json" else YAML)
    except DraftErrors as errors:
        if form == "json":
            click.echo(as_json({"file": str(file), "errors": errors.errors}))
        else:
            for problem in errors.problems:
                click.echo(f"{file}:{problem.line}:{problem.column}: {problem.says} {problem.do}")
        raise SystemExit(1) from None


def named(known: Mapping[str, T], name: str, what: str) -> T:
    """What is published under a name, or wrong usage with the names that there are."""
    found = known.get(name)
    if found is None:
        raise click.UsageError(f"There {what} {name}. There are: {', '.join(known)}.")
    return found


def checked_one(name: str, known: Mapping[str, T], read: Callable[[Path], T]) -> T:
    """What ``check`` is told to check: any file, whatever its name ends in, or what is published under a name."""
    file = Path(name)
    if file.is_file():
        return read(file)
    if name not in known:
        raise click.UsageError(f"There is no file {name}, and none of that name is published: {', '.join(known)}.")
    return known[name]
