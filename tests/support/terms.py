"""Editions of the terms, as somebody would draft them, and their way from a draft to being in force."""

from __future__ import annotations

from typing import Any

import httpx
from msgspec import Struct

from tests.support.server import Served, good

NEXT = "2026-02"
AT = f"/api/terms/{NEXT}"
ADOPTS = ("terms:propose", "terms:confirm", "national:read")


def terms_of(served: Served, edition: str = NEXT, **changes: Any) -> dict[str, Any]:
    """The terms in force as a document to draft from; a value of None takes its key away."""
    terms = served.context.terms
    document = {
        "edition": edition,
        "title": "Terms of reference, changed",
        "source": "Written for a test",
        "contracts": [{"version": item.version, "from": str(item.start)} for item in terms.contracts],
        "calendar": {"every": "month", "first": str(terms.calendar.first), "due_days": terms.calendar.due_days},
        "milestones": [
            {
                "id": "initial_assessments",
                "title": "Initial assessments complete",
                "by": "2026-04-30",
                "set": "assessed_or_later",
            }
        ],
        "force_list": terms.force_list,
        "participation": [{"from": "2025-11", "forces": list(terms.forces())}],
    }
    return {key: value for key, value in {**document, **changes}.items() if value is not None}


def without(served: Served, force: str, until: str, successor: str | None = None) -> list[dict[str, Any]]:
    """Who takes part where one force leaves after a period."""
    others = [each for each in served.context.terms.forces() if each != force]
    leaves = {"from": "2025-11", "until": until, "force": force}
    return [{"from": "2025-11", "forces": others}, leaves | ({"successor": successor} if successor else {})]


class TermsWay(Struct, frozen=True):
    """A client of each body."""

    nca: httpx.AsyncClient
    npcc: httpx.AsyncClient

    async def proposed(self, document: dict[str, Any], **said: Any) -> dict[str, Any]:
        """A draft of the NCA's that it proposed."""
        drafted = await self.nca.post("/api/terms", json=document)
        assert drafted.status_code == 201, drafted.text
        at, seen = f"/api/terms/{document['edition']}/propose", {"If-Match": drafted.headers["etag"]}
        made: dict[str, Any] = good(await self.nca.post(at, json=said or None, headers=seen))
        return made

    async def adopted(self, document: dict[str, Any], **said: Any) -> dict[str, Any]:
        """The same, with the word of both bodies."""
        made = await self.proposed(document, **said)
        good(await yes_to(self.nca, made))
        found: dict[str, Any] = good(await yes_to(self.npcc, made))
        return found


async def yes_to(client: httpx.AsyncClient, made: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/api/terms/{made['edition']}/confirm", json={"hash": made["hash"]})


async def a_terms_way(served: Served) -> TermsWay:
    return TermsWay(await served.client(None, *ADOPTS, body="nca"), await served.client(None, *ADOPTS, body="npcc"))
