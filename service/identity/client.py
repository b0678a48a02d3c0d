"""The other side of the token endpoint: get an access token with a key file, for the command line and for nodes."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from msgspec import Struct

from service.errors import Malformed, Unauthenticated, Unavailable
from service.identity.assertion import ASSERTION_TYPE
from service.identity.clients import ClientKey

ASSERTION_LIFE: Final = 60
"""Seconds: long enough for a slow network, too short to be worth stealing."""


class AccessToken(Struct, frozen=True):
    """``value`` goes into the Authorization header until ``expires_in`` seconds have passed."""

    value: str
    expires_in: int
    scope: str

    def __repr__(self) -> str:
        return f"AccessToken(***, expires_in={self.expires_in})"


class _Answer(Struct):
    access_token: str
    expires_in: int
    scope: str = ""


class _Refusal(Struct):
    error: str
    error_description: str = ""


def sign_assertion(key: ClientKey, now: datetime) -> str:
    """A fresh assertion (RFC 7523) for the token endpoint: each one works once."""
    issued = int(now.timestamp())
    claims = {
        "iss": key.client_id,
        "sub": key.client_id,
        "aud": key.token_endpoint,
        "iat": issued,
        "exp": issued + ASSERTION_LIFE,
        "jti": secrets.token_urlsafe(24),
    }
    try:
        private_key = import_key(key.private_key)
        algorithm = "Ed25519" if private_key.key_type == "OKP" else "ES256"
        header = {"alg": algorithm, "typ": "JWT", "kid": private_key.kid or private_key.thumbprint()}
        return jwt.encode(header, claims, private_key, algorithms=[algorithm])
    except (JoseError, ValueError) as error:
        raise Malformed("The private key of this key file cannot be used.", "Make a new one.") from error


def token_form(key: ClientKey, now: datetime, scope: str | None = None) -> dict[str, str]:
    """The form to post to the token endpoint."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": sign_assertion(key, now),
    }
    return form if scope is None else form | {"scope": scope}


def fetch_token(key: ClientKey, http: httpx.Client, now: datetime, scope: str | None = None) -> AccessToken:
    """Ask for a token with all of the client's permissions, or those of ``scope``.

    Raises Unauthenticated when the issuer says no, Unavailable when it does not answer as an issuer does.
    """
    try:
        response = http.post(key.token_endpoint, data=token_form(key, now, scope))
    except httpx.TransportError as error:
        raise Unavailable(f"Nothing answers at {key.token_endpoint}.", "Is the service running there?") from error
    return _read(response.status_code, response.content, key.token_endpoint)


def _read(status: int, content: bytes, endpoint: str) -> AccessToken:
    try:
        if status == 200:
            answer = msgspec.json.decode(content, type=_Answer)
            return AccessToken(answer.access_token, answer.expires_in, answer.scope)
        refusal: Any = msgspec.json.decode(content, type=_Refusal)
    except msgspec.DecodeError as error:
        raise Unavailable(f"{endpoint} answered {status}, but not as an issuer does.", "Try again later.") from error
    raise Unauthenticated(
        f"The issuer refused: {refusal.error_description or refusal.error}",
        "Check that the key file belongs to this service and that this machine's clock is right.",
    )
