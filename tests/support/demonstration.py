"""A demonstration that always says the same: the synthetic country of one seed, seen at one fixed moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from service.clock import Clock, london_date
from service.demo.country import load_country
from service.demo.moments import adopted_at, sealings
from service.demo.plan import plan
from service.demo.terms import demo_terms, with_terms
from service.storage.database import Database
from service.terms.adopt import adopt
from tests.support.identity import Hand
from tests.support.server import PUBLISHED, Served, a_served

SEEN_AT = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
"""February's returns were due six days ago; some forces are late."""


@asynccontextmanager
async def a_demonstration(
    db: Database, folder: Path, *, cases: int = 9_000, now: datetime = SEEN_AT, clock: Clock | None = None
) -> AsyncIterator[Served]:
    """The country loaded as ``case-returns demo`` loads it, served with pages, its clock standing at ``now``, if it is
    not another one."""
    country = plan(london_date(now), cases)
    published, terms = with_terms(PUBLISHED, demo_terms(PUBLISHED, country))
    await adopt(db, published, terms, adopted_at(country))
    async with a_served(db, folder, published=published, clock=clock or Hand(now), pages=True) as served:
        await load_country(served.context, country, sealings(country, now), lambda *_: None)
        async with db.owner() as tx:
            await tx.execute(text("analyze"))
        yield served
