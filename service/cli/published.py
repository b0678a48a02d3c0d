"""``case-returns contracts`` and ``scope``: check what is published, and print a scope in words or as SQL."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.output import as_json
from service.cli.standard import contracts_folder, edition_in, edition_named, is_edition_file, library


@click.group(epilog="Example: case-returns contracts check")
def contracts() -> None:
    """Check everything that is published."""


@contracts.command("check", epilog="Example: case-returns contracts check --folder contracts")
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="[default: the package's]"
)
def contracts_check(folder: Path | None) -> None:
    """Check contracts, code lists, rules, upgrades, examples, scopes and terms, each against the others.

    Every problem names the file, the line, and the column inside a condition. Exit status 1 where there are any.
    """
    from service.kit.read import check_kits
    from service.terms.check import check, load_published

    root = folder or contracts_folder()
    problems = check(root) or check_kits(load_published(root))
    for problem in problems:
        click.echo(str(problem))
    if problems:
        click.echo(f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}.", err=True)
        raise SystemExit(1)
    found = load_published(root)
    rules = sum(len(contract.rules) for contract in found.library.contracts.values())
    click.echo(
        f"Good: {len(found.library.contracts)} contract versions with {rules} rules, {len(found.library.lists)} code "
        f"lists, {len(found.scopes)} scope editions, {len(found.terms)} terms."
    )


@click.group(epilog="Example: case-returns scope sql 2025-11-wide --dialect duckdb")
def scope() -> None:
    """Check a scope edition, or print it in words or as SQL."""


@scope.command("check", epilog="Example: case-returns scope check my-scope.yaml")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def scope_check(file: Path) -> None:
    """Check a scope edition in a file. Exit status 1 where something is wrong with it."""
    edition = edition_in(file, library())
    click.echo(f"Good: {edition.name}, {len(edition.rules)} rules over contract {edition.vocabulary}.")
    click.echo(f"Hash: {edition.hash}")
    for name, codes in edition.codes_left_out.items():
        click.echo(f"Not in {name}, because it depends: {', '.join(codes)}")


@scope.command("words", epilog="Example: case-returns scope words 2025-11-wide")
@click.argument("edition")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def scope_words(edition: str, form: str) -> None:
    """Print a scope edition in plain English: what each rule asks, and what leaves it undecided.

    EDITION is one that is published, or the file (.yaml) of one that is being written. The sentences are made from the
    conditions that judge the cases, with the labels and titles of the contract.
    """
    from service.scope.words import edition_in_words, text_of
    from service.terms.check import load_published

    published = load_published(contracts_folder())
    written = is_edition_file(edition)
    found = edition_in(Path(edition), published.library) if written else edition_named(published.scopes, edition)
    words = edition_in_words(found, published.library)
    click.echo(as_json(words) if form == "json" else text_of(words).rstrip())


@scope.command("sql", epilog="Example: case-returns scope sql 2026-02-referral --dialect spark")
@click.argument("edition")
@click.option("--dialect", default="postgres", show_default=True, help="Any that sqlglot writes: duckdb, spark, trino.")
def scope_sql(edition: str, dialect: str) -> None:
    """Print the ruling of a scope edition as one SQL expression.

    Below zero: out of scope by the rule of that number. Zero: in scope. Above zero: undetermined, one bit for each
    attribute that is missing. Numbers and dates are pairs of columns (_lo, _hi), codes bit masks over their list.
    """
    from service.contract.columns import field_sql
    from service.contract.model import PartName
    from service.criteria.sql import ruling_sql
    from service.terms.check import load_published

    published = load_published(contracts_folder())
    found = edition_named(published.scopes, edition)
    fields = published.library.contracts[found.vocabulary].parts[PartName.CASE].fields
    try:
        ruling = ruling_sql(found.definition, field_sql(fields, "c"), dialect)
    except ValueError as error:
        raise click.UsageError(f"sqlglot cannot write {dialect}: {error}") from error
    names = ", ".join(f"{1 << bit} {name}" for bit, name in enumerate(found.definition.attributes))
    rules = ", ".join(f"{-(place + 1)} {rule}" for place, rule in enumerate(found.rule_ids))
    click.echo(f"-- {found.name} {found.hash}\n-- out of scope by: {rules}\n-- undetermined for: {names}\n{ruling}")
