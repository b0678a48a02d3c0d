"""How a return is named where no opaque id should stand: in the audit log and on receipts."""

from __future__ import annotations

from service.returns.context import Context
from service.returns.model import AnyReturn


def subject_of(context: Context, item: AnyReturn) -> str:
    """``kent/2025-11/1``: force, period, revision."""
    return f"{context.forces.by_ordinal[item.force].code}/{item.period}/{item.revision}"
