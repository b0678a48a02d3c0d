"""The embedded issuer: client credentials by a signed assertion, and short-lived access tokens (RFC 9068).

Authlib's core server decides the order of things and the shape of errors (RFC 6749, 5.2); what it leaves open or
leaves unsafe is fixed here: lifetimes, audience, algorithm, one signing key, scopes limited to the client's own.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import anyio.from_thread
import anyio.to_thread
import msgspec
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from msgspec import Struct

from service.clock import Clock
from service.errors import Invalid
from service.identity.assertion import ALGORITHMS, ASSERTION_TYPE, client_of, refused, verified_assertion
from service.identity.clients import Addresses, ClientDirectory
from service.identity.jose import BadToken, unverified_claims
from service.identity.keys import SigningKeys
from service.identity.principal import Permission
from service.identity.store import Client, use_assertion
from service.storage.database import Database

logger = logging.getLogger(__name__)

ACCESS_TOKEN_LIFE: Final = 600
"""Seconds."""
GRANT: Final = "client_credentials"
AUTH_METHOD: Final = "private_key_jwt"
NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
MAX_PARAMETERS: Final = 20


class TokenAnswer(Struct, frozen=True):
    """What the token endpoint answers: a token or an error in the shape of RFC 6749; never to be stored."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class InvalidTarget(OAuth2Error):  # type: ignore[misc]  # Authlib carries no types
    """RFC 8707: a token was asked for, for a resource that is not this one."""

    error = "invalid_target"
    description = "Tokens of this issuer are for this service only."


class Issuer:
    """One issuer, at the addresses that its clients know."""

    def __init__(self, addresses: Addresses, keys: SigningKeys, db: Database, clients: ClientDirectory, clock: Clock):
        """Raises Invalid for an address that would send tokens in the clear over a network, and what is wrong with the
        keys now rather than at the first request."""
        check_origin(addresses.origin)
        keys.current()
        self.addresses = addresses
        self._keys = keys
        self._server = _Server(_Desk(addresses, keys, db, clients, clock))

    def metadata(self) -> dict[str, Any]:
        """The document of RFC 8414."""
        return {
            "issuer": self.addresses.issuer,
            "token_endpoint": self.addresses.token_endpoint,
            "jwks_uri": f"{self.addresses.origin}/oauth/jwks",
            "grant_types_supported": [GRANT],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": [AUTH_METHOD],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "scopes_supported": [permission.value for permission in Permission],
        }

    def jwks(self) -> dict[str, Any]:
        """The public keys that tokens of this issuer may be signed with, now."""
        return self._keys.current().public

    async def token(self, parameters: Sequence[tuple[str, str]]) -> TokenAnswer:
        """Answer a request for a token; ``parameters`` are those of the form, in order, values decoded."""
        try:
            request = _TokenRequest(parameters, self.addresses)
        except OAuth2Error as error:
            status, body, _ = error()
            return TokenAnswer(status, body, NO_STORE)
        answer: TokenAnswer = await anyio.to_thread.run_sync(self._server.create_token_response, request)
        return answer

    def refuse(self, description: str, status: int = 400) -> TokenAnswer:
        """An invalid_request, for a request that did not get as far as its parameters."""
        return TokenAnswer(status, {"error": "invalid_request", "error_description": description}, NO_STORE)


def check_origin(origin: str) -> None:
    """Say nothing when tokens may be sent to this origin: https, or http on this very machine; raises Invalid."""
    parts = urlsplit(origin)
    plain = f"{parts.scheme}://{parts.netloc}"
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if origin != plain or not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise Invalid(
            f"The issuer cannot stand at {origin}.",
            "Give an origin such as https://returns.example; plain http is for this machine alone.",
        )


class _Desk:
    """What the synchronous server needs from the asynchronous world. Its methods run in the server's worker thread."""

    def __init__(self, addresses: Addresses, keys: SigningKeys, db: Database, clients: ClientDirectory, clock: Clock):
        self.addresses = addresses
        self.keys = keys
        self.clock = clock
        self._db = db
        self._clients = clients

    def find(self, client_id: str) -> _Registered | None:
        client = anyio.from_thread.run(self._clients.fresh, client_id, self.clock())
        return None if client is None else _Registered(client)

    def authenticate(self, _query: object, request: _TokenRequest) -> _Registered | None:
        """The client that signed this request's assertion, which is used up by this; None when there is none."""
        form = request.form
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            return None
        token = form["client_assertion"]
        try:
            client_id = client_of(unverified_claims(token))
        except BadToken as error:
            raise refused(str(error)) from error
        if form.get("client_id", client_id) != client_id:
            raise refused("client_id is not that of the assertion")
        registered = self.find(client_id)
        if registered is None:
            raise refused("the client is not known here")
        now = self.clock()
        audiences = frozenset({self.addresses.token_endpoint, self.addresses.issuer})
        assertion = verified_assertion(token, registered.client.public_key, audiences, now)
        if not anyio.from_thread.run(self._use, client_id, assertion.jti, assertion.expires):
            raise refused("its jti was used before")
        return registered

    async def _use(self, client_id: str, jti: str, expires: Any) -> bool:
        async with self._db.app() as tx:
            return await use_assertion(tx, client_id, jti, expires, self.clock())

    def sign(self, client: _Registered, scope: str) -> str:
        """One access token as RFC 9068 has it."""
        issued = int(self.clock().timestamp())
        record = client.client
        claims = {
            "iss": self.addresses.issuer,
            "sub": record.client_id,
            "aud": self.addresses.audience,
            "exp": issued + ACCESS_TOKEN_LIFE,
            "iat": issued,
            "jti": secrets.token_urlsafe(16),
            "client_id": record.client_id,
            "scope": scope,
        } | ({"force": record.force} if record.force is not None else {"body": record.body})
        return self.keys.sign(claims, "at+jwt")


class _Registered(ClientMixin):  # type: ignore[misc]  # Authlib carries no types
    """A client as Authlib asks about it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scope asked for, if the client has all of it; all that it has, when nothing is asked for."""
        wanted = self.client.permissions if not scope else tuple(dict.fromkeys(scope.split()))
        return " ".join(wanted) if wanted and set(wanted) <= set(self.client.permissions) else None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == AUTH_METHOD and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT


class _TokenRequest(OAuth2Request):  # type: ignore[misc]  # Authlib carries no types
    """The form of one request. No parameter twice; one without a value counts as absent (RFC 6749, 3.2)."""

    def __init__(self, parameters: Sequence[tuple[str, str]], addresses: Addresses) -> None:
        super().__init__("POST", addresses.token_endpoint)
        names = [name for name, _ in parameters]
        if len(names) > MAX_PARAMETERS or len(set(names)) != len(names):
            raise InvalidRequestError("A parameter stands more than once, or there are too many.")
        self._form = {name: value for name, value in parameters if value}
        if "grant_type" not in self._form:
            raise InvalidRequestError("grant_type is missing.")
        if self._form.get("resource", addresses.audience) != addresses.audience:
            raise InvalidTarget
        self.payload = BasicOAuth2Payload(self._form)

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib carries no types
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTH_METHOD,)


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib carries no types
    """Authlib's server over our desk. One for the process: what belongs to a request travels in the request."""

    def __init__(self, desk: _Desk) -> None:
        super().__init__(scopes_supported=[permission.value for permission in Permission])
        self._desk = desk
        self.register_client_auth_method(AUTH_METHOD, desk.authenticate)
        self.register_grant(_Grant)
        self.register_token_generator("default", BearerTokenGenerator(self._access_token, None, ACCESS_TOKEN_LIFE))

    def _access_token(self, client: _Registered, grant_type: str, user: object, scope: str) -> str:  # noqa: ARG002
        return self._desk.sign(client, scope)

    def query_client(self, client_id: str) -> _Registered | None:
        return self._desk.find(client_id)

    def save_token(self, token: dict[str, Any], request: _TokenRequest) -> None:
        """Tokens are not kept; that one was issued is told to the log of the program."""
        logger.info("token_issued", extra={"client_id": request.client.get_client_id(), "scope": token["scope"]})

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: _TokenRequest) -> _TokenRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> TokenAnswer:
        kept = {name: value for name, value in headers if name.lower() == "www-authenticate"}
        if status >= 400:
            logger.info("token_refused", extra={"error": body["error"]})
        return TokenAnswer(status, msgspec.to_builtins(dict(body)), NO_STORE | kept)
