"""Builders of identity: an issuer over a real database, tokens good and forged, an application to call."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from litestar import Litestar, get, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from service.api.identity import Caller, identity_routes, principal_dependency
from service.api.problems import EXCEPTION_HANDLERS
from service.identity.clients import Addresses, ClientDirectory, ClientKey, add_client
from service.identity.issuer import Issuer
from service.identity.keys import SigningKeys, ensure_keys
from service.identity.principal import force_of, require
from service.identity.tokens import TokenVerifier
from service.storage.database import Database

ORIGIN = "http://127.0.0.1:8000"
FORCES = ("kent", "essex", "gwent")
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Hand:
    """A clock that stands where a test puts it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Service(Struct, frozen=True):
    """Issuer and resource server over one database, on a clock of ours."""

    db: Database
    key_file: Path
    clock: Hand
    addresses: Addresses
    issuer: Issuer
    verifier: TokenVerifier

    async def client(self, permissions: tuple[str, ...] = ("returns:read",), **whose: str) -> ClientKey:
        """A new client: of Kent unless ``force`` or ``body`` says otherwise."""
        return await add_client(
            self.db,
            "A test's client",
            **(whose or {"force": "kent"}),
            permissions=permissions,
            addresses=self.addresses,
            now=self.clock(),
            forces=FORCES,
        )

    def signing_key(self) -> ECKey:
        document = json.loads(self.key_file.read_text())
        return ECKey.import_key(next(key for key in document["keys"] if key["kid"] == document["active"]))

    def good_claims(self, client: ClientKey) -> dict[str, Any]:
        issued = int(self.clock().timestamp())
        return {
            "iss": ORIGIN,
            "aud": ORIGIN,
            "sub": client.client_id,
            "client_id": client.client_id,
            "iat": issued,
            "exp": issued + 600,
            "jti": "one",
            "scope": "returns:read",
            "force": "kent",
        }

    def forged(self, client: ClientKey, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token signed with the issuer's own key, with other claims or headers; a claim or header of None is left
        out."""
        key = self.signing_key()
        merged = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | (header or {})
        return signed(key, merged, self.good_claims(client) | claims)


def signed(key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token of exactly these headers and claims, None left out."""
    kept = {name: value for name, value in header.items() if value is not None}
    body = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, body, key, algorithms=[kept["alg"]], default_type=None)


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, whatever its header promises."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed_with_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """HS256 by hand: the library refuses to take a public key for a secret, a forger does not."""
    signing_input = unsigned(header, claims).removesuffix(".")
    signature = hmac.digest(secret, signing_input.encode(), "sha256")
    return f"{signing_input}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def a_service(db: Database, folder: Path, origin: str = ORIGIN, clock: Any = None) -> Service:
    clock = clock or Hand()
    key_file = folder / "signing-keys.json"
    ensure_keys(key_file)
    keys, clients, addresses = SigningKeys(key_file), ClientDirectory(db), Addresses(origin)
    return Service(
        db=db,
        key_file=key_file,
        clock=clock,
        addresses=addresses,
        issuer=Issuer(addresses, keys, db, clients, clock),
        verifier=TokenVerifier(addresses, keys, clients, FORCES, clock),
    )


@asynccontextmanager
async def served(application: Litestar, listening: socket.socket) -> AsyncIterator[None]:
    """The application behind a real server on this socket."""
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield  # the socket takes calls already; they wait until the server is up
    finally:
        server.should_exit = True
        await running


class Body(Struct):
    count: int


def an_application(service: Service) -> Litestar:
    """The routes of identity, and a few that stand for those of the product."""

    @get("/api/forces/{force:str}/returns", sync_to_thread=False)
    def returns(force: FromPath[str], principal: Caller) -> dict[str, str]:
        require(principal, "returns:read")
        return {"force": force_of(principal, force)}

    @put("/api/forces/{force:str}/returns/{period:str}", sync_to_thread=False)
    def open_return(
        force: FromPath[str], period: FromPath[str], principal: Caller, data: JSONBody[Body]
    ) -> dict[str, int]:
        require(principal, "returns:write")
        force_of(principal, force)
        return {"count": data.count}

    @get("/api/who", sync_to_thread=False)
    def who(principal: Caller) -> dict[str, Any]:
        return {"force": principal.force, "body": principal.body, "permissions": sorted(principal.permissions)}

    @get("/api/broken", sync_to_thread=False)
    def broken() -> None:
        raise RuntimeError("KENT-SECRET-REFERENCE is in this text")

    @get("/api/number", sync_to_thread=False)
    def number(least: FromQuery[int]) -> int:
        return least

    return Litestar(
        [identity_routes(service.issuer, service.verifier), returns, open_return, who, broken, number],
        dependencies={"principal": principal_dependency(service.verifier)},
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
