"""Validation where the file is: every rule of the contract, against a checker of types and enumerations alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from frictionless import Resource, Schema, system

from benchmarks.files import CASE, LIBRARY, exact_csv, rows_of, wrong_rows_of
from benchmarks.harness import Bound, Figure, by_turns, ratio
from service.contract.model import Field, PartName, Role, Severity
from service.criteria.vocabulary import Kind
from service.demo.sheet import write_csv
from service.demo.single import Sample
from service.returns.offline import validate

_ROWS: Final = 20_000
_MANY: Final = 1_000_000
_STOCK: Final = 10_000
"""Different rows of the many."""
_PEAK_OF: Final = """
import resource, subprocess, sys
code = "import sys; from service.cli import main; sys.argv[1:] = ['validate', sys.argv[1]]; main()"
done = subprocess.run([sys.executable, "-c", code, sys.argv[1]], stdout=subprocess.DEVNULL)
if done.returncode > 1:
    sys.exit(f"the command ended with {done.returncode}")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    figures = [figure for version in LIBRARY.contracts for figure in _times(version, pairs, int(_ROWS * scale))]
    many = int(_MANY * scale)
    return [*figures, _memory(many, "", rows_of), _memory(many, ", a finding in every row", wrong_rows_of)]


def _times(version: str, pairs: int, rows: int) -> list[Figure]:
    """By one process and by two, against the same peer."""
    contract = LIBRARY.contracts[version]
    part = contract.parts[PartName.CASE]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.csv"
        file.write_bytes(exact_csv(rows, version))
        schema = {"fields": [_described(field) for field in part.fields]}

        def ours(processes: int) -> None:
            report = validate(file, contract, part, processes=processes)
            if report.received != rows or report.counts[Severity.SYNTACTICAL]:
                raise RuntimeError(f"{report.received} rows were received: {report.counts}")

        def peer() -> None:
            with system.use_context(trusted=True):
                found = Resource(path=str(file), schema=Schema.from_descriptor(schema)).validate()
            if not found.valid or found.tasks[0].stats.get("rows") != rows:
                raise RuntimeError(f"the peer found {found.stats}")

        what = f"offline validation of {rows:,} rows of CSV, {version}, every rule on"
        return [
            ratio(
                f"{what}, {named} : frictionless, types and enums alone",
                bound,
                by_turns(partial(ours, processes), peer, pairs),
                faster=True,
            )
            for processes, named, bound in (
                (1, "one process", Bound(least=2.5, aim=5)),
                (2, "two processes", Bound(least=4)),
            )
        ]


def _memory(rows: int, which: str, made: Callable[[int], Sample]) -> Figure:
    """The greatest resident size of the command, in a process of its own, over many rows of CSV."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.csv"
        _written(file, rows, made)
        # by a small process between: what the kernel notes of a child begins with what its parent held
        done = subprocess.run([sys.executable, "-c", _PEAK_OF, str(file)], capture_output=True, text=True, check=True)
    peak = int(done.stdout) / 1024
    return Figure(
        what=f"case-returns validate of {rows:,} rows of CSV{which}: peak memory of its largest process",
        bound=Bound(most=200, unit="MiB"),
        value=peak,
        low=peak,
        high=peak,
        ours=f"{peak:.0f} MiB",
        peer="the limit",
    )


def _written(file: Path, rows: int, make: Callable[[int], Sample]) -> None:
    """The rows of a stock over and over again, each under a reference of its own."""
    made = make(min(rows, _STOCK))
    lines = write_csv(made.rows, made.fields).splitlines(keepends=True)
    key = CASE.by_role[Role.KEY].name
    if not lines[0].startswith(f"{key},".encode()):
        raise RuntimeError("the reference is not the first column")
    with file.open("wb") as out:
        out.write(lines[0])
        for number in range(rows):
            line = lines[1 + number % (len(lines) - 1)]
            out.write(b"B-%d-%d," % (number // 10_000, number % 10_000) + line.partition(b",")[2])


def _described(field: Field) -> dict[str, Any]:
    """A field as the peer's schema has it: its type, and the codes that it may have."""
    if field.kind is Kind.CODE and field.list is not None:
        return {"name": field.name, "type": "string", "constraints": {"enum": [code.code for code in field.list.codes]}}
    kinds = {Kind.NUMBER: "integer", Kind.DECIMAL: "number", Kind.DATE: "date"}
    return {"name": field.name, "type": kinds.get(field.kind, "string")}
