"""The composition root: makes the application out of its pieces, and the server that runs it.

The only place that knows everything. Nothing here decides anything that belongs to a capability.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import uvicorn
from litestar import Litestar, Request, Response, get
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.response import Redirect
from litestar.routes import HTTPRoute
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send
from msgspec import Struct
from msgspec.structs import replace

from service.api.answers import AnswersController
from service.api.asking import LONGEST_JSON
from service.api.border import BorderController
from service.api.bridge import BridgeController
from service.api.call import call_of
from service.api.cases import CasesController
from service.api.corrections import CorrectionsController
from service.api.description import openapi_config, openapi_document, state_of_document
from service.api.disputes import DisputesController
from service.api.effect import EffectController
from service.api.findings import FindingsController
from service.api.health import HealthController
from service.api.identity import Visitor, identity_routes, principal_dependency
from service.api.national import national_routes
from service.api.notices import NoticesController
from service.api.outstanding import OutstandingController
from service.api.parts import PartsController
from service.api.problems import EXCEPTION_HANDLERS, problem_for, problem_response
from service.api.public import PublicController, get_problem
from service.api.reconcile import ReconcileController
from service.api.recorded import RecordedController
from service.api.rejudging import ReJudgingController
from service.api.returns import ReturnsController
from service.api.scopes import ScopesController
from service.api.simulate import SimulateController
from service.api.states import StatesController
from service.api.terms import TermsController
from service.api.uploads import Limits
from service.api.why import WhyController
from service.api.work_list import WorkListController
from service.clock import Clock, system_clock
from service.contract.model import Contract
from service.errors import CaseReturnsError
from service.identity.clients import Addresses, ClientDirectory
from service.identity.issuer import Issuer
from service.identity.keys import SigningKeys, ensure_keys
from service.identity.people import Person
from service.identity.principal import Principal
from service.identity.tokens import TokenVerifier
from service.pages.errors import error_page, is_for_a_person
from service.pages.guard import is_loopback
from service.pages.routes import page_routes
from service.pages.site import Site, Told, site_of
from service.pages.visit import person_of
from service.returns.context import Context, context_of
from service.returns.following import Current
from service.returns.rejudging import beside, keep_judging
from service.settings import Settings
from service.storage.database import Database
from service.telemetry.requests import watched
from service.terms.check import Published
from service.terms.model import Terms

SIGNING_KEYS: Final = "signing-keys.json"


class Application(Litestar):
    """Answers HEAD wherever there is a GET, as HTTP has it (RFC 9110, 9.3.2): the server leaves the body away."""

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        asked = {**scope, "method": "GET"} if scope.get("method") == "HEAD" else scope
        await super().__call__(cast("Scope", asked), receive, send)


class Parts(Struct, frozen=True, kw_only=True):
    """What an application is made of. ``terms`` is the edition that it runs under; ``key_file`` signs its tokens."""

    settings: Settings
    db: Database
    published: Published
    terms: Terms
    key_file: Path
    people: Sequence[Person] = ()
    """Who may sign in on the pages without a password: there are pages only where there is somebody, on loopback."""
    clock: Clock = system_clock
    judges: bool = False
    """Whether it also judges sealed returns again, in the background, where anything remains to be."""


def parts_of(settings: Settings, db: Database, published: Published, terms: Terms) -> Parts:
    """The parts of a service on this machine; signing keys are made in the data folder where there are none."""
    key_file = settings.data / SIGNING_KEYS
    ensure_keys(key_file)
    return Parts(settings=settings, db=db, published=published, terms=terms, key_file=key_file)


def create_app(parts: Parts) -> Litestar:
    """The application: all routes, over one database. It opens and closes nothing; its maker does."""
    context = context_of(parts.db, parts.published, parts.terms, parts.clock)
    current = Current(context)
    published = replace(parts.published, scopes=context.editions)
    addresses = Addresses(parts.settings.url())
    keys, clients = SigningKeys(parts.key_file), ClientDirectory(parts.db)
    issuer = Issuer(addresses, keys, parts.db, clients, parts.clock)
    verifier = TokenVerifier(addresses, keys, clients, context.forces.by_code, parts.clock)
    site = _site(parts, current, published) if parts.people else None
    return Application(
        [
            PublicController,
            get_problem,
            openapi_document,
            HealthController,
            identity_routes(issuer, verifier),
            ReturnsController,
            CasesController,
            WhyController,
            WorkListController,
            BorderController,
            PartsController,
            FindingsController,
            StatesController,
            CorrectionsController,
            NoticesController,
            ScopesController,
            TermsController,
            national_routes(parts.db, published, parts.clock),
            AnswersController,
            RecordedController,
            DisputesController,
            EffectController,
            ReJudgingController,
            BridgeController,
            ReconcileController,
            SimulateController,
            OutstandingController,
            no_pages if site is None else page_routes(site),
        ],
        lifespan=[_judging(context)] if parts.judges else [],
        dependencies={
            "context": Provide(current.context, use_cache=False),
            "current": _given(current),
            "published": _given(published),
            "signing": _given(keys),
            "limits": _given(Limits(parts.settings.max_upload_mb << 20)),
            "principal": principal_dependency(verifier, None if site is None else _visitor(site)),
            "call": Provide(call_of, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS if site is None else {**EXCEPTION_HANDLERS, 404: _nowhere(site)},
        before_send=[_careful_headers],
        request_max_body_size=LONGEST_JSON,
        openapi_config=openapi_config(),
        state=State(state_of_document(_accepted(parts))),
        logging_config=None,
    )


class Server(uvicorn.Server):
    """Leaves signals alone: what else has to end with the server, and in which order, its maker knows."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()
        """Set when it takes connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


SWITCH_SECONDS: Final = 0.001
"""How long a thread that reads a file keeps the interpreter when another wants it. The usual 5 ms would be waited for
every time that the database answers, and by every other request, while a file is read."""


def settle_interpreter() -> None:
    """Share the interpreter between the threads of this process as a server needs it."""
    sys.setswitchinterval(SWITCH_SECONDS)


def server_of(app: Litestar, settings: Settings) -> Server:
    """The server for an application, to be run with ``serve`` (or on sockets that are open already).

    It ends when ``should_exit`` is set; signals are its maker's to handle.
    """
    # its access log would carry the query, whoever listens to it: requests have a line of our own
    logging.getLogger("uvicorn.access").disabled = True
    settle_interpreter()
    return Server(
        uvicorn.Config(
            watched(app),  # type: ignore[arg-type]  # the same protocol, in plain words
            host=settings.host,
            port=settings.port,
            http="httptools",
            loop="uvloop",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=20,
            backlog=512,
        )
    )


class PagesOffLoopback(CaseReturnsError):
    """Pages on which one signs in without a password would be served to others."""

    code = "pages-off-loopback"

    def __init__(self) -> None:
        super().__init__("Signing in as whom one chooses is for this machine alone.", "Serve it on 127.0.0.1.")


def _judging(context: Context) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def judging(_: Litestar) -> AsyncIterator[None]:
        async with beside(keep_judging(context)):
            yield

    return judging


def _site(parts: Parts, current: Current, published: Published) -> Site:
    """The pages for the people who may sign in. Raises PagesOffLoopback where the service listens for others too."""
    if not is_loopback(parts.settings.host):
        raise PagesOffLoopback
    return site_of(current, published, parts.people, told=_told, max_upload_bytes=parts.settings.max_upload_mb << 20)


def _told(error: Exception) -> Told:
    """What a page says of an error is what the API would say of it."""
    problem = problem_for(error)
    return Told(
        status=problem.status,
        code=problem.code,
        title=problem.title,
        says=problem.detail,
        do=problem.do,
        errors=problem.errors,
        reference=problem.reference,
    )


def _visitor(site: Site) -> Visitor:
    def visitor(request: Request[Any, Any, Any]) -> Principal | None:
        person = person_of(site, request)
        return None if person is None else person.principal

    return visitor


def _nowhere(site: Site) -> Callable[[Request[Any, Any, Any], Exception], Response[Any]]:
    """An address that there is not: a page for a browser, a problem document for a program."""

    def nowhere(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return (
            error_page(site, request, error)
            if is_for_a_person(request, error)
            else problem_response(problem_for(error))
        )

    return nowhere


@get("/", include_in_schema=False)
async def no_pages() -> Redirect:
    """Where there are no pages, the first thing to see is what the API offers."""
    return Redirect("/api")


def _accepted(parts: Parts) -> list[Contract]:
    """The contract versions in which forces may write."""
    versions = dict.fromkeys(item.version for item in parts.terms.contracts)
    return [parts.published.library.contracts[version] for version in versions]


def _given(value: object) -> Provide:
    """A dependency that is the same value for every request."""

    def provide() -> Any:
        return value

    return Provide(provide, use_cache=True, sync_to_thread=False)


async def _careful_headers(message: Message, scope: Scope) -> None:
    """On every answer: nothing guesses its type, and nothing keeps it unless a route says that it may be kept.

    ``Allow`` names what all routes of the path take: Litestar answers OPTIONS with the methods of the first of them.
    """
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cache-Control", "no-store")
    if message["status"] in (204, 405) and "allow" in headers:
        told = set(headers["Allow"].split(", ")) | _methods(scope)
        headers["Allow"] = ", ".join(sorted(told | {"HEAD"} if "GET" in told else told))


def _methods(scope: Scope) -> set[str]:
    """The methods that the path of a request takes, where it was found."""
    template = scope.get("path_template")
    routes = [route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute)]
    return {str(method) for route in routes if route.path_format == template for method in route.methods}
