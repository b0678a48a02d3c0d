"""What a body says of a scope edition."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from service.audit.adopter import Adopter, Sign
from service.pages.scopes.desk import Desk
from service.pages.scopes.showing import AT, scope_page
from service.pages.visit import Visit
from service.scope.lifecycle import SCOPE, SIGNED_TYPE, confirm, propose, reject

WHAT: Final = "Scope editions"


async def _propose(visit: Visit, by: Adopter, name: str, seen: Collection[str], effective: date | None) -> None:
    context = visit.context
    await propose(context.db, context.editions, by, name, seen, effective, context.now())


async def _confirm(visit: Visit, by: Adopter, name: str, digest: str, sign: Sign) -> None:
    context = visit.context
    await confirm(context.db, context.editions, by, name, digest, context.now(), sign)


async def _reject(visit: Visit, by: Adopter, name: str, reason: str) -> None:
    await reject(visit.context.db, by, name, reason, visit.context.now())


DESK: Final = Desk(
    at=AT,
    what=WHAT,
    signed_type=SIGNED_TYPE,
    page=scope_page,
    adoption=SCOPE,
    propose=_propose,
    confirm=_confirm,
    reject=_reject,
)
