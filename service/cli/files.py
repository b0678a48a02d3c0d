"""Commands that work on a file where it is, without server, database or network: validate, tally, generate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.output import FORMATS, as_csv, as_json, as_table, progress
from service.cli.standard import CONTRACT_HELP, edition_asked_for, library, standard
from service.cli.target import OVERWRITE, may_be_written, written_whole
from service.errors import Invalid

if TYPE_CHECKING:
    from service.contract.model import Contract, Part
    from service.returns.offline import Earlier

PARTS = click.Choice(["case", "cases", "aggregate", "aggregates", "workforce"])
_LONG = 4 << 20
"""A file of so many bytes is read with progress."""

_A_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example: case-returns validate cases.csv --findings findings.xlsx")
@click.argument("file", type=_A_FILE)
@click.option("--contract", "version", metavar="VERSION|FOLDER", help=CONTRACT_HELP)
@click.option("--part", type=PARTS, default="cases", show_default=True, help="What the rows of the file are.")
@click.option("--mapping", "saved", type=_A_FILE, help="Reads a file of your own form: see case-returns map.")
@click.option("--previous", type=_A_FILE, help="The file sent for the period before: the rows are compared with it.")
@click.option(
    "--previous-contract", "older", metavar="VERSION", help="Version that it was written in, if an older one."
)
@click.option("--notices", type=_A_FILE, help="Rule notices to apply: what /api/rule-notices answers, saved.")
@click.option("--keys", type=_A_FILE, help="Keys to check the notices' signatures by: what /oauth/jwks answers.")
@click.option(
    "--processes", type=click.IntRange(1, 16), help="Check CSV or NDJSON by so many [default: 2 for a long file]."
)
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
@click.option(
    "--findings",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also writes every finding: .xlsx (a copy of the rows with the cells marked), .csv or .json.",
)
@OVERWRITE
def validate(
    file: Path,
    version: str | None,
    part: str,
    saved: Path | None,
    previous: Path | None,
    older: str | None,
    notices: Path | None,
    keys: Path | None,
    processes: int | None,
    form: str,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Check a file where it is: no server, no network.

    The findings are those of the service, in its order; what could not run is listed with why. With --previous they are
    those of a return that builds on that file as it was sealed. CSV, XLSX, NDJSON and JSON are told apart by the file's
    name. Exit status 1 when a row cannot be accepted as it is.
    """
    from msgspec.structs import replace

    from service.cli.notices import applied
    from service.cli.validated import WRITTEN, Told, of_no_row, pieces, write_findings
    from service.clock import london_date, system_clock
    from service.returns.offline import validate as validated

    if out is not None and out.suffix.lower() not in WRITTEN:
        raise click.UsageError(f"--findings writes a file whose name ends in {', '.join(WRITTEN)}.")
    if out is not None:
        may_be_written(out, overwrite=overwrite, read=(file, previous, saved, notices, keys))
    mapping = None
    if saved is None:
        _, contract = standard(version)
        of = part_of(contract, part)
    else:
        from service.cli.map import mapping_in

        mapping, contract, of = mapping_in(saved, version)
    if keys is not None and notices is None:
        raise click.UsageError("--keys checks the signatures of notices: name them with --notices.")
    if older is not None and (previous is None or saved is not None):
        raise click.UsageError("--previous-contract is about the file of --previous, and not for one of your own form.")
    earlier = None if previous is None else _earlier(previous, version, older, of)
    rules = applied(contract, notices, keys, london_date(system_clock()))
    with _progress_of(file) as advance:
        report = validated(
            *(file, rules.contract, of), mapping=mapping, progress=advance, previous=earlier, processes=processes
        )
    beside = (*of_no_row(of, report.received), *([rules.note] if rules.note else []))
    report = replace(report, notes=(*report.notes, *beside), not_run=(*report.not_run, *rules.not_asked(contract, of)))
    told = Told(file=file, contract=contract, part=of, report=report, mapping=mapping, with_notices=notices is not None)
    for piece in pieces(told, form):
        click.echo(piece, nl=False)
    if out is not None:
        write_findings(told, out)
    if form == "csv":  # its table has no place for them
        for note in report.notes:
            click.echo(note, err=True)
    if report.blocks:
        raise SystemExit(1)


@click.command(epilog="Example: case-returns tally cases.csv --scope 2026-02-referral")
@click.argument("file", type=_A_FILE)
@click.option("--scope", metavar="EDITION|FILE", help="Scope edition, or the file of one [default: the one in force].")
@click.option("--contract", "version", metavar="VERSION|FOLDER", help=CONTRACT_HELP)
@click.option("--part", type=click.Choice(["case", "cases", "aggregate", "aggregates"]), default="cases")
@click.option("--mapping", "saved", type=_A_FILE, help="Reads a file of your own form: see case-returns map.")
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
def tally(file: Path, scope: str | None, version: str | None, part: str, saved: Path | None, form: str) -> None:
    """Judge a file under a scope edition where it is.

    Rows that the service would hold are left out and counted. Exit status 1 when there are such rows.
    """
    from service.returns.offline_tally import tally_file

    mapping = None
    if saved is None:
        of, contract = standard(version)
        name = part_of(contract, part).name
    else:
        from service.cli.map import mapping_in

        mapping, contract, mapped = mapping_in(saved, version)
        name = mapped.name
        of, _ = standard(version or contract.version)
    edition = edition_asked_for(of, scope)
    counted = tally_file(file, of, contract, name, edition, mapping)
    click.echo(_tally_printed(counted.document(edition), form), nl=form != "csv")
    if counted.held:
        click.echo(f"{counted.held:,} rows would be held and are not counted: see case-returns validate.", err=True)
        raise SystemExit(1)


@click.command(epilog="Example: case-returns generate --force kent --cases 500 --messy --out kent.csv")
@click.option("--force", required=True, help="Identifier of a force, such as kent.")
@click.option("--cases", type=click.IntRange(0, 2_000_000), help="Rows [default: as many as in the synthetic country].")
@click.option("--seed", type=int, help="Another seed gives other rows; the same one the same.")
@click.option("--contract", "version", default="2025.1", show_default=True, help="Version of the contract.")
@click.option("--messy", is_flag=True, help="As people have it: odd encodings, wrong cells, doubles (CSV only).")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@OVERWRITE
def generate(
    force: str, cases: int | None, seed: int | None, version: str, messy: bool, out: Path, overwrite: bool
) -> None:
    """Write synthetic rows of one force, clean or messy.

    FILE ending in .ndjson gives one JSON object a line, anything else CSV; - is standard output.
    """
    from service.clock import london_date, system_clock
    from service.demo.mess import messy as made_messy
    from service.demo.plan import SEED
    from service.demo.sheet import write_csv, write_ndjson
    from service.demo.single import sample

    ndjson = out.suffix == ".ndjson"
    if messy and ndjson:
        raise click.UsageError("--messy writes CSV: give --out a name that ends in .csv.")
    may_be_written(out, overwrite=overwrite)
    chosen = SEED if seed is None else seed
    day = london_date(system_clock())
    try:
        made = sample(library(), force, day, number=cases, seed=chosen, version=version)
    except Invalid as error:
        raise click.UsageError(f"{error.says} {error.do}") from error
    if messy:
        body = made_messy(made.rows, chosen, made.fields).body
    elif ndjson:
        body = write_ndjson(made.rows, made.fields)
    else:
        body = write_csv(made.rows, made.fields)
    if str(out) == "-":
        sys.stdout.buffer.write(body)
        return
    with written_whole(out) as file:
        file.write(body)
    click.echo(f"{len(made.rows):,} rows of {force} in {out}", err=True)


def part_of(contract: Contract, word: str) -> Part:
    """The part that ``cases`` or ``case`` means; one that the contract does not have is wrong usage."""
    from service.contract.model import PartName

    part = contract.parts.get(PartName(word if word == "workforce" else word.removesuffix("s")))
    if part is None:
        raise click.UsageError(f"Contract {contract.version} has no part {word}. It has: {', '.join(contract.parts)}.")
    return part


def _earlier(file: Path, version: str | None, older: str | None, part: Part) -> Earlier:
    """The file of the period before, written in an older version of the contract if that is said."""
    from service.contract.model import Role
    from service.returns.offline import Earlier
    from service.returns.previous import Reading

    if Role.KEY not in part.by_role:
        raise click.UsageError(
            f"--previous is for rows with a reference; the {part.name} part is sent whole each time."
        )
    if older is None:
        return Earlier(file=file)
    of, contract = standard(version)
    versions = list(of.contracts)
    if older not in versions[: versions.index(contract.version)]:
        raise click.UsageError(f"There is no version {older} before {contract.version}.")
    return Earlier(file=file, contract=of.contracts[older], read=Reading(of, older, contract.version))


@contextmanager
def _progress_of(file: Path) -> Iterator[Callable[[int, int], None] | None]:
    """Progress while a long file is read; none for one that is read in a moment."""
    if file.stat().st_size < _LONG:
        yield None
        return
    with progress(f"Checking {file.name}", "KB") as advance:
        yield lambda done, total: advance(done >> 10, total >> 10)


def _tally_printed(document: dict[str, Any], form: str) -> str:
    if form == "json":
        return as_json(document)
    rows: list[dict[str, Any]] = [
        *({"what": "verdict", "name": name, "cases": count} for name, count in document["totals"].items()),
        *(
            {"what": "out of scope by rule", "name": item["rule"], "cases": item["cases"]}
            for item in document["attrition"]
        ),
        *(
            {"what": "undetermined for", "name": item["attribute"], "cases": item["cases"]}
            for item in document["missing"]
        ),
    ]
    columns = ("what", "name", "cases")
    if form == "csv":
        return as_csv(columns, rows)
    scope = document["scope"]
    return f"Under {scope['edition']} ({scope['hash'][:12]})\n\n{as_table(columns, rows)}"
