"""Who speaks for one of the two bodies, and how what they adopt is signed: the same for notices and for scopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from service.clock import moment_in_words

BODIES: Final = ("nca", "npcc")
"""The bodies that adopt together: what is to hold needs the word of both."""

Sign = Callable[[Mapping[str, Any]], str]
"""Makes a compact JWS of a document, with the key that signs for this service."""


class Adopter(Struct, frozen=True, kw_only=True):
    """Who speaks for one of the two bodies."""

    client: str
    body: str


def already(body: str, done: str, what: str, at: datetime) -> str:
    """What is so already, to whoever says it again, as a sentence without its end: which body did it, and when."""
    return f"The {body.upper()} {done} {what} already, on {moment_in_words(at)}"
