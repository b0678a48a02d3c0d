"""Editions in every state, for an attack: each is used once, and what is proposed is rejected again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
from msgspec import Struct

from tests.attack.ground import Ground
from tests.support.editions import a_scope


class AnEdition(Struct, frozen=True):
    """One of them, as the other body has just left it."""

    name: str
    etag: str
    hash: str


class Editions:
    """Editions of the other body's, at one path. ``made`` writes a good draft under a name."""

    def __init__(self, ground: Ground, path: str, made: Callable[[str], dict[str, Any]], noun: str) -> None:
        self.ground, self.path, self.made = ground, path, made
        several = noun if noun.endswith("s") else f"{noun}s"
        self.drafts = (f"rewrite{noun}", f"propose{noun}", f"reject{noun}", f"get{noun}Draft", f"compare{several}")
        self.operations = (*self.drafts, f"confirm{noun}")
        self.rewrites = f"rewrite{noun}"
        self.leaves_proposed = (f"propose{noun}", f"confirm{noun}")
        self.now: AnEdition | None = None
        """The one that the request under way is about."""
        self._numbers = count(1)

    def for_operation(self, name: str) -> str:
        """The name of an edition of which the operation can be asked."""
        self.now = self._drafted() if name in self.drafts else self._proposed(self._drafted())
        return self.now.name

    def document(self, edition: str | None = None) -> dict[str, Any]:
        """A draft that is good, under a name that nobody has."""
        return self.made(edition or f"2030-03-drafted-{next(self._numbers)}")

    def reject(self, name: str) -> None:
        """Take an edition out of those that wait for a word."""
        self._ask("POST", f"/{name}/reject", json={"reason": "It was attacked."})

    def _drafted(self) -> AnEdition:
        return _edition(self._ask("POST", "", json=self.document()))

    def _proposed(self, item: AnEdition) -> AnEdition:
        return _edition(self._ask("POST", f"/{item.name}/propose", headers={"If-Match": item.etag}))

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = self.ground.token(self.ground.target.other)
        headers = {**more.pop("headers", {}), "Authorization": f"Bearer {token}"}
        answered = self.ground.http.request(method, f"{self.path}{path}", headers=headers, **more)
        if not answered.is_success:
            raise AssertionError(f"{method} {path}: {answered.status_code} {answered.text}")
        return answered


def _edition(answered: httpx.Response) -> AnEdition:
    made = answered.json()
    return AnEdition(made["edition"], answered.headers["etag"], made["hash"])


def scopes_of(ground: Ground) -> Editions:
    """Scope editions."""
    return Editions(ground, "/api/scopes", a_scope, "Scope")


def terms_of(ground: Ground) -> Editions:
    """Editions of the terms, which say what those that are in force say."""
    published: dict[str, Any] = {}

    def made(edition: str) -> dict[str, Any]:
        said = published or ground.http.get("/api/terms/2025-11").json()
        published.update(said)
        kept = ("title", "source", "calendar", "force_list")
        return {
            **{key: said[key] for key in kept},
            "edition": edition,
            "contracts": [_known(each) for each in said["contracts"]],
            "participation": [_known(each) for each in said["participation"]],
        }

    return Editions(ground, "/api/terms", made, "Terms")


def _known(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value is not None}
