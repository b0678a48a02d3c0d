"""A return as it is shown: its state, its counts, its findings, and in one sentence what to do next."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import day_in_words, london_date, wire_time
from service.returns.context import Context
from service.returns.findings import count_findings
from service.returns.model import AnyReturn, Open, Sealed, Superseded, Withdrawn, offered_by, state_of
from service.returns.seal import in_the_way


async def document(context: Context, tx: AsyncConnection, item: AnyReturn) -> dict[str, Any]:
    """The return as JSON, as api.md has it."""
    force = context.forces.by_ordinal[item.force].code
    base = f"/api/forces/{force}/returns/{item.period}"
    return {
        "force": force,
        "period": str(item.period),
        "revision": item.revision,
        "state": state_of(item),
        "contract_version": item.contract_version,
        "case_years": _years(item),
        "due": context.terms.calendar.due(item.period).isoformat(),
        "next": await next_step(context, tx, item),
        "counts": {
            **item.summary.get("counts", {}),
            "by_verdict": item.summary.get("totals"),
            "by_stage": item.summary.get("by_stage", []),
            "not_counted": item.summary.get("not_counted", 0),
            "scope": item.summary.get("scope"),
        },
        "findings": await count_findings(tx, item),
        "opened_at": wire_time(item.opened_at),
        "sealed": _sealed(item),
        "withdrawn": _withdrawn(item),
        "links": {
            "self": base,
            "cases": f"{base}/cases",
            "findings": f"{base}/findings",
            "held": f"{base}/held",
            "withdrawals": f"{base}/withdrawals",
            "aggregates": f"{base}/aggregates",
            "workforce": f"{base}/workforce",
            "states": f"{base}/states",
            "explanations": f"{base}/explanations",
            "seal": f"{base}/seal",
            "receipt": f"{base}/receipt",
            **({"corrections": f"{base}/corrections"} if offered_by(item) else {}),
            "contract": f"/api/contracts/{item.contract_version}",
        },
    }


def _years(item: AnyReturn) -> list[int | str] | None:
    if item.years.listed is None:
        return None
    unknown: list[int | str] = ["unknown"] if item.years.unknown else []
    return [*item.years.listed, *unknown]


def _sealed(item: AnyReturn) -> dict[str, Any] | None:
    if not isinstance(item, Sealed):
        return None
    return {
        "at": wire_time(item.sealed_at),
        "position": item.sealed_position,
        "digest": f"sha-256:{item.digest.hex()}",
        "receipt": item.receipt.get("number"),
        "signed_by": item.receipt.get("signed_by"),
    }


def _withdrawn(item: AnyReturn) -> dict[str, Any] | None:
    if not isinstance(item, Withdrawn):
        return None
    return {"at": wire_time(item.withdrawn_at), "reason": item.reason}


async def next_step(context: Context, tx: AsyncConnection, item: AnyReturn) -> str:
    """What the force can do next, in one sentence."""
    match item:
        case Open():
            reasons = await in_the_way(tx, item)
            if reasons:
                return f"{reasons[0].says} {reasons[0].do}"
            counts = item.summary.get("counts", {})
            if not counts.get("cases") and not counts.get("aggregate_cells"):
                return "Upload cases or aggregates; then seal the return."
            due = context.terms.calendar.due(item.period)
            late = london_date(context.now()) > due
            when = ", it is overdue" if late else f" by {day_in_words(due)}"
            return f"Nothing stands in the way: seal the return{when}."
        case Superseded():
            return "A later revision of this period is in force; nothing is to be done here."
        case Sealed():
            if (cases := offered_by(item)) > 0:
                return (
                    f"Sealed, beside the newest return. It corrected {cases:,} {'case' if cases == 1 else 'cases'}: "
                    "the same is offered for the open return with POST to its corrections."
                )
            return f'Sealed. To correct it, open the next revision with {{"corrects": {item.revision}}}.'
        case Withdrawn():
            return "Withdrawn. Open the period again with PUT to report anew."
        case _:
            raise TypeError("a return without a state")
