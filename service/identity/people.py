"""People who use the pages, and the sessions of those who are signed in.

A session is an opaque random value in a cookie; only its digest is kept here, and signing out forgets it. A value that
a browser brings along is never taken over: each sign-in makes a new one, so no session can be fixed beforehand.
Sessions live in the memory of one process and end with it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from service.clock import Clock
from service.identity.principal import Principal

LIFETIME: Final = timedelta(hours=8)
MOST: Final = 10_000
"""Sessions kept at once; the oldest ends where another begins."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who can sign in. ``id`` stands in forms; ``role`` is what they are, ``of`` the force or body."""

    id: str
    role: str
    of: str
    principal: Principal


class _Session(Struct, frozen=True):
    person: Person
    until: datetime


class Sessions:
    """Who is signed in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[bytes, _Session] = {}

    def begin(self, person: Person) -> str:
        """A new session; the value for its cookie, which is kept nowhere else."""
        now = self._clock()
        self._open = {key: session for key, session in self._open.items() if session.until > now}
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        value = secrets.token_urlsafe(32)
        self._open[_digest(value)] = _Session(person, now + LIFETIME)
        return value

    def person(self, value: str | None) -> Person | None:
        """Who this cookie's session is of; None for one that has ended, or never was."""
        session = self._open.get(_digest(value)) if value else None
        return session.person if session is not None and session.until > self._clock() else None

    def end(self, value: str | None) -> None:
        """Sign out. Ending what has ended is harmless."""
        if value:
            self._open.pop(_digest(value), None)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
