"""Runs a file of the kit through the offline validator and the reference evaluator, in this process."""

from __future__ import annotations

from typing import Any

from service.contract.library import Library
from service.contract.model import Role
from service.errors import CaseReturnsError
from service.kit.compare import Outcome
from service.kit.expected import File, RowFinding
from service.kit.model import Kit
from service.returns.offline import Earlier, validate
from service.returns.offline_tally import tally_accepted
from service.returns.readers import BytesSource


def outcome_of(kit: Kit, library: Library, file: File) -> Outcome:
    """What our own validator and tally say of a file."""
    contract, part = kit.contract, kit.contract.parts[file.example.part]
    previous = None if file.previous is None else Earlier(file=file.previous, media=file.media)
    try:
        report = validate(file.content, contract, part, file.media, previous=previous)
    except CaseReturnsError as error:
        return Outcome(refused=error.code)
    editions = list(kit.editions.values()) if Role.STAGE in part.by_role else []
    counted = tally_accepted(BytesSource(file.content), file.media, library, contract, report, editions)
    tallies = {
        edition.name: plain_tally(tally.document(edition)) for edition, tally in zip(editions, counted, strict=True)
    }
    return Outcome(
        findings=tuple(RowFinding(item.row, item.rule, item.field or "") for item in report.findings),
        counts={"received": report.received, "accepted": report.accepted, "held": report.held},
        tallies=tallies,
    )


def plain_tally(document: dict[str, Any]) -> dict[str, Any]:
    """A tally as the service shows one, in the form of the kit."""
    totals = document["totals"]
    return {
        **{name: totals[name] for name in ("in_scope", "undetermined", "out_of_scope")},
        "attrition": {item["rule"]: item["cases"] for item in document["attrition"]},
        "missing": {item["attribute"]: item["cases"] for item in document["missing"]},
    }
