"""What was found in a file, told: on the terminal, as CSV or JSON, or in a file. Many never lie in memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from service.cli.output import as_table, csv_pieces, json_pieces
from service.cli.target import written_whole
from service.contract.findings import key_name, shown
from service.contract.mapping import FileMapping
from service.contract.model import Contract, Part, Role
from service.returns.marked import Checked, findings_csv, write_marked
from service.returns.offline import Report
from service.returns.readers import media_of_name

_LISTED: Final = 200
"""So many findings a table shows; CSV and JSON always have all."""

WRITTEN: Final = (".xlsx", ".csv", ".json")
"""How the name of a file may end in which findings are written."""


class Told(Struct, frozen=True, kw_only=True):
    """A file that was validated, and what that gave."""

    file: Path
    contract: Contract
    part: Part
    report: Report
    mapping: FileMapping | None = None
    with_notices: bool = False
    """Whether a column says which rule notice applied."""

    @property
    def rows(self) -> Iterator[dict[str, Any]]:
        """The findings as they leave; of a file of the sender's own form in its own names too."""
        for finding in self.report.findings:
            row: dict[str, Any] = dict(shown(self.contract, finding))
            if self.mapping is not None:
                row["column"] = self.mapping.own_name.get(row["field"] or "", row["field"])
            yield row


def of_no_row(part: Part, received: int) -> tuple[str, ...]:
    """A note, where a file held no row. The other parts are a stock that is replaced whole, so an empty file of theirs
    says that there is none; an empty file of cases changes nothing, unless it is sent as all that there is."""
    if received:
        return ()
    if Role.KEY in part.by_role:
        means = "Sent as changes it changes nothing; sent as a snapshot it says that there is not one case."
    else:
        means = f"Sent, it says that there is none, and takes away all that the return has in its part '{part.name}'."
    return (f"There is no row in this file, so nothing was checked. {means}",)


def pieces(told: Told, form: str) -> Iterator[str]:
    """What is printed, a piece at a time, the last line end included."""
    if form == "csv":
        columns = ("rule", "severity", "part", "row", key_name(told.contract), "field", "value", "says", "fix")
        also = (*(("notice",) if told.with_notices else ()), *(("column",) if told.mapping is not None else ()))
        yield from csv_pieces((*columns, *also), told.rows)
    elif form == "json":
        yield from json_pieces(_document(told), "items", told.rows)
        yield "\n"
    else:
        yield from (f"{line}\n" for line in _lines(told))


def write_findings(told: Told, out: Path) -> None:
    """Every finding in a file: a copy of the rows with the cells marked (.xlsx), .csv or .json."""
    report, form = told.report, out.suffix.lower()
    if form == ".xlsx":
        media = media_of_name(told.file.name) or ""
        checked = Checked(
            file=told.file,
            media=media,
            contract=told.contract,
            part=told.part,
            report=report,
            mapping=told.mapping,
        )
        with written_whole(out) as written:
            write_marked(checked, written)
    else:
        lines = (
            findings_csv(told.contract, report.findings) if form == ".csv" else map(str.encode, pieces(told, "json"))
        )
        with written_whole(out) as written:
            written.writelines(lines)
    click.echo(f"{len(report.findings):,} findings in {out}", err=True)


def _document(told: Told) -> dict[str, Any]:
    report = told.report
    return {
        "file": told.file.name,
        "contract_version": report.contract,
        "part": report.part.value,
        "received": report.received,
        "accepted": report.accepted,
        "held": report.held,
        "findings": _counts(report),
        "notes": report.notes,
        "items": [],
        "not_run": [{"what": item.what, "why": item.why} for item in report.not_run],
    }


def _counts(report: Report) -> dict[str, int]:
    return {severity.value: count for severity, count in report.counts.items()}


def _lines(told: Told) -> Iterator[str]:
    report = told.report
    yield from report.notes
    rows = list(islice(told.rows, _LISTED))
    if rows:
        listed = [{**row, "what to do": f"{row['says']} {row['fix']}"} for row in rows]
        named = "column" if told.mapping is not None else "field"
        yield _wide(("row", key_name(told.contract), "rule", "severity", named, "value"), listed)
        yield ""
        if len(report.findings) > _LISTED:
            more = f"... and {len(report.findings) - _LISTED:,} more findings"
            yield f"{more}: --findings FILE.xlsx (or .csv, .json) has all of them."
            yield ""
    yield (
        f"{report.received:,} rows: {report.accepted:,} accepted, {report.held:,} held. Findings: "
        + ", ".join(f"{count:,} {name}" for name, count in _counts(report).items())
        + f". Contract {report.contract}."
    )
    yield "Not run here:"
    yield from _not_run(told)


def _not_run(told: Told) -> Iterator[str]:
    """What could not run; rules that lack the same thing in one line."""
    same: dict[str, list[str]] = {}
    rules = told.contract.rule
    for item in told.report.not_run:
        if item.what in rules:
            same.setdefault(item.why, []).append(item.what)
    yield from (f"  {', '.join(names)}: {why}" for why, names in same.items())
    yield from (f"  {item.what}: {item.why}" for item in told.report.not_run if item.what not in rules)


def _wide(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    """A table whose last column, the words, is as long as it is."""
    table = as_table(columns, rows).splitlines()
    width = max(len(line) for line in table)
    words = ["what is wrong, and what to do", "-" * 29, *(str(row["what to do"]) for row in rows)]
    return "\n".join(f"{line.ljust(width)}  {word}".rstrip() for line, word in zip(table, words, strict=True))
