"""The whole service over a real database, behind a real server on a port of its own; clients with real tokens.

``a_served(database, folder)`` starts it; ``served.client("kent")`` is an HTTP client that got its token from the
issuer as any client does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from msgspec import Struct
from msgspec.structs import replace

from service.app import Parts, create_app, server_of
from service.clock import Clock
from service.demo.people import people_of
from service.identity.client import token_form
from service.identity.clients import Addresses, ClientKey, add_client
from service.identity.keys import ensure_keys
from service.identity.people import Person
from service.returns.context import Context, context_of
from service.settings import Settings
from service.storage.database import Database
from service.terms.adopt import adopt
from service.terms.check import Published, load_published
from tests.support.identity import Hand
from tests.support.rows import as_csv

PUBLISHED = load_published()
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
"""Three periods have begun: November 2025, and the first two after it."""
FORCE_ALL = ("returns:read", "returns:write", "returns:seal")
PERIOD = "2025-11"


def steady() -> httpx.AsyncHTTPTransport:
    """Tries again where no connection came about, as a busy machine may refuse one; never where a request was sent."""
    return httpx.AsyncHTTPTransport(retries=3, verify=False)  # plain HTTP: to read the machine's roots takes longer


class Served(Struct):
    """A running service: its address, and how to make clients for it."""

    app: Litestar
    context: Context
    addresses: Addresses
    clock: Clock
    stack: AsyncExitStack
    port: int
    people: Sequence[Person] = ()

    @property
    def db(self) -> Database:
        return self.context.db

    async def key(self, force: str | None = "kent", *permissions: str, body: str | None = None) -> ClientKey:
        """A registered client of a force, or of a body."""
        return await add_client(
            self.db,
            f"A client of {body or force}",
            **({"body": body} if body else {"force": force}),
            permissions=permissions or (("national:read",) if body else FORCE_ALL),
            addresses=self.addresses,
            now=self.clock(),
            forces=self.context.forces.by_code,
        )

    async def token(self, key: ClientKey, scope: str | None = None) -> str:
        """An access token, got from the issuer over HTTP."""
        form = token_form(key, self.clock(), scope)
        async with httpx.AsyncClient(transport=steady(), timeout=60) as client:
            answered = await client.post(key.token_endpoint, data=form)
        assert answered.status_code == 200, answered.text
        return str(answered.json()["access_token"])

    async def client(self, force: str | None = "kent", *permissions: str, body: str | None = None) -> httpx.AsyncClient:
        """An HTTP client with a token: of a force with everything a force may do, unless said otherwise."""
        token = await self.token(await self.key(force, *permissions, body=body))
        return await self.bare({"Authorization": f"Bearer {token}"})

    async def bare(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """An HTTP client without a token."""
        client = httpx.AsyncClient(base_url=self.addresses.origin, headers=headers, timeout=60, transport=steady())
        return await self.stack.enter_async_context(client)


@asynccontextmanager
async def a_served_later(db: Database, folder: Path, *, pages: bool = False) -> AsyncIterator[Served]:
    """The service in December 2026, when its terms take either contract version from November on."""
    published = replace(PUBLISHED, terms={"2026-11": PUBLISHED.terms["2026-11"]})
    clock = Hand(datetime(2026, 12, 10, 12, tzinfo=UTC))
    async with a_served(db, folder, published=published, clock=clock, pages=pages) as running:
        yield running


@asynccontextmanager
async def a_served(
    db: Database,
    folder: Path,
    *,
    published: Published = PUBLISHED,
    clock: Clock | None = None,
    pages: bool = False,
    also: Sequence[Person] = (),
    **settings: Any,
) -> AsyncIterator[Served]:
    """The service running on a free port of this machine, its terms adopted; with ``pages`` people may sign in, and
    ``also`` others than the demonstration's."""
    clock = clock or Hand(NOW)
    terms = next(iter(published.terms.values()))
    await adopt(db, published, terms, clock())
    key_file = folder / "signing-keys.json"
    ensure_keys(key_file)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the service's own socket has it
        port = listening.getsockname()[1]
        given = Settings(data=folder, port=port, **settings)
        people = [*people_of(published.library.lists[terms.force_list], terms.forces()), *also] if pages else ()
        parts = Parts(
            settings=given, db=db, published=published, terms=terms, key_file=key_file, people=people, clock=clock
        )
        app = create_app(parts)
        server = server_of(app, given)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with AsyncExitStack() as stack:
                context = context_of(db, published, terms, clock)
                yield Served(app, context, Addresses(given.url()), clock, stack, port, people)
        finally:
            server.should_exit = True
            await running


class Return:
    """One return of one force, told by what is done to it over HTTP."""

    def __init__(self, client: httpx.AsyncClient, force: str = "kent", period: str = PERIOD) -> None:
        self.client = client
        self.force = force
        self.period = period
        self.path = f"/api/forces/{force}/returns/{period}"

    async def open(self, **body: Any) -> dict[str, Any]:
        return good(await self.client.put(self.path, json=body))

    async def read(self, **query: Any) -> dict[str, Any]:
        return good(await self.client.get(self.path, params=query))

    async def etag(self) -> str:
        return str((await self.client.get(self.path)).headers["etag"])

    async def upload(self, content: str | bytes, media: str = "text/csv", **query: str) -> dict[str, Any]:
        return good(await self.send(content, media, **query))

    async def send(self, content: Any, media: str = "text/csv", **query: str) -> httpx.Response:
        return await self.client.post(
            f"{self.path}/cases", content=content, params=query, headers={"Content-Type": media}
        )

    async def findings(self, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        following: str | None = None
        while True:
            more = {"cursor": following} if following else {}
            answered = good(await self.client.get(f"{self.path}/findings", params={**query, **more}))
            found += answered["items"]
            following = answered["next"]
            if following is None:
                return found

    async def explain_all(self, words: str = "Checked against the file") -> None:
        """Answer every finding that waits for words."""
        waiting = {item["rule"] for item in await self.findings() if item["severity"] in ("quality", "macro")}
        if waiting:
            answers = [{"rule": rule, "words": words} for rule in sorted(waiting)]
            good(await self.client.put(f"{self.path}/explanations", json={"answers": answers}))

    async def seal(self) -> dict[str, Any]:
        return good(await self.send_seal(await self.etag()))

    async def report(self, sent: Sequence[Mapping[str, Any]], **opening: Any) -> Return:
        """Open it, send these rows, every one of which is taken, and seal it."""
        await self.open(**opening)
        came = await self.upload(as_csv(sent, dict.fromkeys(name for row in sent for name in row)))
        assert came["held"] == 0, came
        await self.explain_all()
        await self.seal()
        return self

    async def send_seal(self, etag: str | None, **more: Any) -> httpx.Response:
        declaration = {"declaration": True, "name": "A. Signer", "role": "Data lead", **more}
        headers = {} if etag is None else {"If-Match": etag}
        return await self.client.post(f"{self.path}/seal", json=declaration, headers=headers)


def good(answered: httpx.Response) -> dict[str, Any]:
    """The document of an answer that must be a success."""
    assert answered.is_success, f"{answered.status_code} {answered.text}"
    document: dict[str, Any] = answered.json()
    return document


def problem(answered: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem document of an answer that must be one."""
    assert answered.status_code == status, f"{answered.status_code} {answered.text}"
    assert answered.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answered.json()
    assert document["status"] == status
    if code is not None:
        assert document["type"] == f"/problems/{code}", document
    return document
