"""The first page, and signing in and out. In the demonstration one signs in as whom one chooses, without a password."""

from __future__ import annotations

from litestar import Response, Router, get, post

from service.pages.site import COOKIE, Site, session_cookie
from service.pages.visit import FORM_SENT, AnyRequest, own_page, person_of, to


def entry_routes(site: Site) -> Router:
    """``/``, ``/sign-in`` and ``/sign-out``."""

    @get("/", include_in_schema=False)
    async def start(request: AnyRequest) -> Response[str] | Response[None]:
        person = person_of(site, request)
        if person is None:
            return site.page("start.html")
        return to("/national" if person.principal.body else f"/forces/{person.principal.force}")

    @get("/sign-in", include_in_schema=False)
    async def sign_in(request: AnyRequest) -> Response[str]:
        next_page = own_page(request.query_params.get("next", "/"))
        return _sign_in_page(site, next_page, form_sent=FORM_SENT in request.query_params)

    @post("/sign-in", include_in_schema=False, request_max_body_size=16_384, status_code=303)
    async def signed_in(request: AnyRequest) -> Response[str] | Response[None]:
        form = await request.form()
        next_page = own_page(str(form.get("next", "/")))
        person = site.person_named(str(form.get("person", "")))
        if person is None:
            return _sign_in_page(site, next_page, missing=True)
        site.sessions.end(request.cookies.get(COOKIE))
        answer = to(next_page)
        answer.set_cookie(session_cookie(site.sessions.begin(person)))
        return answer

    @post("/sign-out", include_in_schema=False, request_max_body_size=16_384, status_code=303)
    async def sign_out(request: AnyRequest) -> Response[None]:
        site.sessions.end(request.cookies.get(COOKIE))
        answer = to("/")
        answer.delete_cookie(COOKIE, path="/")
        return answer

    @get("/sign-out", include_in_schema=False)
    async def sign_out_by_address() -> Response[None]:
        """The first page, and nobody is signed out: an address alone, which any site may lead to, changes nothing."""
        return to("/")

    return Router("/", route_handlers=[start, sign_in, signed_in, sign_out, sign_out_by_address])


def _sign_in_page(site: Site, next_page: str, *, missing: bool = False, form_sent: bool = False) -> Response[str]:
    return site.page(
        "sign-in.html",
        status=422 if missing else 200,
        people=site.people,
        next_page=next_page,
        missing=missing,
        form_sent=form_sent,
    )
