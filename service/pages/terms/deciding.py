"""What a body says of an edition of the terms."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from service.audit.adopter import Adopter, Sign
from service.pages.scopes.desk import Desk
from service.pages.terms.showing import AT, terms_page
from service.pages.visit import Visit
from service.terms.lifecycle import SIGNED_TYPE, TERMS, confirm_terms, propose_terms, reject_terms

WHAT: Final = "Editions of the terms"


async def _propose(visit: Visit, by: Adopter, name: str, seen: Collection[str], effective: date | None) -> None:
    context = visit.context
    await propose_terms(context.db, context.library, by, name, seen, effective, context.now())


async def _confirm(visit: Visit, by: Adopter, name: str, digest: str, sign: Sign) -> None:
    context = visit.context
    await confirm_terms(context.db, context.library, by, name, digest, context.now(), sign)
    await visit.site.current.look()


async def _reject(visit: Visit, by: Adopter, name: str, reason: str) -> None:
    await reject_terms(visit.context.db, by, name, reason, visit.context.now())


DESK: Final = Desk(
    at=AT,
    what=WHAT,
    signed_type=SIGNED_TYPE,
    page=terms_page,
    adoption=TERMS,
    propose=_propose,
    confirm=_confirm,
    reject=_reject,
)
