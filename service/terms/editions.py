"""Every edition of the terms and where it stands: published in files, adopted, or drafted here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import Conflict, NotFound
from service.scope.edition import State
from service.terms.model import Terms
from service.terms.store import StoredTerms, all_adopted, all_terms_drafted


class Standing(StrEnum):
    """Where an edition stands; ``published``: among the files, and not adopted by this service."""

    PUBLISHED = "published"
    DRAFT = "draft"
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


class TermsEdition(Struct, frozen=True, kw_only=True):
    """One edition. ``position``: from which it holds, or held; ``kept``: what became of it where it was drafted here;
    ``before``: the edition that it followed or, on its way, would follow."""

    terms: Terms
    standing: Standing
    position: int | None = None
    kept: StoredTerms | None = None
    before: str | None = None

    @property
    def is_public(self) -> bool:
        return self.kept is None or self.kept.was_proposed


def holds_from(edition: TermsEdition, today: date) -> date:
    """The day on which an edition was adopted, or is at the earliest."""
    if edition.standing in (Standing.PUBLISHED, Standing.IN_FORCE, Standing.SUPERSEDED):
        return edition.terms.adopted
    effective = edition.kept.effective if edition.kept is not None else None
    return max(today, effective or today)


async def terms_editions(tx: AsyncConnection, published: Mapping[str, Terms]) -> Mapping[str, TermsEdition]:
    """All of them by name: the files that were not adopted, what was adopted in its order, and what is on its way."""
    adopted = await all_adopted(tx)
    drafted = {item.name: item for item in await all_terms_drafted(tx)}
    names = {item.terms.edition for item in adopted}
    found = {
        name: TermsEdition(terms=terms, standing=Standing.PUBLISHED)
        for name, terms in published.items()
        if name not in names
    }
    before: str | None = None
    for item in adopted:
        name = item.terms.edition
        standing = Standing.IN_FORCE if item is adopted[-1] else Standing.SUPERSEDED
        found[name] = TermsEdition(
            terms=item.terms, standing=standing, position=item.position, kept=drafted.get(name), before=before
        )
        before = name
    for name, kept in drafted.items():
        if name not in names:
            follows = before if kept.state is State.DRAFT else kept.follows
            found[name] = TermsEdition(terms=kept.terms, standing=Standing(kept.state.value), kept=kept, before=follows)
    return found


def edition_before(found: Mapping[str, TermsEdition], edition: TermsEdition, against: str | None) -> TermsEdition:
    """The edition that another is compared with: the one that was named, or the one that it follows."""
    name = edition.before if against is None else against
    if name is None or name == edition.terms.edition:
        raise Conflict(
            f"{edition.terms.edition} follows no other edition.", "Name one with against.", code="nothing-to-compare"
        )
    if name not in found:
        raise NotFound("There is no such edition of the terms.", "See /api/terms.", code="no-such-terms")
    return found[name]
