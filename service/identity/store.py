"""The SQL of identity: clients found, added and disabled; an assertion used once."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.identity.tables import client


class Client(Struct, frozen=True, kw_only=True):
    """A registered client: exactly one of ``force`` (a slug) and ``body`` is set; ``public_key`` is its JWK."""

    client_id: str
    name: str
    force: str | None
    body: str | None
    permissions: tuple[str, ...]
    public_key: dict[str, Any]
    created: datetime
    disabled: datetime | None = None


async def find_client(tx: AsyncConnection, client_id: str) -> Client | None:
    """The client of this id, disabled or not."""
    if "\x00" in client_id:
        return None
    row = (await tx.execute(select(client).where(client.c.client_id == client_id))).one_or_none()
    return None if row is None else _client(row)


async def all_clients(tx: AsyncConnection) -> tuple[Client, ...]:
    """Every client, in order of its id."""
    return tuple(_client(row) for row in await tx.execute(select(client).order_by(client.c.client_id)))


async def insert_client(tx: AsyncConnection, new: Client) -> None:
    """Add one; needs the owner of the database."""
    values = {
        "client_id": new.client_id,
        "name": new.name,
        "force_slug": new.force,
        "body": new.body,
        "permissions": list(new.permissions),
        "public_key": new.public_key,
        "created": new.created,
    }
    await tx.execute(insert(client).values(values))


async def set_disabled(tx: AsyncConnection, client_id: str, now: datetime) -> bool:
    """Mark a client as disabled; False where there is none of this id that is still able."""
    still_able = (client.c.client_id == client_id) & client.c.disabled.is_(None)
    changed = await tx.execute(update(client).where(still_able).values(disabled=now).returning(client.c.client_id))
    return changed.one_or_none() is not None


async def use_assertion(tx: AsyncConnection, client_id: str, jti: str, expires: datetime, now: datetime) -> bool:
    """True the first time that this client uses this assertion id, False ever after. Kept as a digest: any length."""
    digest = sha256(jti.encode("utf-8", "surrogatepass")).digest()
    return bool((await tx.execute(select(func.use_assertion(client_id, digest, expires, now)))).scalar_one())


def _client(row: Row[Any]) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        force=row.force_slug,
        body=row.body,
        permissions=tuple(row.permissions),
        public_key=row.public_key,
        created=row.created,
        disabled=row.disabled,
    )
