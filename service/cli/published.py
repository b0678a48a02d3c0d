"""``case-returns contracts``: check what is published."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.standard import contracts_folder


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
