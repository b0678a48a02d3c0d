"""Errors as pages: what happened, what to do, and never the inside."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, SerializationException
from litestar.types import ExceptionHandlersMap

from service.errors import CaseReturnsError
from service.pages.site import Site
from service.pages.visit import SignInNeeded, as_json, by_script, person_of, to_sign_in
from service.telemetry.requests import told_of_problem

_FOR_PROGRAMS: Final = ("/api", "/oauth/", "/.well-known/", "/health/", "/problems/", "/assets/")


def error_page(site: Site, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The page for an error; for a script of a page, the same words, which it shows above the page's heading."""
    told = site.told(error)
    told_of_problem(request.scope, told.code)
    if by_script(request):
        words = f"{told.title}: {told.says} {told.do}".strip()
        return as_json({"errors": [{"text": words, "href": "#main-content"}]}, told.status)
    return site.page("error.html", status=told.status, person=person_of(site, request), told=told)


def page_errors(site: Site) -> ExceptionHandlersMap:
    """For the pages' router: every error is a page, and who is not signed in is asked to."""

    def told(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return error_page(site, request, error)

    def sign_in(_: Request[Any, Any, Any], error: SignInNeeded) -> Response[None]:
        return to_sign_in(error)

    # The most specific handler answers, wherever it stands: those of the whole application are outdone one by one.
    kinds = (CaseReturnsError, HTTPException, SerializationException, RecursionError, Exception)
    return {**dict.fromkeys(kinds, told), SignInNeeded: sign_in}


def is_for_a_person(request: Request[Any, Any, Any], error: Exception) -> bool:
    """Whether an address that there is not was asked for by a browser as a page, and not by a program."""
    if not isinstance(error, NotFoundException) or request.url.path.startswith(_FOR_PROGRAMS):
        return False
    return "text/html" in request.headers.get("accept", "") and not by_script(request)
