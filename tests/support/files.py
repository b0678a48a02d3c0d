"""Files as forces send them, and what reading them gives."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from service.contract.findings import Finding
from service.contract.library import load_library
from service.contract.model import Contract, PartName
from service.contract.values import Value
from service.returns.readers import XLSX, BytesSource, TypedBlock, read

CONTRACT: Contract = load_library().contracts["2025.1"]
CASE = CONTRACT.parts[PartName.CASE]
MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json", "xlsx": XLSX}


def a_record(ref: str = "CR/1", **values: object) -> dict[str, object]:
    """One case: only what the test is about, and what every row needs."""
    return {"case_ref": ref, "stage": "identified", **values}


def as_csv(records: Sequence[dict[str, object]], *, delimiter: str = ",", end: str = "\r\n") -> str:
    """Records as CSV text under the columns of the first."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(records[0])
    writer.writerows(record.values() for record in records)
    return text.getvalue()


def as_ndjson(records: Sequence[object]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def blocks_of(
    content: bytes | str, kind: str = "csv", part: PartName = PartName.CASE, block_rows: int = 5000
) -> list[TypedBlock]:
    """Everything that reading gives."""
    raw = content.encode() if isinstance(content, str) else content
    return list(read(BytesSource(raw), MEDIA[kind], CONTRACT.parts[part], CONTRACT, block_rows=block_rows))


def block_of(content: bytes | str, kind: str = "csv", part: PartName = PartName.CASE) -> TypedBlock:
    """What reading a small file gives: one block."""
    (block,) = blocks_of(content, kind, part)
    return block


def all_findings(block: TypedBlock) -> list[Finding]:
    """The findings of readable and unreadable rows."""
    return [*block.findings, *(finding for row in block.unread for finding in row.findings)]


def told(block: TypedBlock) -> list[tuple[int, str, str | None, str | None]]:
    """Row, rule, field and value of each finding."""
    return [(finding.row, finding.rule, finding.field, finding.value) for finding in all_findings(block)]


def row_of(block: TypedBlock, index: int = 0) -> dict[str, Value]:
    """One row's known values."""
    return {name: column[index] for name, column in block.values.items() if column[index] is not None}
