"""Who can sign in on a demonstration's pages: a data lead for each force, and a coordinator for each national body.

Roles, not persons: nobody here has a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from service.contract.model import CodeList
from service.identity.people import Person
from service.identity.principal import BODIES, BODY_PERMISSIONS, FORCE_PERMISSIONS, Principal

_BODIES: Final = {"nca": "National Crime Agency", "npcc": "National Police Chiefs’ Council"}


def people_of(forces: CodeList, reporting: Iterable[str]) -> Sequence[Person]:
    """The bodies first, then the forces that report, in the order of the list."""
    reports = frozenset(reporting)
    return [
        *(_coordinator(body) for body in BODIES),
        *(_data_lead(code, found.title) for code, found in forces.by_code.items() if code in reports),
    ]


def _coordinator(body: str) -> Person:
    title = _BODIES[body]
    principal = Principal(
        client_id=f"demonstration:{body}",
        name=f"Coordinator, {title} (demonstration)",
        force=None,
        body=body,
        permissions=BODY_PERMISSIONS,
    )
    return Person(id=body, role="coordinator", of=title, principal=principal)


def _data_lead(force: str, title: str) -> Person:
    principal = Principal(
        client_id=f"demonstration:{force}",
        name=f"Data lead, {title} (demonstration)",
        force=force,
        body=None,
        permissions=FORCE_PERMISSIONS,
    )
    return Person(id=force, role="data lead", of=title, principal=principal)
