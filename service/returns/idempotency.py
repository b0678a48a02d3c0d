"""Answers to requests that carried an ``Idempotency-Key``, kept in the transaction of their effect (semantics 25)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import Invalid

KEPT: Final = timedelta(hours=24)
KEY_REUSED: Final = "idempotency-key-reused"
T = TypeVar("T")


class Once(Struct, frozen=True, kw_only=True):
    """A request that is to have its effect once. ``request`` is the digest of its body and parameters."""

    client: str
    method: str
    path: str
    key: str
    request: bytes
    now: datetime


class Known(Struct, frozen=True):
    """The answer that was given before."""

    status: int
    body: Any

    def as_type(self, kind: type[T]) -> T:
        """The stored answer as the value it was."""
        return msgspec.convert(self.body, kind)


async def recall(tx: AsyncConnection, force: int, once: Once) -> Known | None:
    """The answer to this very request, if it was given in the last 24 hours; another body under its key is refused."""
    row = await _told(tx, force, once)
    if row is None:
        return None
    if row.request != once.request:
        raise Invalid(
            "This Idempotency-Key was used for another request.",
            "Use a new key for a new request.",
            code=KEY_REUSED,
        )
    return Known(row.status, row.body)


async def told_before(tx: AsyncConnection, force: int, once: Once) -> Known | None:
    """The answer kept under a key, whatever the request was: for showing it again to who has the key. (``request`` of
    ``once`` is not looked at.)"""
    row = await _told(tx, force, once)
    return None if row is None else Known(row.status, row.body)


async def _told(tx: AsyncConnection, force: int, once: Once) -> Any:
    """The row that is kept under a key for 24 hours, if there is one."""
    found = await tx.execute(
        text(
            "select request, status, body from idempotent_answer where force = :force and client = :client "
            "and method = :method and path = :path and key = :key and answered_at > :since"
        ),
        {**_key(force, once), "since": once.now - KEPT},
    )
    return found.one_or_none()


async def remember(tx: AsyncConnection, force: int, once: Once, status: int, answer: Any, now: datetime) -> None:
    """Keep the answer; it stands or falls with the transaction."""
    await tx.execute(
        text(
            "insert into idempotent_answer (force, client, method, path, key, request, status, body, answered_at) "
            "values (:force, :client, :method, :path, :key, :request, :status, cast(:body as jsonb), :now) "
            "on conflict (force, client, method, path, key) do update set request = excluded.request, "
            "status = excluded.status, body = excluded.body, answered_at = excluded.answered_at"
        ),
        {
            **_key(force, once),
            "request": once.request,
            "status": status,
            "body": msgspec.json.encode(answer).decode(),
            "now": now,
        },
    )
    await tx.execute(
        text("delete from idempotent_answer where force = :force and answered_at < :since"),
        {"force": force, "since": now - KEPT},
    )


def _key(force: int, once: Once) -> dict[str, Any]:
    return {"force": force, "client": once.client, "method": once.method, "path": once.path, "key": once.key}
