"""Routes of identity, and the caller as a dependency of every other route.

The token endpoint answers in the shape of RFC 6749 (5.2), not in problem documents: its clients are OAuth libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.openapi.spec import Operation

from service.api.asking import parameters
from service.api.documented import Answer, Body, operation
from service.api.public_shapes import (
    IssuerDocument,
    KeySetDocument,
    ResourceDocument,
    TokenDocument,
    TokenForm,
    TokenRefusal,
)
from service.identity.issuer import MAX_PARAMETERS, Issuer, TokenAnswer
from service.identity.principal import Principal
from service.identity.tokens import TokenVerifier
from service.telemetry.requests import told_of_client

FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 16_384
METADATA_SECONDS: Final = 300
"""For how long others may keep the metadata and the keys; a new key is used at once, so ask again on an unknown kid."""


Caller = NamedDependency[Principal]
"""How a route asks for who calls: ``principal: Caller``."""


def identity_routes(issuer: Issuer, verifier: TokenVerifier) -> Router:
    """The token endpoint, the keys, and the two metadata documents. All are public."""

    @post(
        "/oauth/token",
        status_code=200,
        request_max_body_size=MAX_FORM_BYTES,
        operation_id="getToken",
        operation_class=operation(
            {
                200: Answer(shape=TokenDocument, says="A token for ten minutes.", headers=("Cache-Control",)),
                400: Answer(shape=TokenRefusal, says="The request is not as RFC 6749 and 7523 have it."),
                401: Answer(shape=TokenRefusal, says="The client is not known, or its assertion is not valid."),
                413: Answer(shape=TokenRefusal, says="The form is too large."),
            },
            body=Body(shape=TokenForm, media=FORM),
            refusals=("unavailable",),
            oauth=True,
        ),
        summary="Get an access token for a signed client assertion (RFC 6749, 7523)",
        description=(
            "Client credentials with `private_key_jwt`: the client signs an assertion with its own key, once for each "
            "request. Errors have the shape of RFC 6749. Public: the assertion is the proof."
        ),
        tags=["identity"],
    )
    async def token(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _oauth_response(await _token_answer(request, issuer))

    @get(
        "/oauth/jwks",
        summary="Keys that access tokens are signed with (RFC 7517)",
        tags=["identity"],
        operation_id="getKeys",
        operation_class=_metadata(KeySetDocument, "The keys."),
    )
    async def jwks(request: Request[Any, Any, Any]) -> Response[bytes]:
        parameters(request)
        return _document(issuer.jwks())

    @get(
        "/.well-known/oauth-authorization-server",
        summary="The issuer's metadata (RFC 8414)",
        tags=["identity"],
        operation_id="getIssuer",
        operation_class=_metadata(IssuerDocument, "The metadata."),
    )
    async def issuer_metadata(request: Request[Any, Any, Any]) -> Response[bytes]:
        parameters(request)
        return _document(issuer.metadata())

    @get(
        "/.well-known/oauth-protected-resource",
        summary="The service's metadata (RFC 9728)",
        tags=["identity"],
        operation_id="getResource",
        operation_class=_metadata(ResourceDocument, "The metadata."),
    )
    async def resource_metadata(request: Request[Any, Any, Any]) -> Response[bytes]:
        parameters(request)
        return _document(verifier.metadata())

    return Router("/", route_handlers=[token, jwks, issuer_metadata, resource_metadata])


def _metadata(shape: type[Any], says: str) -> type[Operation]:
    return operation(Answer(shape=shape, says=says, headers=("Cache-Control",)), refusals=("parameter",))


Visitor = Callable[[Request[Any, Any, Any]], Principal | None]
"""Who is signed in on the pages, if a request comes from such a browser."""


def principal_dependency(verifier: TokenVerifier, visitor: Visitor | None = None) -> Provide:
    """For ``dependencies={"principal": ...}``: a route that takes ``principal: Caller`` answers 401 without one.

    Figures on a page are links to the API, so where there are pages their ``visitor`` may read here without a token;
    whoever changes something needs one.
    """

    async def principal(request: Request[Any, Any, Any]) -> Principal:
        if visitor is not None and request.method in ("GET", "HEAD") and "authorization" not in request.headers:
            signed_in = visitor(request)
            if signed_in is not None:
                told_of_client(request.scope, signed_in.client_id)
                return signed_in
        return await authenticate(request, verifier)

    return Provide(principal)


async def authenticate(request: Request[Any, Any, Any], verifier: TokenVerifier) -> Principal:
    """Who calls; raises TokenRefused (401), or Unavailable when that cannot be found out now."""
    principal = await verifier.principal(request.headers.getall("authorization", []))
    told_of_client(request.scope, principal.client_id)
    return principal


async def _token_answer(request: Request[Any, Any, Any], issuer: Issuer) -> TokenAnswer:
    if request.content_type[0] != FORM:
        return issuer.refuse(f"Send the parameters as {FORM}.")
    try:
        body = await request.body()
    except HTTPException as error:
        if error.status_code != 413:
            raise
        return issuer.refuse("The form is too large.", 413)
    try:
        form = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS + 1, errors="strict"
        )
    except ValueError:
        return issuer.refuse("The form cannot be read.")
    return await issuer.token(form)


def _oauth_response(answer: TokenAnswer) -> Response[bytes]:
    body = msgspec.json.encode(answer.body)
    return Response(body, status_code=answer.status, media_type="application/json", headers=answer.headers)


def _document(content: dict[str, Any]) -> Response[bytes]:
    headers = {"Cache-Control": f"public, max-age={METADATA_SECONDS}"}
    return Response(msgspec.json.encode(content), media_type="application/json", headers=headers)
