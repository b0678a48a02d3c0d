"""Is this access token good here, and whose is it (RFC 9068). No network: the keys are those of the embedded issuer.

A token that was checked once is remembered by its digest until it expires, because a signature costs a hundred times
a look-up; a changed key file forgets them all, and a disabled client stops within ``clients.KNOWN_FOR``.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from joserfc.jwk import Key
from joserfc.jwt import JWTClaimsRegistry
from msgspec import Struct

from service.clock import Clock
from service.errors import Unauthenticated
from service.identity.clients import Addresses, ClientDirectory
from service.identity.jose import BadToken, checked_claims, verified_claims
from service.identity.keys import SIGNING_ALGORITHM, Keys, SigningKeys
from service.identity.principal import BODIES, Permission, Principal

LEEWAY: Final = 10
"""Seconds by which the clocks of two machines may differ."""

MAX_TOKEN_CHARACTERS: Final = 4_096
MAX_REMEMBERED: Final = 4_096
TYPES: Final = ("at+jwt", "application/at+jwt")

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_KNOWN = frozenset(permission.value for permission in Permission)


class TokenRefused(Unauthenticated):
    """401. ``challenge`` is the WWW-Authenticate header: it says where to find out how to get a token (RFC 9728)."""

    def __init__(self, says: str, do: str, challenge: str) -> None:
        super().__init__(says, do)
        self.challenge = challenge


class _Remembered(Struct, frozen=True):
    claims: dict[str, Any]
    until: int
    """Seconds since 1970, at most the token's ``exp``."""


class TokenVerifier:
    """Checks the tokens of one issuer for one audience. Safe to share between tasks of one event loop."""

    def __init__(
        self, addresses: Addresses, keys: SigningKeys, clients: ClientDirectory, forces: Iterable[str], clock: Clock
    ) -> None:
        """``forces`` are the slugs of the code list: a token for any other is refused."""
        self._addresses = addresses
        self._signing_keys = keys
        self._clients = clients
        self._forces = frozenset(forces)
        self._clock = clock
        self._keys: Keys | None = None
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def principal(self, authorization: Sequence[str]) -> Principal:
        """Who calls, from the values of the Authorization headers; raises TokenRefused (401)."""
        if not authorization:
            raise self._refused("This needs an access token.", None)
        matched = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
        if matched is None or len(matched[1]) > MAX_TOKEN_CHARACTERS:
            raise self._refused("The Authorization header is not one bearer token.", "invalid_request")
        try:
            claims = self._claims(matched[1])
        except BadToken as error:
            raise self._refused(f"The access token is not valid: {error}.", "invalid_token") from error
        return await self._principal_of(claims)

    async def _principal_of(self, claims: dict[str, Any]) -> Principal:
        client = await self._clients.known(claims["client_id"], self._clock())
        if client is None or (client.force, client.body) != (claims.get("force"), claims.get("body")):
            raise self._refused("The access token is not valid: its client may not act now.", "invalid_token")
        granted = frozenset(claims["scope"].split()) & frozenset(client.permissions) & _KNOWN
        return Principal(
            client_id=client.client_id, name=client.name, force=client.force, body=client.body, permissions=granted
        )

    def _claims(self, token: str) -> dict[str, Any]:
        """The claims of a good token; raises BadToken."""
        keys = self._signing_keys.current()
        if keys is not self._keys:
            self._keys = keys
            self._remembered.clear()
        digest = sha256(token.encode("ascii")).digest()
        now = int(self._clock().timestamp())
        remembered = self._remembered.get(digest)
        if remembered is not None and now < remembered.until:
            return remembered.claims
        claims = self._checked(token, keys, now)
        self._remembered[digest] = _Remembered(claims, int(claims["exp"]))
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return claims

    def _checked(self, token: str, keys: Keys, now: int) -> dict[str, Any]:
        def find_key(header: dict[str, Any]) -> Key | None:
            kid = header.get("kid")
            return keys.verifying.get_by_kid(kid) if isinstance(kid, str) and kid in keys.kids else None

        claims = verified_claims(token, find_key=find_key, algorithms=(SIGNING_ALGORITHM,), types=TYPES)
        registry = JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY,
            iss={"essential": True, "value": self._addresses.issuer},
            aud={"essential": True, "value": self._addresses.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
            client_id={"essential": True},
            scope={"essential": True},
        )
        checked_claims(claims, registry)
        if not isinstance(claims["client_id"], str) or not isinstance(claims["scope"], str):
            raise BadToken("a claim cannot be read")
        force, body = claims.get("force"), claims.get("body")
        if (force is None) == (body is None):
            raise BadToken("it must speak for one force or one body")
        spoken_for, known = (force, self._forces) if body is None else (body, BODIES)
        if not isinstance(spoken_for, str) or spoken_for not in known:
            raise BadToken("it speaks for a force or body that is not known here")
        return claims

    def _refused(self, says: str, error: str | None) -> TokenRefused:
        where = f'resource_metadata="{self._addresses.resource_metadata}"'
        challenge = f"Bearer {where}" if error is None else f'Bearer error="{error}", {where}'
        do = f"Get one from {self._addresses.token_endpoint}, for example with: case-returns token --key FILE"
        return TokenRefused(says, do, challenge)

    def metadata(self) -> dict[str, Any]:
        """The protected-resource document of RFC 9728."""
        return {
            "resource": self._addresses.audience,
            "authorization_servers": [self._addresses.issuer],
            "scopes_supported": [permission.value for permission in Permission],
            "bearer_methods_supported": ["header"],
            "resource_name": "Case Returns",
        }
