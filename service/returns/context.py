"""What every use case of returns is given: the database, what was published, and the time."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from service.clock import Clock
from service.contract.library import Library
from service.contract.model import Code, CodeList
from service.errors import NotFound
from service.scope.editions import Editions
from service.storage.database import Database
from service.terms.check import Published
from service.terms.model import Terms


class Context(Struct, frozen=True, kw_only=True):
    """The service as a use case sees it. ``terms`` is the edition of the terms of reference that it runs under."""

    db: Database
    library: Library
    editions: Editions
    terms: Terms
    forces: CodeList
    clock: Clock

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self.clock()

    def force_number(self, force: str) -> int:
        """The stored number of a force; NotFound for anything else, in the words that fit a stranger's force too."""
        return self.force(force).ordinal

    def force(self, force: str) -> Code:
        """A force by its identifier."""
        found = self.forces.by_code.get(force)
        if found is None:
            raise no_such_resource()
        return found


def context_of(db: Database, published: Published, terms: Terms, clock: Clock) -> Context:
    """The context of a running service: one edition of the terms over everything that is published."""
    return Context(
        db=db,
        library=published.library,
        editions=Editions(published.library, published.scopes),
        terms=terms,
        forces=published.library.lists[terms.force_list],
        clock=clock,
    )


class Actor(Struct, frozen=True):
    """Who acts: the client's identifier goes into records and the audit log, the name onto receipts."""

    id: str
    name: str


def no_such_resource() -> NotFound:
    """The one answer for what is not there and for what is another force's."""
    return NotFound("There is no such resource here.", "Check the address, and which force your credentials speak for.")
