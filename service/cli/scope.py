"""``case-returns scope``: check an edition that is being written, compare two, and print one in words or as SQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.output import as_json
from service.cli.standard import edition_in, edition_named
from service.cli.written import FORM, checked_one, is_written_file, published_here

if TYPE_CHECKING:
    from service.contract.library import Library
    from service.scope.edition import Edition
    from service.terms.check import Published


@click.group(epilog="Example: case-returns scope check my-scope.yaml --against 2025-11-wide")
def scope() -> None:
    """Check a scope edition, compare two, or print one in words or as SQL."""


@scope.command("check", epilog="Example: case-returns scope check my-scope.yaml --against 2025-11-wide")
@click.argument("edition")
@click.option("--against", metavar="EDITION", help="Say as well what it changes in this edition, or in that of a file.")
@FORM
def scope_check(edition: str, against: str | None, form: str) -> None:
    """Check a scope edition in a file (YAML, or JSON where its name ends so), or one that is published.

    Says in words whom it counts. EDITION is the name of the file, or of the edition. Every problem stands with file,
    line and column. Exit status 1 where something is wrong with it.
    """
    from service.scope.words import edition_in_words

    published = published_here()
    library = published.library
    found = checked_one(edition, published.scopes, lambda file: edition_in(file, library, form))
    other = None if against is None else _edition(published, against)
    words = edition_in_words(found, library)
    if form == "json":
        document = {"file": edition, "edition": found.name, "hash": found.hash, "summary": words.summary}
        click.echo(as_json(document if other is None else {**document, "difference": _document(library, other, found)}))
        return
    click.echo(f"Good: {found.name}, {len(found.rules)} rules over contract {found.vocabulary}.")
    click.echo(f"Hash: {found.hash}")
    click.echo(words.summary)
    if words.tallied is not None:
        click.echo(words.tallied)
    for name, codes in found.codes_left_out.items():
        click.echo(f"Not in {name}, because it depends: {', '.join(codes)}")
    if other is not None:
        click.echo(f"\n{_text(library, other, found)}")


@scope.command("difference", epilog="Example: case-returns scope difference 2025-11-wide 2026-02-referral")
@click.argument("before")
@click.argument("after")
@FORM
def scope_difference(before: str, after: str, form: str) -> None:
    """Print what the edition AFTER changes in the edition BEFORE, rule by rule, in plain English.

    Each is one that is published, or the file (.yaml, .json) of one that is being written. Conditions are compared by
    what they mean: a field that a contract version renamed is no change.
    """
    published = published_here()
    one, other = _edition(published, before), _edition(published, after)
    if form == "json":
        click.echo(as_json(_document(published.library, one, other)))
    else:
        click.echo(_text(published.library, one, other))


@scope.command("words", epilog="Example: case-returns scope words 2025-11-wide")
@click.argument("edition")
@FORM
def scope_words(edition: str, form: str) -> None:
    """Print a scope edition in plain English: what each rule asks, and what leaves it undecided.

    EDITION is one that is published, or the file (.yaml, .json) of one that is being written. The sentences are made
    from the conditions that judge the cases, with the labels and titles of the contract.
    """
    from service.scope.words import edition_in_words, text_of

    published = published_here()
    words = edition_in_words(_edition(published, edition), published.library)
    click.echo(as_json(words) if form == "json" else text_of(words).rstrip())


@scope.command("sql", epilog="Example: case-returns scope sql 2026-02-referral --dialect spark")
@click.argument("edition")
@click.option("--dialect", default="postgres", show_default=True, help="Any that sqlglot writes: duckdb, spark, trino.")
def scope_sql(edition: str, dialect: str) -> None:
    """Print the ruling of a scope edition as one SQL expression.

    EDITION is one that is published, or the file (.yaml, .json) of one that is being written. Below zero: out of scope
    by the rule of that number. Zero: in scope. Above zero: undetermined, one bit for each attribute that is missing.
    Numbers and dates are pairs of columns (_lo, _hi), codes bit masks over their list.
    """
    from service.contract.columns import field_sql
    from service.contract.model import PartName
    from service.criteria.sql import ruling_sql

    published = published_here()
    found = _edition(published, edition)
    fields = published.library.contracts[found.vocabulary].parts[PartName.CASE].fields
    try:
        ruling = ruling_sql(found.definition, field_sql(fields, "c"), dialect)
    except ValueError as error:
        raise click.UsageError(f"sqlglot cannot write {dialect}: {error}") from error
    names = ", ".join(f"{1 << bit} {name}" for bit, name in enumerate(found.definition.attributes))
    rules = ", ".join(f"{-(place + 1)} {rule}" for place, rule in enumerate(found.rule_ids))
    click.echo(f"-- {found.name} {found.hash}\n-- out of scope by: {rules}\n-- undetermined for: {names}\n{ruling}")


def _edition(published: Published, named: str) -> Edition:
    """A published edition, or that of a file."""
    if is_written_file(named):
        return edition_in(Path(named), published.library)
    return edition_named(published.scopes, named)


def _document(library: Library, before: Edition, after: Edition) -> dict[str, object]:
    from service.scope.difference import difference
    from service.scope.difference_document import document_of

    return document_of(library, difference(before, after, library))


def _text(library: Library, before: Edition, after: Edition) -> str:
    from service.scope.difference import difference
    from service.scope.difference_words import difference_in_words, text_of_difference

    return text_of_difference(difference_in_words(library, difference(before, after, library))).rstrip()
