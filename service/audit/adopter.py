"""Who speaks for one of the two bodies, and how what they adopt is signed: the same for notices and for scopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

Sign = Callable[[Mapping[str, Any]], str]
"""Makes a compact JWS of a document, with the key that signs for this service."""


class Adopter(Struct, frozen=True, kw_only=True):
    """Who speaks for one of the two bodies."""

    client: str
    body: str
