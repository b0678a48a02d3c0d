"""Builders of scope editions on their way: ``a_scope(least=4)`` is the wide definition with more suspects.

``a_way(served)`` has a client of each body, and takes an edition along over HTTP.
"""

from __future__ import annotations

from typing import Any

import httpx
import yaml
from msgspec import Struct

from tests.support.server import Served, good

ADOPTS = ("national:read", "terms:propose", "terms:confirm")
NARROW = "2026-06-narrow"


def a_scope(edition: str = NARROW, least: int = 4, **said: Any) -> dict[str, Any]:
    """A draft: two rules, ``least`` suspects and one victim."""
    usual = {
        "edition": edition,
        "title": f"A definition with {least} suspects or more",
        "state": "draft",
        "vocabulary": "2025.1",
        "rules": [
            {
                "id": "suspects",
                "title": f"{least} suspects or more",
                "guidance": "Count suspects whether or not they were identified.",
                "when": f"suspect_count >= {least}",
            },
            {
                "id": "victims",
                "title": "At least one victim",
                "guidance": "Count victims whether or not they supported the investigation.",
                "when": "victim_count >= 1",
            },
        ],
    }
    return usual | said


def as_yaml(document: dict[str, Any]) -> bytes:
    """The document as people write it."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


class Way(Struct):
    """The way of editions, walked by the two bodies."""

    nca: httpx.AsyncClient
    npcc: httpx.AsyncClient

    async def drafted(self, document: dict[str, Any] | None = None) -> httpx.Response:
        """A draft of the NCA."""
        answered = await self.nca.post("/api/scopes", json=document or a_scope())
        assert answered.status_code == 201, answered.text
        return answered

    async def proposed(self, document: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """The same, proposed by the NCA."""
        drafted = await self.drafted(document)
        name = drafted.json()["edition"]
        headers = {"If-Match": drafted.headers["etag"]}
        return good(await self.nca.post(f"/api/scopes/{name}/propose", json=body, headers=headers))

    async def confirmed(self, made: dict[str, Any]) -> dict[str, Any]:
        """Confirmed by the NCA and then by the NPCC; what the second was answered."""
        good(await said_yes(self.nca, made))
        return good(await said_yes(self.npcc, made))


async def said_yes(client: httpx.AsyncClient, made: dict[str, Any]) -> httpx.Response:
    """The word of a body on what it read."""
    return await client.post(f"/api/scopes/{made['edition']}/confirm", json={"hash": made["hash"]})


async def a_way(served: Served) -> Way:
    """A client of each body, which may do all that a body may about scopes."""
    return Way(await served.client(None, *ADOPTS, body="nca"), await served.client(None, *ADOPTS, body="npcc"))
