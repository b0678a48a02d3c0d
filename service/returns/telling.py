"""What an operator is told of uploads and seals, after they are stored: a line in the log, and metrics."""

from __future__ import annotations

import logging
from typing import Any

from service.contract.model import Contract, PartName
from service.returns.context import Context
from service.returns.model import Open, Sealed
from service.telemetry.metrics import measure
from service.telemetry.spans import note
from service.telemetry.told import (
    EDITION,
    FINDINGS,
    FORCE,
    MODE,
    OUTCOME,
    PART,
    PERIOD,
    REVISION,
    RULE,
    SEALS,
    SEVERITY,
    TALLIES,
    UPLOADED_ROWS,
    UPLOADS,
)

logger = logging.getLogger(__name__)


def tell_of_target(context: Context, item: Open, part: PartName, mode: str) -> None:
    """Which return the upload under way is for."""
    note({FORCE: _force(context, item), PERIOD: str(item.period), PART: part.value, MODE: mode})


def tell_of_check(part: PartName, mode: str) -> None:
    """A file was checked only."""
    measure(UPLOADS, 1, {PART: part.value, MODE: mode, OUTCOME: "checked"})


def tell_of_upload(
    context: Context,
    item: Open,
    part: PartName,
    mode: str,
    rows: dict[str, int],
    findings: dict[str, int],
    contract: Contract,
    seconds: float,
) -> None:
    """A file was taken. ``rows`` are numbers of rows by what became of them, ``findings`` numbers by rule."""
    measure(UPLOADS, 1, {PART: part.value, MODE: mode, OUTCOME: "taken"})
    for outcome, count in rows.items():
        if count:
            measure(UPLOADED_ROWS, count, {PART: part.value, OUTCOME: outcome})
    for rule, count in findings.items():
        severity = contract.rule[rule].severity.value
        measure(FINDINGS, count, {PART: part.value, RULE: rule, SEVERITY: severity})
    held = rows["held"]
    received = sum(rows.values())
    _log(
        "rows_uploaded",
        context,
        item,
        part=part.value,
        mode=mode,
        received=received,
        accepted=received - held,
        held=held,
        seconds=seconds,
    )


def tell_of_seal(context: Context, item: Sealed, seconds: float) -> None:
    """A return was sealed, in so many seconds."""
    note({FORCE: _force(context, item), PERIOD: str(item.period), REVISION: item.revision})
    measure(SEALS, seconds)
    for tally in item.receipt["tallies"]:
        measure(TALLIES, 1, {EDITION: tally["scope"]["edition"]})
    _log("return_sealed", context, item, revision=item.revision, position=item.sealed_position, seconds=seconds)


def _force(context: Context, item: Open | Sealed) -> str:
    return context.forces.by_ordinal[item.force].code


def _log(event: str, context: Context, item: Open | Sealed, *, seconds: float, **keys: Any) -> None:
    place = {"force": _force(context, item), "period": str(item.period)}
    logger.info(event, extra={**place, **keys, "seconds": round(seconds, 6)})
