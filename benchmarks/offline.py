"""Validation where the file is: every rule of the contract, against a checker of types and enumerations alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from frictionless import Resource, Schema, system

from benchmarks.files import CASE, CONTRACT, exact_csv
from benchmarks.harness import Bound, Figure, by_turns, ratio
from service.contract.model import Field, Severity
from service.criteria.vocabulary import Kind
from service.returns.offline import validate

_ROWS: Final = 20_000


def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    rows = int(_ROWS * scale)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.csv"
        file.write_bytes(exact_csv(rows))
        schema = {"fields": [_described(field) for field in CASE.fields]}

        def ours() -> None:
            report = validate(file, CONTRACT, CASE)
            if report.received != rows or report.counts[Severity.SYNTACTICAL]:
                raise RuntimeError(f"{report.received} rows were received: {report.counts}")

        def peer() -> None:
            with system.use_context(trusted=True):
                found = Resource(path=str(file), schema=Schema.from_descriptor(schema)).validate()
            if not found.valid or found.tasks[0].stats.get("rows") != rows:
                raise RuntimeError(f"the peer found {found.stats}")

        turns = by_turns(ours, peer, pairs)
    what = (
        f"offline validation of {rows:,} rows of CSV, every rule on, one process : frictionless, types and enums alone"
    )
    return [ratio(what, Bound(least=2.5, aim=5), turns, faster=True)]


def _described(field: Field) -> dict[str, Any]:
    """A field as the peer's schema has it: its type, and the codes that it may have."""
    if field.kind is Kind.CODE and field.list is not None:
        return {"name": field.name, "type": "string", "constraints": {"enum": [code.code for code in field.list.codes]}}
    kinds = {Kind.NUMBER: "integer", Kind.DECIMAL: "number", Kind.DATE: "date"}
    return {"name": field.name, "type": kinds.get(field.kind, "string")}
