"""What every signed token has to look like here, before its claims are even read.

A token never brings its own key: a header that points to one (``jku``, ``x5u``, ``jwk``, ``x5c``) or asks for
anything else than ``alg``, ``typ`` and ``kid`` is refused, and nothing is ever fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key

ALLOWED_HEADERS = frozenset({"alg", "typ", "kid"})

KeyFinder = Callable[[dict[str, Any]], Key | None]
"""The one key that may have signed a token with this header, or None."""


class BadToken(Exception):
    """Why a token does not hold, in words that show nothing of it: plain ASCII, no quotes (RFC 6749, 5.2)."""


def verified_claims(
    token: str, *, find_key: KeyFinder, algorithms: Collection[str], types: Collection[str | None]
) -> dict[str, Any]:
    """The claims of a compact JWS whose header is plain, whose type is one of ``types`` (lower case; None: absent)
    and whose signature is that of its key. The claims themselves are not looked at. Raises BadToken."""
    header = header_of(token)
    kind = header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in types:
        raise BadToken("the token is of another type")
    if header.get("alg") not in algorithms:
        raise BadToken("the algorithm is not one that is accepted here")
    key = find_key(header)
    if key is None:
        raise BadToken("the key is not known")
    try:
        return jwt.decode(token, key, algorithms=list(algorithms)).claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadToken("the signature does not hold") from error


def unverified_claims(token: str) -> dict[str, Any]:
    """What a token says of itself, to find out whose key to check it with; raises BadToken."""
    header_of(token)
    try:
        claims = json.loads(jws.extract_compact(token.encode("ascii")).payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadToken("this is not a signed token") from error
    if not isinstance(claims, dict):
        raise BadToken("this is not a signed token")
    return claims


def header_of(token: str) -> dict[str, Any]:
    """The header, unverified, if it has nothing but what is allowed; raises BadToken."""
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadToken("this is not a signed token") from error
    if not isinstance(header, dict) or not set(header) <= ALLOWED_HEADERS:
        raise BadToken("the header carries more than alg, typ and kid")
    return header


def checked_claims(claims: dict[str, Any], registry: jwt.JWTClaimsRegistry) -> None:
    """Say nothing when the claims meet the registry; raise BadToken naming the claim."""
    try:
        registry.validate(claims)
    except JoseError as error:
        raise BadToken(_CLAIM_WORDS.get(type(error).__name__, "a claim does not hold")) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise BadToken("a claim cannot be read") from error


_CLAIM_WORDS = {
    "ExpiredTokenError": "it has expired",
    "MissingClaimError": "a claim is missing",
    "InvalidClaimError": "a claim is not the one that is expected here",
}
