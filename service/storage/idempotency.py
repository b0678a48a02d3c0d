"""Answers to requests that carried an ``Idempotency-Key``, kept in the transaction of their effect (semantics 25).

They are a force's, or a national body's, which has no force. A force's writers wait for one another anyway; those of
the bodies say with ``begin`` and ``end`` where a request with a key begins and where its effect is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import Invalid

KEPT: Final = timedelta(hours=24)
KEY_REUSED: Final = "idempotency-key-reused"
T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

Owner = int | str
"""Whose an answer is: a force's, by its number, or a national body's, by its name."""

_KEY_LOCK: Final = 0x43_52_07
"""Advisory, beside a hash of the key: the same request is at work once at a time, in whichever process."""


class Once(Struct, frozen=True, kw_only=True):
    """A request that is to have its effect once. ``request`` is the digest of its body and parameters."""

    client: str
    method: str
    path: str
    key: str
    request: bytes
    now: datetime


class Known(Struct, frozen=True):
    """The answer that was given before. ``body`` None: the effect is there, and what is answered is not known yet."""

    status: int
    body: Any
    etag: str | None = None

    def as_type(self, kind: type[T]) -> T:
        """The stored answer as the value it was."""
        return msgspec.convert(self.body, kind)


async def recall(tx: AsyncConnection, owner: Owner, once: Once) -> Known | None:
    """The answer to this very request, if it was given in the last 24 hours; another body under its key is refused."""
    row = await _told(tx, owner, once)
    if row is None:
        return None
    if row.request != once.request:
        raise Invalid(
            "This Idempotency-Key was used for another request.",
            "Use a new key for a new request.",
            code=KEY_REUSED,
        )
    return _known(row)


async def told_before(tx: AsyncConnection, owner: Owner, once: Once) -> Known | None:
    """The answer kept under a key, whatever the request was: for showing it again to who has the key. (``request`` of
    ``once`` is not looked at.)"""
    row = await _told(tx, owner, once)
    return None if row is None else _known(row)


def _known(row: Any) -> Known:
    # an earlier release kept the answer itself, and no text of it
    body = msgspec.json.decode(row.body) if isinstance(row.body, str) else row.body
    return Known(row.status, body, row.etag)


async def _told(tx: AsyncConnection, owner: Owner, once: Once) -> Any:
    """The row that is kept under a key for 24 hours, if there is one."""
    found = await tx.execute(
        text(
            f"select request, status, body, etag from idempotent_answer where {_column(owner)} = :owner "
            "and client = :client and method = :method and path = :path and key = :key and answered_at > :since"
        ),
        {**_key(owner, once), "since": once.now - KEPT},
    )
    return found.one_or_none()


async def remember(
    tx: AsyncConnection, owner: Owner, once: Once, status: int, answer: Any, now: datetime, etag: str | None = None
) -> None:
    """Keep the answer; it stands or falls with the transaction. It is kept as a text in JSON, because jsonb puts the
    members of an object in an order of its own, and the same request is to be answered the same byte for byte."""
    column = _column(owner)
    await tx.execute(
        text(
            f"insert into idempotent_answer ({column}, client, method, path, key, request, status, body, etag, "
            "answered_at) values (:owner, :client, :method, :path, :key, :request, :status, "
            f"coalesce(to_jsonb(cast(:body as text)), 'null'), :etag, :now) "
            f"on conflict ({column}, client, method, path, key) do update set "
            "request = excluded.request, status = excluded.status, body = excluded.body, etag = excluded.etag, "
            "answered_at = excluded.answered_at"
        ),
        {
            **_key(owner, once),
            "request": once.request,
            "status": status,
            "body": None if answer is None else msgspec.json.encode(answer).decode(),
            "etag": etag,
            "now": now,
        },
    )
    await tx.execute(
        text(f"delete from idempotent_answer where {column} = :owner and answered_at < :since"),
        {"owner": owner, "since": now - KEPT},
    )


def _column(owner: Owner) -> str:
    return "force" if isinstance(owner, int) else "national_body"


def _key(owner: Owner, once: Once) -> dict[str, Any]:
    return {"owner": owner, "client": once.client, "method": once.method, "path": once.path, "key": once.key}


# --- from the beginning of a transaction to its end ------------------------------------------------------------------


class ToldBefore(Exception):
    """No error: this very request has had its effect, and this is what it was answered."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known


class Keeping(Struct, Generic[T_contra], frozen=True, kw_only=True):
    """A request of ``owner`` with a key, and how it is told, in the transaction of the effect, what came of it."""

    owner: Owner
    once: Once
    tell: Callable[[AsyncConnection, T_contra], Awaitable[Known]]


async def begin(tx: AsyncConnection, keeping: Keeping[Any] | None) -> bool:
    """First of a transaction: whoever sends the same key waits from here to its end. True where the effect is there
    already and what is answered is still to be told; ``ToldBefore`` where it was. Without a key, nothing."""
    if keeping is None:
        return False
    once = keeping.once
    name = "\n".join((str(keeping.owner), once.client, once.method, once.path, once.key))
    await tx.execute(text("select pg_advisory_xact_lock(:space, hashtext(:name))"), {"space": _KEY_LOCK, "name": name})
    known = await recall(tx, keeping.owner, once)
    if known is not None and known.body is not None:
        raise ToldBefore(known)
    return known is not None


async def hold(tx: AsyncConnection, keeping: Keeping[Any] | None) -> None:
    """Keep that the effect is there, where more has to be done before it is known what is answered."""
    if keeping is not None:
        await remember(tx, keeping.owner, keeping.once, 0, None, keeping.once.now)


async def end(tx: AsyncConnection, keeping: Keeping[T] | None, done: T) -> None:
    """Last of the transaction: keep what is answered."""
    if keeping is not None:
        told = await keeping.tell(tx, done)
        await remember(tx, keeping.owner, keeping.once, told.status, told.body, keeping.once.now, told.etag)
