"""One line of the audit log: who did what, when, to whose data; and the canonical bytes that are hashed.

The bytes are the entry. The columns beside them in the table are read out of them by the database, and ``verify``
says so where the two differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from service.clock import wire_time

Detail = str | int | bool | None | tuple[str, ...] | tuple[int, ...]
"""What may stand in the details of an entry: counts, editions, codes, digests; never a value of a row."""

_ACTION = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ENCODER = msgspec.json.Encoder(order="sorted")
MAX_ENTRY_BYTES = 65_536


class Entry(Struct, frozen=True, kw_only=True):
    """Something that happened.

    ``action`` is past tense (``return_sealed``); ``actor`` a client id or the name of a program; ``force`` the ordinal
    of the force whose data it concerned, if one; ``subject`` what it was done to, by opaque id or path
    (``metropolitan/2025-11/1``); ``position`` that of the change it belongs to. ``details`` hold counts, editions and
    digests. No row's value and no force's reference stands anywhere in it.
    """

    action: str
    actor: str
    force: int | None = None
    subject: str | None = None
    position: int | None = None
    details: Mapping[str, Detail] = {}

    def __post_init__(self) -> None:
        if not _ACTION.fullmatch(self.action):
            raise ValueError("an action is a past-tense name such as return_sealed")
        if not self.actor:
            raise ValueError("an entry has an actor")


def canonical_entry(entry: Entry, at: datetime) -> bytes:
    """The entry at that moment as JSON in UTF-8: seven keys in order, no blanks; raises ValueError for what the
    database could not keep (NUL, lone surrogates, more than 64 KiB)."""
    document = {
        "action": entry.action,
        "actor": entry.actor,
        "at": wire_time(at),
        "details": dict(entry.details),
        "force": entry.force,
        "position": entry.position,
        "subject": entry.subject,
    }
    encoded = _ENCODER.encode(document)
    if b"\\u0000" in encoded:
        raise ValueError("an audit entry holds no NUL character")
    if len(encoded) > MAX_ENTRY_BYTES:
        raise ValueError(f"an audit entry has at most {MAX_ENTRY_BYTES} bytes")
    return encoded
