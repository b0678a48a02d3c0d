"""The command that writes an empty sheet to be filled in: as a workbook or as CSV."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.cli.files import PARTS, part_of
from service.cli.standard import CONTRACT_HELP, standard
from service.cli.target import OVERWRITE, may_be_written, written_whole


@click.command(epilog="Example: case-returns template cases --out cases.xlsx")
@click.argument("part", type=PARTS)
@click.option("--contract", "version", metavar="VERSION|FOLDER", help=CONTRACT_HELP)
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@OVERWRITE
def template(part: str, version: str | None, out: Path, overwrite: bool) -> None:
    """Write an empty sheet for the rows of a part.

    FILE ending in .xlsx gives a workbook with drop-down lists and guidance, anything else the heading as CSV; - is
    standard output.
    """
    from service.contract.template import empty_csv, empty_workbook

    may_be_written(out, overwrite=overwrite)
    _, contract = standard(version)
    found = part_of(contract, part)
    body = empty_workbook(contract, found) if out.suffix.lower() == ".xlsx" else empty_csv(found)
    if str(out) == "-":
        sys.stdout.buffer.write(body)
        return
    with written_whole(out) as file:
        file.write(body)
    click.echo(f"An empty sheet for {found.title} of contract {contract.version} in {out}", err=True)
