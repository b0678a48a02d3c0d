"""One request for a page: who asks, on which site, and what they may see. The pages' counterpart of an API call."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation
from msgspec import Struct

from service.errors import CaseReturnsError, Forbidden
from service.identity.people import Person
from service.identity.principal import NOT_HERE, Permission, force_of, reads_nationally, require
from service.pages.guard import HEADERS, is_local
from service.pages.site import COOKIE, Site
from service.returns.context import Actor, Context
from service.telemetry.requests import told_of_client

AnyRequest = Request[Any, Any, Any]
SIGN_IN: Final = "/sign-in"
FORM_SENT: Final = "form"
"""In the address of the sign-in page: a form was sent and not taken."""


class SignInNeeded(CaseReturnsError):
    """Nobody is signed in; ``next_page`` is the page that was asked for, or the one whose form was sent and not taken
    (``form_sent``)."""

    code = "sign-in-needed"

    def __init__(self, next_page: str, *, form_sent: bool = False) -> None:
        super().__init__("Sign in to see this page.")
        self.next_page = next_page
        self.form_sent = form_sent


class Visit(Struct, frozen=True):
    """A request by a person who is signed in."""

    site: Site
    person: Person
    request: AnyRequest
    context: Context

    @property
    def actor(self) -> Actor:
        """The person, as records and the audit log name them."""
        principal = self.person.principal
        return Actor(principal.client_id, principal.name)

    def force(self, permission: Permission) -> int:
        """The number of the force in the path, which must be the person's own: permission first, force second."""
        require(self.person.principal, permission)
        return self.context.force_number(force_of(self.person.principal, self.request.path_params["force"]))

    @property
    def is_national(self) -> bool:
        """Whether it is somebody of a national body who may see the picture."""
        return reads_nationally(self.person.principal)

    def national(self) -> None:
        """Say nothing to somebody of a national body who may see the picture; Forbidden for anybody else."""
        require(self.person.principal, Permission.NATIONAL_READ)
        if self.person.principal.body is None:
            raise Forbidden(NOT_HERE)

    def page(self, template: str, /, *, status: int = 200, here: str = "", **given: Any) -> Response[str]:
        """A page for this person."""
        return self.site.page(template, status=status, person=self.person, here=here, **given)


Visiting = NamedDependency[SkipValidation[Visit]]
"""How a page for somebody signed in asks for its visit: ``visit: Visiting``."""


def visit_dependency(site: Site) -> Provide:
    """For ``dependencies={"visit": ...}``: SignInNeeded where nobody is signed in."""

    async def visit(request: AnyRequest) -> Visit:
        person = person_of(site, request)
        if person is None:
            if request.method != "GET":
                raise SignInNeeded(_sent_from(request), form_sent=True)
            raise SignInNeeded(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        told_of_client(request.scope, person.principal.client_id)
        return Visit(site, person, request, await site.current.context())

    return Provide(visit)


def person_of(site: Site, request: AnyRequest) -> Person | None:
    """Who is signed in; nobody for a request that does not come from this machine."""
    return site.sessions.person(request.cookies.get(COOKIE)) if is_local(request) else None


def to(address: str) -> Response[None]:
    """Go on to another page, by GET: what follows a form that was taken, so that a reload sends nothing again."""
    return Response(None, status_code=303, headers={**HEADERS, "Location": address})


def by_script(request: AnyRequest) -> bool:
    """Whether a script of one of our pages asks, which reads JSON, and not the browser itself."""
    return str(request.headers.get("accept", "")).startswith("application/json")


def as_json(content: object, status: int = 200) -> Response[bytes]:
    """An answer to a script of one of our pages."""
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json", headers=HEADERS)


def as_file(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """A small file that the browser saves."""
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def to_sign_in(error: SignInNeeded) -> Response[None]:
    """To the sign-in page, and from there to what was asked for."""
    told = [] if error.next_page == "/" else [f"next={quote(error.next_page, safe='/')}"]
    if error.form_sent:
        told.append(f"{FORM_SENT}=yes")
    return to(f"{SIGN_IN}?{'&'.join(told)}" if told else SIGN_IN)


def _sent_from(request: AnyRequest) -> str:
    """The page of ours that a form was sent from, as the browser says; the first page where it does not."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    if page.netloc != request.headers.get("host"):
        return "/"
    return own_page(page.path + (f"?{page.query}" if page.query else ""))


def own_page(address: str) -> str:
    """An address to go on to after signing in, if it is a page of ours; otherwise the first page."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or any(ord(c) < 33 for c in address):
        return "/"
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else "/"
