"""The context under the terms that are in force: another server may have put them there, so each looks now and then.

What a return may be opened under is looked at again in the transaction that opens it (``hold_in_force``); this is for
all that is shown and said, which is at most a second behind.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Final

from msgspec.structs import replace

from service.clock import Clock
from service.errors import Unavailable
from service.returns.context import Context
from service.terms.model import Terms
from service.terms.store import terms_in_force

EVERY: Final = 1.0
"""Seconds between two looks at which terms are in force."""


class Current:
    """The context of a running service, whichever terms it began under."""

    def __init__(self, begun: Context) -> None:
        self._context = begun
        self._looked_at: float | None = None
        self.clock: Clock = begun.clock

    async def context(self) -> Context:
        """The context now. While the database is away, the last that was seen."""
        now = monotonic()
        if self._looked_at is None or now - self._looked_at >= EVERY:
            self._looked_at = now  # whoever comes meanwhile does not wait for this look
            with suppress(Unavailable):
                await self.look()
        return self._context

    async def look(self) -> None:
        """Look at once."""
        async with self._context.db.app() as tx:
            found = await terms_in_force(tx, self._context.terms)
        if found is not None:
            self._context = under(self._context, found)


def under(context: Context, terms: Terms) -> Context:
    """The same service under other terms."""
    if terms is context.terms:
        return context
    return replace(context, terms=terms, forces=context.library.lists[terms.force_list])
