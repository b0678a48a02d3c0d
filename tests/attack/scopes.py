"""Scope editions in every state, for an attack: each is used once, and what is proposed is rejected again, so that
seals need not be tallied under dozens of them."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

import httpx
from msgspec import Struct

from tests.attack.ground import Ground
from tests.support.editions import a_scope

DRAFTS: Final = ("rewriteScope", "proposeScope", "rejectScope", "getScopeDraft", "compareScopes")
OPERATIONS: Final = (*DRAFTS, "confirmScope")


class AnEdition(Struct, frozen=True):
    """One of them, as the other body has just left it."""

    name: str
    etag: str
    hash: str


class Scopes:
    """Editions of the other body's."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.now: AnEdition | None = None
        """The one that the request under way is about."""
        self._numbers = count(1)

    def for_operation(self, name: str) -> str:
        """The name of an edition of which the operation can be asked."""
        self.now = self._drafted() if name in DRAFTS else self._proposed(self._drafted())
        return self.now.name

    def document(self, edition: str | None = None) -> dict[str, Any]:
        """A draft that is good, under a name that nobody has."""
        return a_scope(edition or f"2030-03-drafted-{next(self._numbers)}")

    def reject(self, name: str) -> None:
        """Take an edition out of those under which seals are tallied."""
        self._ask("POST", f"/{name}/reject", json={"reason": "It was attacked."})

    def _drafted(self) -> AnEdition:
        return _edition(self._ask("POST", "", json=self.document()))

    def _proposed(self, item: AnEdition) -> AnEdition:
        return _edition(self._ask("POST", f"/{item.name}/propose", headers={"If-Match": item.etag}))

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = self.ground.token(self.ground.target.other)
        headers = {**more.pop("headers", {}), "Authorization": f"Bearer {token}"}
        answered = self.ground.http.request(method, f"/api/scopes{path}", headers=headers, **more)
        if not answered.is_success:
            raise AssertionError(f"{method} {path}: {answered.status_code} {answered.text}")
        return answered


def _edition(answered: httpx.Response) -> AnEdition:
    made = answered.json()
    return AnEdition(made["edition"], answered.headers["etag"], made["hash"])
