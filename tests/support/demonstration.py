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
from service.returns.context import context_of
from service.storage.database import Database
from service.terms.adopt import adopt
from tests.support.identity import Hand
from tests.support.server import PUBLISHED, Served, a_served

SEEN_AT = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
"""February's returns were due six days ago; some forces are late."""


async def load(db: Database, *, cases: int, now: datetime) -> None:
    """The country as ``case-returns demo`` loads it, up to ``now``; a database with it may be copied."""
    country = plan(london_date(now), cases)
    published, terms = with_terms(PUBLISHED, demo_terms(PUBLISHED, country))
    await adopt(db, published, terms, adopted_at(country))
    context = context_of(db, published, terms, Hand(now))
    await load_country(context, country, sealings(country, now), lambda *_: None)
    async with db.owner() as tx:
        await tx.execute(text("analyze"))


@asynccontextmanager
async def shown(
    db: Database, folder: Path, *, cases: int, now: datetime, clock: Clock | None = None
) -> AsyncIterator[Served]:
    """The country that was loaded, served with pages, its clock standing at ``now``, if it is not another one."""
    published, _ = with_terms(PUBLISHED, demo_terms(PUBLISHED, plan(london_date(now), cases)))
    async with a_served(db, folder, published=published, clock=clock or Hand(now), pages=True) as served:
        yield served


@asynccontextmanager
async def a_demonstration(
    db: Database, folder: Path, *, cases: int = 9_000, now: datetime = SEEN_AT
) -> AsyncIterator[Served]:
    """The country, loaded and shown."""
    await load(db, cases=cases, now=now)
    async with shown(db, folder, cases=cases, now=now) as served:
        yield served
