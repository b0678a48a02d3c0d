"""What is said of each row of a file beside what was sealed before and the other rows: by its definition, slowly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.contract.model import Contract, Part, PartName, Role
from service.criteria.evaluate import Value, is_exact
from service.returns.offline import validate
from service.returns.readers import BytesSource, read

Record = Mapping[str, Value]


def measured(contract: Contract, content: bytes, previous: bytes | None, media: str) -> dict[int, Record]:
    """By number the rows that are asked: accepted, and saying anything new of their case. Each with what it says, what
    its case was, and how many others are like it."""
    part = contract.parts[PartName.CASE]
    key, former = (part.by_role[role].name for role in (Role.KEY, Role.FORMER_KEY))
    base = {} if previous is None else {row[key]: row for row in _accepted(contract, part, previous, media).values()}
    sent = _accepted(contract, part, content, media)
    keys = {row.get(key) for row in sent.values()}
    cases: dict[int, Value] = {}
    for number, row in sent.items():
        bore = row.get(former)
        renamed = row[key] not in base and bore in base and bore not in keys
        cases[number] = bore if renamed else row[key]
    rows = {number: {**base.get(cases[number], {}), **row} for number, row in sent.items()}
    stock = [*rows.values(), *(row for name, row in base.items() if name not in cases.values())]
    return {
        number: {**row, **_said(part, row, base.get(cases[number], {}), stock)}
        for number, row in rows.items()
        if _known(row) != _known(base.get(cases[number], {}))
    }


def _said(part: Part, row: Record, before: Record, stock: Iterable[Record]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for item in part.row_measures:
        if item.previous is not None:
            found[item.name] = before.get(item.previous)
            continue
        same = [row.get(name) for name in item.alike]
        others = sum([other.get(name) for name in item.alike] == same for other in stock) - 1
        found[item.name] = (others, others) if others and all(map(is_exact, same)) else None
    return found


def _accepted(contract: Contract, part: Part, content: bytes, media: str) -> dict[int, dict[str, Value]]:
    report = validate(content, contract, part, media)
    held = {finding.row for finding in report.findings if finding.severity.holds}
    found = {}
    for block in read(BytesSource(content), media, part, contract):
        for index, row in enumerate(block.rows):
            shape = block.shapes[index] if block.shapes else block.values
            if row not in held:
                found[row] = {name: column[index] for name, column in block.values.items() if name in shape}
    return found


def _known(row: Record) -> dict[str, Value]:
    return {name: value for name, value in row.items() if value is not None}
