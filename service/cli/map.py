"""``case-returns map``: which column of a force's own file is which field, proposed to be read; and what it covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.files import PARTS, part_of
from service.cli.output import as_json
from service.cli.standard import CONTRACT_HELP, standard
from service.errors import Malformed, UnsupportedMedia

if TYPE_CHECKING:
    from service.contract.mapping import FileMapping
    from service.contract.model import Contract, Part
    from service.returns.coverage import Coverage

_SHOWN = 8
_A_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(epilog="Example: case-returns map export.csv --out mapping.yaml")
@click.argument("file", type=_A_FILE)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Propose a mapping, and write it there.")
@click.option("--mapping", "saved", type=_A_FILE, help="Say what this mapping covers of the file.")
@click.option("--contract", "version", metavar="VERSION|FOLDER", help=CONTRACT_HELP)
@click.option("--part", type=PARTS, default="cases", show_default=True, help="What the rows of the file are.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def map(  # noqa: A001  the command's own name
    file: Path, out: Path | None, saved: Path | None, version: str | None, part: str, form: str
) -> None:
    """Say which column of your own file is which field, and what its values mean.

    With --out the nearest fields and codes are proposed from names and values: a YAML file to be read, corrected and
    saved. With --mapping a saved one is held against the file. Nothing is applied here and nothing leaves this machine;
    validate and submit apply a mapping. Of values only those of columns with codes are written down, few and short.
    Exit status 1 where something is not covered.
    """
    if (out is None) == (saved is None):
        raise click.UsageError("Give --out FILE, to propose a mapping, or --mapping FILE, to see what it covers.")
    if saved is not None:
        mapping, contract, of = mapping_in(saved, version)
    elif out is not None:
        _, contract = standard(version)
        of = part_of(contract, part)
        mapping = _proposed(file, out, contract, of)
        click.echo(f"A proposal stands in {out}: read and correct it before you use it.", err=True)
    coverage = _covered(file, of, contract, mapping)
    click.echo(_as_json(coverage, contract, of) if form == "json" else "\n".join(_told(coverage, contract, of)))
    if not coverage.is_whole:
        raise SystemExit(1)


def mapping_in(file: Path, version: str | None) -> tuple[FileMapping, Contract, Part]:
    """The mapping in a file, and the contract and part that it is for. ``version`` is what ``--contract`` says; without
    it the mapping's own."""
    from service.contract.mapping import read_mapping, version_in

    try:
        content = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"{file} is not UTF-8.", "Save it as UTF-8.") from error
    _, contract = standard(version or version_in(content, str(file)))
    mapping, part = read_mapping(content, str(file), contract)
    return mapping, contract, part


def media_to_map(file: Path) -> str:
    """The media type of a file that has columns."""
    from service.returns.readers import MAPPED, media_of_name

    media = media_of_name(file.name)
    if media not in MAPPED:
        raise UnsupportedMedia("A mapping is for a file with a heading and columns.", "Call it .csv or .xlsx.")
    return media


def _proposed(file: Path, out: Path, contract: Contract, part: Part) -> FileMapping:
    from service.contract.mapping import read_mapping
    from service.contract.proposal import propose
    from service.contract.proposed import as_yaml
    from service.returns.coverage import sample_of
    from service.returns.readers import FileSource

    if out.exists():
        raise click.UsageError(f"{out} is there already, with what you may have corrected. Give another name.")
    columns = sample_of(FileSource(file), media_to_map(file), part, contract)
    words = as_yaml(propose(columns, contract, part), part, contract)
    mapping, _ = read_mapping(words, str(out), contract)
    out.write_text(words, encoding="utf-8")
    return mapping


def _covered(file: Path, part: Part, contract: Contract, mapping: FileMapping) -> Coverage:
    from service.returns.coverage import cover
    from service.returns.readers import FileSource

    return cover(FileSource(file), media_to_map(file), part, contract, mapping)


def _told(found: Coverage, contract: Contract, part: Part) -> list[str]:
    lines = [
        f"Columns: {found.mapped:,} of {found.columns:,} are a field, {len(found.left_out):,} left out, "
        f"{len(found.unknown):,} neither{_listed(found.unknown)}.",
        f"Fields: {found.filled:,} of the {found.fields:,} of {part.title} ({contract.version}) have a column."
        + (f" Every row needs, and none has: {', '.join(found.needed)}." if found.needed else ""),
    ]
    lines += _values(found)
    lines.append(f"Rows: {found.whole:,} of {found.rows:,} can be read in every column.")
    return lines


def _values(found: Coverage) -> Iterator[str]:
    for each in found.values:
        yield (
            f"Values of “{each.column}” ({each.field}): {each.different - len(each.unread):,} of {each.different:,} "
            f"are codes, {len(each.unread):,} not{_listed(tuple(each.unread), each.unread)}"
            f"{f', and more in {each.more:,} rows' if each.more else ''}."
        )


def _listed(names: Sequence[str], rows: Mapping[str, int] | None = None) -> str:
    """Some names, where there are any; behind each in how many rows it stands, where that is known."""
    if not names:
        return ""
    shown = [f"“{name[:60]}”" + (f" in {rows[name]:,}" if rows else "") for name in names[:_SHOWN]]
    more = len(names) - _SHOWN
    return ": " + ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _as_json(found: Coverage, contract: Contract, part: Part) -> str:
    columns = {"all": found.columns, "mapped": found.mapped, "left_out": found.left_out, "unknown": found.unknown}
    values = [
        {
            "field": each.field,
            "column": each.column,
            "different": each.different,
            "unread": [{"value": value, "rows": rows} for value, rows in each.unread.items()],
            "more_rows": each.more,
        }
        for each in found.values
    ]
    return as_json(
        {
            "contract_version": contract.version,
            "part": part.name.value,
            "columns": columns,
            "fields": {"all": found.fields, "filled": found.filled, "needed": found.needed},
            "values": values,
            "rows": {"all": found.rows, "whole": found.whole},
        }
    )
