"""How a client proves itself to the token endpoint: a short-lived assertion that it signed (private_key_jwt)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidClientError
from joserfc.jwk import ECKey, Key, OKPKey
from joserfc.jwt import JWTClaimsRegistry
from msgspec import Struct

from service.identity.jose import BadToken, checked_claims, verified_claims

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA")
"""What clients may sign with; "EdDSA" is the older name of Ed25519 that many libraries still write."""

LONGEST_LIFE: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(seconds=10)
_TYPES: Final = (None, "jwt", "client-authentication+jwt")


class Assertion(Struct, frozen=True):
    """A verified assertion, whose ``jti`` is still to be used up."""

    jti: str
    expires: datetime


def client_of(claims: dict[str, Any]) -> str:
    """Who an assertion says it is from, not verified yet; raises InvalidClientError."""
    client_id = claims.get("sub")
    if not isinstance(client_id, str) or claims.get("iss") != client_id:
        raise refused("iss and sub must both be the client_id")
    return client_id


def verified_assertion(token: str, public_key: dict[str, Any], audiences: frozenset[str], now: datetime) -> Assertion:
    """Check signature, audience and times of an assertion; raises InvalidClientError saying which does not hold.

    ``audiences`` are our own names: an assertion that is also meant for someone else could be replayed by them.
    """
    try:
        key = _key(public_key)
        claims = verified_claims(token, find_key=lambda _: key, algorithms=_algorithms(key), types=_TYPES)
        checked_claims(
            claims,
            JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=int(LEEWAY.total_seconds()),
                iss={"essential": True},
                sub={"essential": True},
                aud={"essential": True},
                exp={"essential": True},
                jti={"essential": True},
            ),
        )
    except BadToken as error:
        raise refused(str(error)) from error
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not named or not set(named) <= audiences:
        raise refused("aud must be the token endpoint or the issuer")
    latest = now + LONGEST_LIFE + LEEWAY
    if claims["exp"] > latest.timestamp():
        raise refused("exp is more than five minutes away")
    client_of(claims)
    return Assertion(claims["jti"], datetime.fromtimestamp(claims["exp"], UTC) + LEEWAY)


def refused(why: str) -> InvalidClientError:
    """400 invalid_client with a reason; the words must be ASCII without quotes or backslashes."""
    return InvalidClientError(description=f"The client assertion was refused: {why}.")


def _key(public_key: dict[str, Any]) -> Key:
    return OKPKey.import_key(public_key) if public_key.get("kty") == "OKP" else ECKey.import_key(public_key)


def _algorithms(key: Key) -> tuple[str, ...]:
    """Only what this very key can sign: a header cannot choose."""
    return ("Ed25519", "EdDSA") if isinstance(key, OKPKey) else ("ES256",)
