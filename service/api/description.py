"""The OpenAPI document as a whole: what it is called, who may call, its tags and components, and where it is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import ExternalDocumentation, License, Server, Tag

from service import __version__
from service.api.asking import AnyRequest, parameters
from service.api.documented import SCHEME, components, problem_examples, problem_responses
from service.api.replies import public_bytes
from service.api.row_shapes import row_components
from service.contract.model import Contract
from service.identity.principal import Permission

ROWS: Final = "row_components"
"""Under this name the application's state has the components made from the contracts in use."""

_DESCRIPTION: Final = (
    "Police forces report to a national re-investigation; the NCA and the NPCC see one honest national picture.\n\n"
    "Every error is a problem document (RFC 9457) whose `type` is a path that says what it means. Times are RFC 3339 "
    "in UTC, periods calendar months in London. A parameter or member that is not known is refused, never ignored. "
    "`If-Match` is required to seal and to change or propose a scope draft, and honoured elsewhere; `Idempotency-Key` "
    "is accepted where it is listed. A "
    "`traceparent` (W3C Trace Context) is continued, and every answer has one. What "
    "belongs to another force is answered as if it did not exist."
)
_TAGS: Final[Mapping[str, str]] = {
    "returns": "A force's returns: open, read, seal, withdraw, and what a sealed one came to.",
    "cases": "The cases of a return, by upload or one by one. An id is opaque: no reference stands in a URL.",
    "parts": "Aggregate cells and workforce rows, each a stock that is replaced whole.",
    "findings": "What is to be resolved before a seal: findings and answers, held rows, cases that a snapshot lacks.",
    "national": "The national picture, and which rules are disputed, for the bodies that adopt the terms.",
    "terms": "Editions of the terms on their way: drafted, proposed, confirmed by both bodies, in force; or rejected.",
    "scopes": "Scope editions on their way: drafted, proposed, confirmed by both bodies, in force; or rejected.",
    "notices": "Rule notices: a rule switched off or given another severity from a day on, adopted by both bodies.",
    "public": "What is published, and what everyone may read: terms, contracts, code lists, scopes, problems.",
    "identity": "The embedded issuer: tokens for signed assertions, its keys and metadata.",
    "health": "Whether the process lives, and whether it can serve.",
}
_PERMISSIONS: Final[Mapping[Permission, str]] = {
    Permission.RETURNS_READ: "Read the returns of one's own force.",
    Permission.RETURNS_WRITE: "Open and change the returns of one's own force.",
    Permission.RETURNS_SEAL: "Sign: seal a return, and withdraw a sealed one.",
    Permission.NATIONAL_READ: "Read the national picture.",
    Permission.TERMS_PROPOSE: "Draft and propose scope editions, propose rule notices.",
    Permission.TERMS_CONFIRM: "Confirm or reject what is proposed: scope editions, rule notices.",
    Permission.AUDIT_READ: "Read the audit log.",
}


def openapi_config() -> OpenAPIConfig:
    """The head of the document. There are no pages for it: such pages load their scripts from elsewhere."""
    return OpenAPIConfig(
        title="Case Returns",
        version=__version__,
        description=_DESCRIPTION,
        license=License(name="MIT", identifier="MIT"),
        external_docs=ExternalDocumentation(url="/api", description="Everything that is published, by link."),
        servers=[Server(url="/", description="The service that this document was read from.")],
        tags=[Tag(name=name, description=says) for name, says in _TAGS.items()],
        openapi_router=_NoPages("/openapi", route_handlers=[]),
    )


def openapi_of(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document of an application, each part in an order of its own that never changes by chance."""
    document = app.openapi_schema.to_schema()
    schemas = {**components(), **app.state[ROWS]}
    return {
        "openapi": "3.1.0",
        **{name: document[name] for name in ("info", "externalDocs", "servers", "tags")},
        "paths": dict(sorted(document["paths"].items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": dict(sorted(problem_responses().items())),
            "examples": dict(sorted(problem_examples().items())),
            "securitySchemes": {SCHEME: _security_scheme()},
        },
    }


def state_of_document(contracts: Sequence[Contract]) -> dict[str, Any]:
    """What the application keeps for its document: the forms of rows in the contract versions that are accepted."""
    return {ROWS: row_components(contracts)}


@get("/api/openapi.json", include_in_schema=False)
async def openapi_document(request: AnyRequest) -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    parameters(request)
    return public_bytes(request, msgspec.json.encode(openapi_of(request.app)), "application/vnd.oai.openapi+json")


def _security_scheme() -> dict[str, Any]:
    return {
        "type": "oauth2",
        "description": (
            "Client credentials with `private_key_jwt` (RFC 7523): the client signs an assertion with the key that it "
            "was registered with, ES256 or Ed25519; there are no secrets. A token lives ten minutes. "
            "`/.well-known/oauth-protected-resource` names the issuer."
        ),
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {permission.value: says for permission, says in _PERMISSIONS.items()},
            }
        },
    }


class _NoPages(Router):
    """Litestar's own pages about the API would load scripts from elsewhere: this router takes none of them."""

    def register(self, value: Any) -> list[Any]:
        del value
        return []
