"""``case-returns terms``: check an edition that is being written, compare two, and print one in words. No server."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.output import as_json
from service.cli.written import FORM, checked_one, is_written_file, named, published_here, read_or_told

if TYPE_CHECKING:
    from service.contract.library import Library
    from service.terms.check import Published
    from service.terms.model import Terms

_ON = click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The day on which it is to come into force, such as 2026-02-01 [default: today, in London].",
)
_NOT_HERE = "Whether a return that is open or sealed stands in its way, only the service can say."


@click.group(epilog="Example: case-returns terms check my-terms.yaml --against 2026-11")
def terms() -> None:
    """Check an edition of the terms, compare two, or print one in words."""


@terms.command("check", epilog="Example: case-returns terms check my-terms.yaml --against 2026-11 --on 2027-01-01")
@click.argument("edition")
@click.option("--against", metavar="EDITION", help="Say as well what it changes in this edition, or in that of a file.")
@_ON
@FORM
def terms_check(edition: str, against: str | None, day: datetime | None, form: str) -> None:
    """Check an edition of the terms in a file (YAML, or JSON where its name ends so), or one that is published.

    EDITION is the name of the file, or of the edition. A file holds a draft, as it is sent to the service, or terms as
    they are published. Every problem stands with file, line and column. Exit status 1 where something is wrong with it.
    """
    published = published_here()
    found = checked_one(edition, published.terms, lambda file: _in_file(file, published.library, form))
    other = None if against is None else _edition(published, against)
    if form == "json":
        document: dict[str, object] = {"file": edition, "edition": found.edition, "hash": found.hash}
        if other is not None:
            document["difference"] = _document(published.library, other, found, day)
        click.echo(as_json(document))
        return
    versions = ", ".join(dict.fromkeys(item.version for item in found.contracts))
    click.echo(f"Good: {found.edition}, forces: {len(found.forces())}, contract versions: {versions}.")
    if found.scope:
        click.echo("It is as terms are published: a draft says neither `scope` and `proposed` nor `adopted`.")
    click.echo(f"Hash: {found.hash}")
    if other is not None:
        click.echo(f"\n{_text(published.library, other, found, day)}")


@terms.command("words", epilog="Example: case-returns terms words 2026-11")
@click.argument("edition")
@FORM
def terms_words(edition: str, form: str) -> None:
    """Print an edition of the terms in plain English: who reports, from when, by when, in what, and the milestones.

    EDITION is one that is published, or the file (.yaml, .json) of one that is being written.
    """
    from service.terms.load import titles_of
    from service.terms.words import lines, terms_in_words

    published = published_here()
    found = _edition(published, edition)
    says = terms_in_words(found, titles_of(published.library, found))
    if form == "json":
        sentences = [{"about": each.about.value, "says": each.says} for each in says]
        click.echo(as_json({"edition": found.edition, "title": found.title, "hash": found.hash, "says": sentences}))
    else:
        click.echo(f"{found.edition}: {found.title}\n\n{lines(each.says for each in says)}")


@terms.command("difference", epilog="Example: case-returns terms difference 2025-11 2026-11 --on 2026-11-20")
@click.argument("before")
@click.argument("after")
@_ON
@FORM
def terms_difference(before: str, after: str, day: datetime | None, form: str) -> None:
    """Print what the edition AFTER changes in the edition BEFORE, what is in its way, and what is to be known before.

    Each is one that is published, or the file (.yaml, .json) of one that is being written.
    """
    published = published_here()
    one, other = _edition(published, before), _edition(published, after)
    if form == "json":
        click.echo(as_json(_document(published.library, one, other, day)))
    else:
        click.echo(_text(published.library, one, other, day))


def _edition(published: Published, name: str) -> Terms:
    """A published edition, or that of a file."""
    if is_written_file(name):
        return _in_file(Path(name), published.library)
    return named(published.terms, name, "is no edition of the terms")


def _in_file(file: Path, library: Library, form: str = "table") -> Terms:
    from service.terms.draft import read_either_terms

    return read_or_told(file, lambda content, media: read_either_terms(content, media, library), form)


def _document(library: Library, before: Terms, after: Terms, day: datetime | None) -> dict[str, Any]:
    """As the service answers it, but for what only the returns can say."""
    from service.clock import london_date, system_clock
    from service.terms.difference_document import document_of
    from service.terms.history import in_its_way, to_know
    from service.terms.load import titles_of

    on = london_date(system_clock()) if day is None else day.date()
    return document_of(
        before,
        after,
        titles_of(library, after),
        in_its_way=in_its_way(before, after, (), on),
        to_know=to_know(before, after, on),
    )


def _text(library: Library, before: Terms, after: Terms, day: datetime | None) -> str:
    from service.terms.words import lines

    found = _document(library, before, after, day)
    changes = [each["says"] for each in found["changes"]]
    parts = [f"{after.edition}, compared with {before.edition}:", lines(changes or ["Nothing is changed."])]
    for heading, says in (("In its way:", found["in_its_way"]), ("To know before:", found["to_know"])):
        if says:
            parts += ["", heading, lines(says)]
    return "\n".join([*parts, "", _NOT_HERE])
