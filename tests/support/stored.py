"""Editions that an earlier release stored, and that would not be taken as drafts any more."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import text

from service.terms.calendar import parse_period
from service.terms.model import Participation
from service.terms.store import terms_by_name
from tests.support.server import Served
from tests.support.terms import NEXT, without

RING = ("essex", "kent")


def in_a_ring(served: Served) -> list[dict[str, Any]]:
    """Who takes part where two forces leave together, and each follows the other."""
    one, other = RING
    stays, leaves = without(served, one, "2026-11", other)
    stays["forces"].remove(other)
    return [stays, leaves, {"from": "2025-11", "until": "2026-11", "force": other, "successor": one}]


async def store_a_ring(served: Served, name: str = NEXT) -> None:
    """Let terms that were drafted here say what a release stored that did not look for rings."""
    async with served.db.owner() as tx:
        item = await terms_by_name(tx, name)
        assert item is not None
        entries = in_a_ring(served)
        participation = tuple(
            Participation(
                force=force,
                start=parse_period(entry["from"]),
                until=parse_period(entry["until"]) if "until" in entry else None,
                successor=entry.get("successor"),
            )
            for entry in entries
            for force in entry.get("forces", [entry.get("force")])
        )
        await tx.execute(
            text(
                "update terms_draft set document = cast(:document as jsonb), content = cast(:content as jsonb) "
                "where name = :name"
            ),
            {
                "name": name,
                "document": _json({**item.document, "participation": entries}),
                "content": _json(replace(item.terms, participation=participation)),
            },
        )


async def store_scope_rule(served: Served, name: str, when: str) -> None:
    """Let the first rule of a draft say what a release stored that asked less of a condition."""
    async with served.db.owner() as tx:
        found = await tx.execute(text("select document from scope_edition where name = :name"), {"name": name})
        document = found.scalar_one()
        document["rules"][0]["when"] = when
        await tx.execute(
            text("update scope_edition set document = cast(:document as jsonb) where name = :name"),
            {"name": name, "document": _json(document)},
        )


async def give_its_name(served: Served, name: str, file: str) -> None:
    """Let an edition of scope have the name of a published file, as one has that came before the file did."""
    async with served.db.owner() as tx:
        named = text("update scope_edition set name = :after where name = :before")
        await tx.execute(named, {"before": file, "after": "2026-02-before"})
        await tx.execute(named, {"before": name, "after": file})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
