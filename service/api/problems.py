"""The one place that turns errors into HTTP: RFC 9457 problem details: ours, the framework's, the unforeseen.

Nothing of the inside leaves: an unforeseen error answers with a reference that also stands in the program's log, where
it is told by its type and the lines it came through, never by its text, which may quote a row.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.types import ExceptionHandlersMap
from msgspec import Struct

from service.errors import (
    CaseReturnsError,
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from service.identity.principal import NOT_HERE
from service.storage.database import unavailable
from service.telemetry.logs import errors_of
from service.telemetry.requests import told_of_problem

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PATH: Final = "/problems/"
"""Under it, each ``code`` has its page: the ``type`` of a problem is a path that never changes."""

RETRY_SECONDS: Final = 5
"""What a client is told to wait when something is unavailable."""


class Kind(Struct, frozen=True):
    """One kind of problem: its status and its title, the same for every occurrence."""

    status: int
    title: str


KINDS: Final[Mapping[type[CaseReturnsError], Kind]] = {
    Malformed: Kind(400, "The request cannot be read"),
    Unauthenticated: Kind(401, "A valid access token is needed"),
    Forbidden: Kind(403, "This is not permitted"),
    NotFound: Kind(404, "Not found"),
    NotAcceptable: Kind(406, "None of the accepted media types is offered"),
    Conflict: Kind(409, "The present state does not allow this"),
    PreconditionFailed: Kind(412, "It has changed since it was read"),
    TooLarge: Kind(413, "Too large"),
    UnsupportedMedia: Kind(415, "This media type is not taken here"),
    Invalid: Kind(422, "Readable, but not acceptable"),
    PreconditionRequired: Kind(428, "This needs If-Match"),
    Unavailable: Kind(503, "Not available now"),
}
"""Every kind of our own errors. A subclass has the kind of its nearest ancestor here, and its own ``code``."""

INTERNAL: Final = Kind(500, "Something went wrong here")

_FRAMEWORK: Final[Mapping[int, tuple[str, str, str, str]]] = {
    400: ("malformed", "The request cannot be read", "The request is not well formed.", ""),
    401: ("unauthenticated", "A valid access token is needed", "This needs an access token.", ""),
    403: ("forbidden", "This is not permitted", "This is not permitted.", ""),
    404: ("not-found", "Not found", NOT_HERE, ""),
    405: ("method-not-allowed", "Method not allowed", "This path does not take that method.", "See the header Allow."),
    406: ("not-acceptable", "None of the accepted media types is offered", "See the header Accept.", ""),
    413: ("too-large", "Too large", "The body is larger than this path takes.", "Send less at once."),
    415: ("unsupported-media", "This media type is not taken here", "See the header Content-Type.", ""),
    429: ("too-many-requests", "Too many requests", "There were too many requests.", "Wait as Retry-After says."),
    503: ("unavailable", "Not available now", "The service cannot answer now.", "Try again shortly."),
}
TITLES: Final[Mapping[int, str]] = {
    **{status: title for status, (_, title, _, _) in _FRAMEWORK.items()},
    **{kind.status: kind.title for kind in (*KINDS.values(), INTERNAL)},
}
"""The title that every problem of a status has."""

_KEPT_HEADERS: Final = frozenset({"allow", "retry-after", "www-authenticate"})


class Problem(Struct, frozen=True, kw_only=True):
    """A problem before it becomes a response. ``do`` says what helps; ``errors`` are about rows or fields."""

    code: str
    status: int
    title: str
    detail: str
    do: str = ""
    errors: Sequence[Mapping[str, Any]] = ()
    reference: str | None = None
    headers: Mapping[str, str] = {}

    def document(self) -> dict[str, Any]:
        """The JSON object of RFC 9457, with ``do``, ``errors`` and ``reference`` where they say something."""
        document: dict[str, Any] = {
            "type": f"{TYPE_PATH}{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.do:
            document["do"] = self.do
        if self.errors:
            document["errors"] = list(self.errors)
        if self.reference is not None:
            document["reference"] = self.reference
        return document


def kind_of(error: CaseReturnsError) -> Kind:
    """Status and title of one of our errors; what nobody foresaw as an answer to a request is internal."""
    return next((KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS), INTERNAL)


def problem_of(error: CaseReturnsError) -> Problem:
    """The problem that one of our errors is. Two attributes of the error add to it: ``errors`` and ``challenge``."""
    kind = kind_of(error)
    if kind is INTERNAL:
        return _internal(error)
    challenge = getattr(error, "challenge", None)
    headers = {} if challenge is None else {"WWW-Authenticate": str(challenge)}
    if kind.status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return Problem(
        code=error.code,
        status=kind.status,
        title=kind.title,
        detail=error.says,
        do=error.do,
        errors=tuple(getattr(error, "errors", ())),
        headers=headers,
    )


def problem_for(error: Exception) -> Problem:
    """The problem that any error is: ours, the framework's or one that nobody foresaw."""
    if isinstance(error, CaseReturnsError):
        return problem_of(error)
    if isinstance(error, HTTPException):
        return _frameworks_problem(error)
    waiting = unavailable(error)
    return problem_of(waiting) if waiting is not None else _internal(error)


def problem_response(problem: Problem | CaseReturnsError) -> Response[bytes]:
    """The response for a problem: always ``application/problem+json``, never to be cached."""
    made = problem_of(problem) if isinstance(problem, CaseReturnsError) else problem
    return Response(
        msgspec.json.encode(made.document()),
        status_code=made.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **made.headers},
    )


def _any(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem = problem_for(error)
    told_of_problem(request.scope, problem.code)
    return problem_response(problem)


def _frameworks_problem(error: HTTPException) -> Problem:
    if error.detail == "client disconnected prematurely":  # nobody hears this; it is no fault of ours
        return problem_of(Malformed("The body was cut off.", "Send it again, whole."))
    if error.status_code not in _FRAMEWORK:
        return _internal(error) if error.status_code >= 500 else _plain(error)
    code, title, detail, do = _FRAMEWORK[error.status_code]
    given = {name: value for name, value in (error.headers or {}).items() if name.lower() in _KEPT_HEADERS}
    if error.status_code == 503:
        given = {"Retry-After": str(RETRY_SECONDS)} | given
    errors = _parameter_errors(error) if isinstance(error, ValidationException) else ()
    status = error.status_code
    return Problem(code=code, status=status, title=title, detail=detail, do=do, errors=errors, headers=given)


def _unreadable(_: Request[Any, Any, Any], error: SerializationException) -> Response[bytes]:
    if isinstance(error.__cause__, msgspec.DecodeError):
        return problem_response(Malformed("The body is not JSON of the expected form.", "Check its syntax."))
    return problem_response(_internal(error))


def _too_deep(_: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    _log(error, "")
    return problem_response(Malformed("The request is nested too deeply.", "Send it flat."))


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    CaseReturnsError: _any,
    HTTPException: _any,
    SerializationException: _unreadable,
    RecursionError: _too_deep,
    Exception: _any,
}
"""For the application: with these every error that a client can meet is a problem document."""


def _internal(error: BaseException) -> Problem:
    reference = secrets.token_hex(8)
    _log(error, reference)
    return Problem(
        code="internal",
        status=INTERNAL.status,
        title=INTERNAL.title,
        detail="The service could not finish this, and it is not your fault.",
        do=f"Try again; if it stays, tell whoever runs the service this reference: {reference}",
        reference=reference,
    )


def _plain(error: HTTPException) -> Problem:
    return Problem(
        code="refused", status=error.status_code, title="The request was refused", detail="It is not taken here."
    )


def _log(error: BaseException, reference: str) -> None:
    """Type and lines of the error and of what caused it; never a foreign text, which may quote what a force sent."""
    logger.error("request_failed", extra={"reference": reference, "errors": errors_of(error)})


_SAFE_MESSAGE = re.compile(
    r"Expected `[A-Za-z0-9_ |<>.-]+`(, got `[a-z]+`)?|Object missing required field `[A-Za-z0-9_-]+`"
)
_SAFE_NAME = re.compile(r"[A-Za-z0-9_.\[\]-]{1,100}")


def _parameter_errors(error: ValidationException) -> tuple[Mapping[str, Any], ...]:
    """Which parameter or member was not understood, and why; the value that was sent does not come back."""
    found = []
    for item in error.extra if isinstance(error.extra, list) else []:
        key, message = str(item.get("key", "")), str(item.get("message", ""))
        entry: dict[str, Any] = {
            "says": message if _SAFE_MESSAGE.fullmatch(message) else "This value is not understood."
        }
        if _SAFE_NAME.fullmatch(key):
            in_body = str(getattr(item.get("source"), "value", item.get("source"))) == "body"
            entry |= {"pointer": "/" + key.replace(".", "/")} if in_body else {"field": key}
        found.append(entry)
    return tuple(found)
