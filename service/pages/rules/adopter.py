"""Who may adopt rule notices and scope editions on the pages: somebody of a national body, for that body alone."""

from __future__ import annotations

from service.audit.adopter import Adopter
from service.errors import Forbidden
from service.identity.principal import BODIES, Permission, require
from service.pages.visit import Visit


def adopter_of(visit: Visit, permission: Permission, what: str = "Rule notices") -> Adopter:
    """Who speaks for which body; Forbidden for everybody else, whatever they were given."""
    principal = visit.person.principal
    require(principal, permission)
    if principal.body is None:
        raise Forbidden(f"{what} are for the national bodies to adopt.", "Sign in as somebody of one of them.")
    return Adopter(client=principal.client_id, body=principal.body)


def may(visit: Visit, permission: Permission) -> bool:
    """Whether a form for it is shown at all."""
    principal = visit.person.principal
    return principal.body is not None and permission in principal.permissions


def other_body(body: str) -> str:
    """The body whose word a proposal of this one waits for, as it is written."""
    return next(each for each in BODIES if each != body).upper()
