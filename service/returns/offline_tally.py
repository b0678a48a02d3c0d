"""Judges a file where it is, by the reference evaluator: what its accepted rows count to under a scope edition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from service.contract.library import Library
from service.contract.mapping import FileMapping
from service.contract.model import Contract, PartName, Role
from service.contract.upgrade import reader
from service.criteria.evaluate import Value
from service.criteria.vocabulary import OPEN_NUMBER
from service.errors import UnsupportedMedia
from service.returns.offline import Report, validate
from service.returns.readers import MEDIA, FileSource, Source, TypedBlock, media_of_name, read
from service.scope.edition import Edition
from service.scope.verdict import Verdict, judgement_of


class FileTally(Struct):
    """Weights by ruling. ``held`` rows would not be accepted and count nowhere; ``open_cells`` did not say how many,
    and are not out of scope."""

    weights: Counter[int]
    held: int
    open_cells: int

    def add(self, ruling: int, weight: Value) -> None:
        """One row of a ruling; of a weight that is not known, or open above, it counts as open."""
        if isinstance(weight, tuple) and isinstance(weight[0], int) and weight[1] != OPEN_NUMBER:
            self.weights[ruling] += weight[0]
        elif ruling >= 0:
            self.open_cells += 1

    def document(self, edition: Edition) -> dict[str, Any]:
        """As a return's tally is shown."""
        totals = dict.fromkeys((Verdict.IN_SCOPE, Verdict.UNDETERMINED, Verdict.OUT_OF_SCOPE), 0)
        attrition: Counter[str] = Counter()
        missing: Counter[str] = Counter()
        for ruling, weight in self.weights.items():
            judgement = judgement_of(edition, ruling)
            totals[judgement.verdict] += weight
            if judgement.rule is not None:
                attrition[judgement.rule] += weight
            for name in judgement.missing:
                missing[name] += weight
        most = totals[Verdict.IN_SCOPE] + totals[Verdict.UNDETERMINED]
        return {
            "scope": {"edition": edition.name, "hash": edition.hash},
            "totals": {
                **{verdict.value: count for verdict, count in totals.items()},
                "least": totals[Verdict.IN_SCOPE],
                "most": None if self.open_cells else most,
            },
            "held": self.held,
            "attrition": [{"rule": rule, "cases": attrition[rule]} for rule in edition.rule_ids],
            "missing": [
                {"attribute": name, "cases": missing[name]} for name in edition.definition.attributes if missing[name]
            ],
        }


def tally_file(
    file: Path,
    library: Library,
    contract: Contract,
    part: PartName,
    edition: Edition,
    mapping: FileMapping | None = None,
) -> FileTally:
    """Read a file twice: for the rows that would be held, and to judge the others, read forward to the edition."""
    media = media_of_name(file.name)
    if media is None:
        says = "The name does not say what kind of file this is."
        raise UnsupportedMedia(says, f"Call it .csv, .xlsx, .ndjson or .json: {', '.join(MEDIA)}.")
    report = validate(file, contract, contract.parts[part], media, mapping)
    return tally_accepted(FileSource(file), media, library, contract, report, [edition], mapping)[0]


def tally_accepted(
    source: Source,
    media: str,
    library: Library,
    contract: Contract,
    report: Report,
    editions: Sequence[Edition],
    mapping: FileMapping | None = None,
) -> list[FileTally]:
    """Judge the rows of a file that its report does not hold, under each of some editions."""
    part = contract.parts[report.part]
    held = {finding.row for finding in report.findings if finding.severity.holds}
    judges = [
        (reader(library, contract.version, edition.vocabulary), edition.definition.ruling, FileTally(Counter(), 0, 0))
        for edition in editions
    ]
    weight = part.by_role.get(Role.WEIGHT)
    for block in read(source, media, part, contract, mapping=mapping):
        weights = None if weight is None else block.values.get(weight.name)
        for index, row in enumerate(block.rows):
            if row in held:
                continue
            record = _record(block, index)
            value = (1, 1) if weight is None else None if weights is None else weights[index]
            for forward, judge, counted in judges:
                counted.add(judge(forward(record)), value)
    for _, _, counted in judges:
        counted.held = report.held
    return [counted for _, _, counted in judges]


def _record(block: TypedBlock, index: int) -> dict[str, Value]:
    return {name: values[index] for name, values in block.values.items()}
