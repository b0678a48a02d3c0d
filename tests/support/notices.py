"""Builders of rule notices: ``a_notice(severity="quality")`` takes only what a test is about."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from service.audit.adopter import Adopter
from service.contract.notices import Notice
from service.notices.adopt import confirm, propose
from service.notices.store import InForce
from service.returns.context import Context

NCA = Adopter(client="nca-1", body="nca")
NPCC = Adopter(client="npcc-1", body="npcc")
_NUMBERS = count(1)


def a_notice(rule: str = "Q335", severity: str = "off", **said: Any) -> Notice:
    """A notice about one rule of 2025.1, from the beginning of March 2026 on, but for what the test says."""
    usual: dict[str, Any] = {
        "id": f"2026-03-n{next(_NUMBERS)}",
        "contracts": ("2025.1",),
        "rule": rule,
        "severity": severity,
        "start": date(2026, 3, 1),
        "why": "It fires where nothing is wrong.",
        "issued_by": "nca",
    }
    return Notice(**usual | said)


async def in_force(context: Context, notice: Notice) -> InForce:
    """The notice, proposed by one body and confirmed by the other."""
    by, other = (NCA, NPCC) if notice.issued_by == "nca" else (NPCC, NCA)
    await propose(context.db, context.library.contracts, by, notice, context.now())
    return await confirm(context.db, other, notice.id, context.now(), lambda _: "signed")
