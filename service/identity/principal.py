"""Who is calling and what they may do: the claims of a checked token, and the two questions asked of them. Pure.

Ask for the permission first and for the force second: the answer to the first is the same for every path, so neither
tells anything of another force.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from service.audit.adopter import BODIES as BODIES
from service.errors import Forbidden, NotFound


class Permission(StrEnum):
    """The OAuth scopes of this service."""

    RETURNS_READ = "returns:read"
    RETURNS_WRITE = "returns:write"
    RETURNS_SEAL = "returns:seal"
    NATIONAL_READ = "national:read"
    TERMS_PROPOSE = "terms:propose"
    TERMS_CONFIRM = "terms:confirm"
    AUDIT_READ = "audit:read"


FORCE_PERMISSIONS = frozenset(
    {Permission.RETURNS_READ, Permission.RETURNS_WRITE, Permission.RETURNS_SEAL, Permission.AUDIT_READ}
)
BODY_PERMISSIONS = frozenset(
    {Permission.NATIONAL_READ, Permission.TERMS_PROPOSE, Permission.TERMS_CONFIRM, Permission.AUDIT_READ}
)
"""What a client of a force, or of a body, can be given at all: a national client never gets to a force's rows."""

NOT_HERE = "There is nothing here."
"""What a 404 says, whether the thing does not exist or belongs to another force."""


class Principal(Struct, frozen=True, kw_only=True):
    """A caller. Exactly one of ``force`` (a slug of the code list of forces) and ``body`` is set."""

    client_id: str
    name: str
    force: str | None
    body: str | None
    permissions: frozenset[str]


class MissingPermission(Forbidden):
    """Known, but the token does not carry the permission that this needs."""

    code = "missing-permission"

    def __init__(self, permission: str) -> None:
        super().__init__(
            f"This needs the permission {permission}.",
            "Ask for a token with it; if the client does not have it, ask whoever runs the service.",
        )
        self.challenge = f'Bearer error="insufficient_scope", scope="{permission}"'


def require(principal: Principal, permission: str) -> None:
    """Say nothing when the caller may; raise MissingPermission (403), which names the permission."""
    if permission not in principal.permissions:
        raise MissingPermission(permission)


def require_body(principal: Principal, *permissions: str) -> None:
    """Say nothing to a national body that has any of these; raise MissingPermission with the first of them, or
    Forbidden for anybody else: a force's client never, whatever an issuer gave it."""
    if principal.permissions.isdisjoint(permissions):
        raise MissingPermission(permissions[0])
    if principal.body is None:
        raise Forbidden("This is for the national bodies.", "Call as one of them.")


def reads_nationally(principal: Principal) -> bool:
    """Whether it is somebody of a national body who may see what the bodies see."""
    return principal.body is not None and Permission.NATIONAL_READ in principal.permissions


def force_of(principal: Principal, path_force: str) -> str:
    """The caller's force, which must be the one in the path; anything else is NotFound, as if it did not exist."""
    if principal.force is None or principal.force != path_force:
        raise NotFound(NOT_HERE)
    return principal.force
