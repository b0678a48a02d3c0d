"""One call by an authenticated client: who, to which force's resource, and which of its returns is meant.

Permission first, force second: the answer to the first is the same for every path, so neither tells anything of another
force. Nothing of a body or a query is looked at before both.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from service.api.asking import AnyRequest
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission, Principal, force_of, require
from service.returns.asked import returns_now
from service.returns.choice import current, found_returns
from service.returns.context import Actor, Context
from service.returns.following import Current
from service.returns.model import AnyReturn
from service.terms.calendar import Period, parse_period

MOST_REVISIONS = 10_000


class Call(Struct, frozen=True):
    """A request and its caller, in the context of the service."""

    context: Context
    principal: Principal
    request: AnyRequest

    @property
    def actor(self) -> Actor:
        """The caller, as records and the audit log name it."""
        return Actor(self.principal.client_id, self.principal.name)

    def force(self, permission: Permission) -> int:
        """The number of the force in the path, which must be the caller's own. 403 without the permission, else 404."""
        require(self.principal, permission)
        return self.context.force_number(force_of(self.principal, self.request.path_params["force"]))

    @property
    def period(self) -> Period:
        """The period in the path."""
        return parse_period(self.request.path_params["period"])

    async def returns(self, permission: Permission) -> Sequence[AnyReturn]:
        """The returns of the period in the path, newest revision first; NotFound where there is none."""
        force = self.force(permission)
        period = self.period
        return found_returns(await returns_now(self.context, force, period))

    async def reading(self, revision: int | None = None) -> AnyReturn:
        """The return to read: the revision asked for, else the current one."""
        return current(await self.returns(Permission.RETURNS_READ), revision)

    async def changing(self, permission: Permission = Permission.RETURNS_WRITE) -> AnyReturn:
        """The return to change: the open one, else the one that counts."""
        return current(await self.returns(permission))


Calling = NamedDependency[SkipValidation[Call]]
"""How a route of a force asks for its call: ``call: Calling``."""

Serving = NamedDependency[SkipValidation[Context]]
"""How a public route asks for the service's context: ``context: Serving``."""
Following = NamedDependency[SkipValidation[Current]]
"""How a route that changes which terms are in force asks for what follows them: ``current: Following``."""


def call_of(context: Serving, principal: NamedDependency[SkipValidation[Principal]], request: AnyRequest) -> Call:
    """Who calls, and in which service."""
    return Call(context, principal, request)


def uuid_in_path(request: AnyRequest, name: str) -> UUID:
    """An opaque id in the path; NotFound for what cannot be one."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound(NOT_HERE) from None
