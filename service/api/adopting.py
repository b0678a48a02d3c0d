"""What routes need through which the two bodies adopt something together: who speaks, and the key that signs it."""

from __future__ import annotations

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from service.audit.adopter import Adopter
from service.errors import Forbidden
from service.identity.keys import SigningKeys
from service.identity.principal import Permission, Principal, require

Keys = NamedDependency[SkipValidation[SigningKeys]]
"""How a route asks for the keys of this service: ``signing: Keys``."""


def adopter_of(principal: Principal, permission: Permission, what: str) -> Adopter:
    """Who speaks for a body about *rule notices*, *scope editions*; a force's client never does, whatever an issuer
    gave it."""
    require(principal, permission)
    if principal.body is None:
        raise Forbidden(f"{what} are for the national bodies to adopt.", "Call as one of them.")
    return Adopter(client=principal.client_id, body=principal.body)
