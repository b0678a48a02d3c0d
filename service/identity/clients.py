"""Clients of the embedded issuer: made with their key, listed, disabled, each with its line in the audit log.

These run as the owner of the database: the application itself can only find a client.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from joserfc.jwk import ECKey
from msgspec import Struct

from service.audit.entry import Entry
from service.audit.log import append
from service.errors import Conflict, Invalid, Malformed, NotFound
from service.identity.keys import CURVE, SIGNING_ALGORITHM, write_private
from service.identity.principal import BODIES, BODY_PERMISSIONS, FORCE_PERMISSIONS
from service.identity.store import Client, all_clients, find_client, insert_client, set_disabled
from service.storage.database import Database

COMMAND_LINE = "case-returns"
"""The actor of an audit entry that no client made."""

KNOWN_FOR = timedelta(seconds=30)
"""For how long a client is known without asking again: a disabled one's tokens work at most that long."""

MAX_KNOWN = 1_000


class Addresses(Struct, frozen=True):
    """Where the issuer is, as its clients call it: an origin such as ``https://returns.example``, no slash at its end.

    Issuer and audience are this same origin, so that the metadata documents stand at their well-known places.
    """

    origin: str

    @property
    def issuer(self) -> str:
        return self.origin

    @property
    def audience(self) -> str:
        """What an access token is for: this service, whole."""
        return self.origin

    @property
    def token_endpoint(self) -> str:
        return f"{self.origin}/oauth/token"

    @property
    def resource_metadata(self) -> str:
        return f"{self.origin}/.well-known/oauth-protected-resource"


class ClientKey(Struct, frozen=True, kw_only=True):
    """All that a client needs, the private key included: the content of its key file. Never logged, never printed."""

    client_id: str
    issuer: str
    token_endpoint: str
    audience: str
    private_key: dict[str, Any]

    def __repr__(self) -> str:
        return f"ClientKey(client_id={self.client_id!r}, private_key=***)"


async def add_client(
    db: Database,
    name: str,
    *,
    force: str | None = None,
    body: str | None = None,
    permissions: Iterable[str],
    addresses: Addresses,
    now: datetime,
    forces: Iterable[str],
) -> ClientKey:
    """Register a client for one force (a slug among ``forces``) or one body, and return its new key, kept nowhere else.

    Raises Invalid for a name, force, body or permission that cannot be.
    """
    wanted = tuple(sorted(set(permissions)))
    _check(name, force, body, wanted, frozenset(forces))
    client_id = f"{force or body}-{secrets.token_hex(5)}"
    key = ECKey.generate_key(CURVE, {"use": "sig", "alg": SIGNING_ALGORITHM}, auto_kid=True)
    new = Client(
        client_id=client_id,
        name=name.strip(),
        force=force,
        body=body,
        permissions=wanted,
        public_key=dict(key.as_dict(private=False)),
        created=now,
    )
    details = {"for": force or body, "permissions": wanted, "key": key.kid}
    async with db.owner() as tx:
        await insert_client(tx, new)
        entry = Entry(action="client_added", actor=COMMAND_LINE, subject=client_id, details=details)
        await append(tx, entry, now)
    return ClientKey(
        client_id=client_id,
        issuer=addresses.issuer,
        token_endpoint=addresses.token_endpoint,
        audience=addresses.audience,
        private_key=dict(key.as_dict(private=True)),
    )


async def list_clients(db: Database) -> tuple[Client, ...]:
    """Every client, in order of its id."""
    async with db.app() as tx:
        return await all_clients(tx)


async def disable_client(db: Database, client_id: str, now: datetime) -> None:
    """No new token from now on, and those out there stop within ``KNOWN_FOR``. Raises NotFound; twice is no error."""
    async with db.owner() as tx:
        if await find_client(tx, client_id) is None:
            raise NotFound("There is no client of this id.", "Run: case-returns clients list")
        if await set_disabled(tx, client_id, now):
            await append(tx, Entry(action="client_disabled", actor=COMMAND_LINE, subject=client_id), now)


def write_key(path: Path, key: ClientKey) -> None:
    """Write the key file, mode 0600; a file that is there already is never replaced (Conflict)."""
    try:
        write_private(path, msgspec.json.format(msgspec.json.encode(key), indent=2) + b"\n", once=True)
    except FileExistsError as error:
        raise Conflict(f"{path} is there already.", "Name another file: a key is never overwritten.") from error


def read_key(path: Path) -> ClientKey:
    """Read a key file; raises NotFound or Malformed."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ClientKey)
    except OSError as error:
        raise NotFound(f"The key file {path} cannot be read.", "Make one with: case-returns clients add") from error
    except msgspec.DecodeError as error:
        raise Malformed(f"{path} is not a key file.", "Make one with: case-returns clients add") from error


def readdress_key(path: Path, addresses: Addresses) -> None:
    """Let a key file point to where the service is now (another port, say); its key stays the same."""
    key = read_key(path)
    moved = msgspec.structs.replace(
        key, issuer=addresses.issuer, token_endpoint=addresses.token_endpoint, audience=addresses.audience
    )
    if moved != key:
        write_private(path, msgspec.json.format(msgspec.json.encode(moved), indent=2) + b"\n")


class ClientDirectory:
    """Clients that may act now, remembered for ``KNOWN_FOR`` so that a request does not have to ask the database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[datetime, Client | None]] = {}

    async def fresh(self, client_id: str, now: datetime) -> Client | None:
        """The client as the database has it at this moment; None when it is unknown or disabled."""
        async with self._db.app() as tx:
            found = await find_client(tx, client_id)
        able = found if found is not None and found.disabled is None else None
        if found is not None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[client_id] = (now, able)
        return able

    async def known(self, client_id: str, now: datetime) -> Client | None:
        """The same, as of at most ``KNOWN_FOR`` ago. Raises Unavailable rather than trust what is older."""
        seen = self._known.get(client_id)
        if seen is not None and timedelta(0) <= now - seen[0] < KNOWN_FOR:
            return seen[1]
        return await self.fresh(client_id, now)


def _check(
    name: str, force: str | None, body: str | None, permissions: tuple[str, ...], forces: frozenset[str]
) -> None:
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise Invalid("A client needs a name of at most 200 printable characters.", "Say which system or team it is.")
    if (force is None) == (body is None):
        raise Invalid("A client speaks for one force or for one body.", "Give --force or --body, and only one of them.")
    if force is not None and force not in forces:
        raise Invalid("There is no force of this id.", "Take one from the code list of forces.")
    if body is not None and body not in BODIES:
        raise Invalid("There is no body of this id.", f"It is one of: {', '.join(BODIES)}.")
    allowed = FORCE_PERMISSIONS if force is not None else BODY_PERMISSIONS
    if not permissions or not set(permissions) <= allowed:
        kind = "force" if force is not None else "body"
        raise Invalid(
            f"A client of a {kind} needs at least one permission, and only those of a {kind}.",
            f"They are: {', '.join(sorted(allowed))}.",
        )
