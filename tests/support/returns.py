"""Builders for returns: a service that has adopted the published terms, and small files to send to it.

Each takes only what a test is about: ``a_case(suspect_count="2+")``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec.structs import replace
from sqlalchemy import text

from service.contract.model import PartName
from service.returns.answers import Words, explain
from service.returns.context import Actor, Context, context_of
from service.returns.lifecycle import Opening, open_return
from service.returns.model import AnyReturn, Open, Sealed, etag_of
from service.returns.seal import Declaration, seal
from service.returns.spool import Spool, spool
from service.returns.store import return_by_id, returns_of
from service.returns.upload import Mode, Target, Upload, upload
from service.storage.database import Database
from service.terms.adopt import adopt
from service.terms.calendar import Period, parse_period
from service.terms.check import Published, load_published
from service.terms.model import Accepted

LEAD = Actor("kent-lead", "Kent data lead")
SIGNED = Declaration(declaration=True, name="A. Signer", role="Detective Superintendent")


class TestClock:
    """A clock that stands still until it is told to go on."""

    __test__ = False

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@lru_cache(maxsize=1)
def published() -> Published:
    """Everything under ``contracts/``."""
    return load_published()


async def a_service(db: Database, now: datetime = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)) -> Context:
    """A context over a fresh database that has adopted the published terms, in March 2026 unless said otherwise."""
    terms = published().terms["2025-11"]
    clock = TestClock(now)
    await adopt(db, published(), terms, clock())
    return context_of(db, published(), terms, clock)


def a_case(case_ref: str = "K/1", **fields: str) -> dict[str, str]:
    """A case that is in scope under the wide definition and has no finding, but for what the test says."""
    usual = {
        "case_ref": case_ref,
        "offence_code": "19D",
        "setting": "organised",
        "victim_count": "1",
        "youngest_victim_age": "14",
        "suspect_count": "3",
        "suspects_not_recorded": "3",
        "victims_not_recorded": "1",
        "outcome": "16",
        "nfa_by": "police",
        "nfa_date": "2014-03",
        "stage": "identified",
    }
    return usual | fields


def a_cell(**fields: str) -> dict[str, str]:
    """A cell of cases that are in scope under the wide definition, but for what the test says: year and number, too."""
    usual = {
        "offence_code": "19D",
        "setting": "organised",
        "victim_count": "2",
        "youngest_victim_age": "13",
        "suspect_count": "3",
        "outcome": "16",
        "nfa_by": "police",
    }
    return usual | fields


def a_case_of_2026(case_ref: str = "K/1", **fields: str) -> dict[str, str]:
    """The same case under the names of the second version."""
    usual = a_case(case_ref)
    usual["victim_age_youngest"] = usual.pop("youngest_victim_age")
    return usual | fields


def both_versions(context: Context) -> Context:
    """A service under terms that take a return of either contract version, for any period."""
    first = parse_period("2025-11")
    accepted = tuple(Accepted(version=version, start=first) for version in ("2025.1", "2026.1"))
    return replace(context, terms=replace(context.terms, contracts=accepted))


def csv_of(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Rows as a CSV file, with every column that any of them has."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


async def spooled(content: bytes) -> Spool:
    """A body as the service received it."""

    async def stream() -> AsyncIterator[bytes]:
        yield content

    return await spool(stream(), 1 << 30)


async def opened(context: Context, force: str = "kent", period: str = "2026-02", **opening: object) -> Open:
    """An open return."""
    number = context.force_number(force)
    item, _ = await open_return(context, LEAD, number, parse_period(period), Opening(**opening))  # type: ignore[arg-type]
    return item


async def sent(
    context: Context,
    item: AnyReturn,
    rows: Iterable[Mapping[str, str]] | bytes,
    *,
    part: PartName = PartName.CASE,
    mode: Mode = Mode.CHANGES,
    media: str = "text/csv",
    dry_run: bool = False,
) -> Upload:
    """One upload to the return as it is now."""
    now = await again(context, item)
    assert isinstance(now, Open)
    content = rows if isinstance(rows, bytes) else csv_of(rows)
    with await spooled(content) as body:
        return await upload(context, LEAD, Target(item=now), part, body, media, mode=mode, dry_run=dry_run)


async def again(context: Context, item: AnyReturn) -> AnyReturn:
    """The return as it is now."""
    async with context.db.force(item.force) as tx:
        found = await return_by_id(tx, item.force, item.id)
    assert found is not None
    return found


async def explained(context: Context, item: AnyReturn, *rules: str) -> Open:
    """The return with every finding of these rules answered; without rules: everything that waits for words."""
    now = await again(context, item)
    assert isinstance(now, Open)
    if not rules:
        async with context.db.force(item.force) as tx:
            found = await tx.execute(
                text("select distinct rule from finding where return_id = :id and severity >= 2"), {"id": item.id}
            )
            rules = tuple(found.scalars())
    if not rules:
        return now
    words = [Words(rule=rule, key=None, words="Checked against the file.") for rule in rules]
    changed, _ = await explain(context, LEAD, now, words, None)
    return changed


async def sealed(context: Context, item: AnyReturn) -> Sealed:
    """The return sealed as it stands now."""
    now = await again(context, item)
    return await seal(context, LEAD, now.force, now.id, SIGNED, etag_of(now))


async def reported(
    context: Context, force: str, period: str, rows: Iterable[Mapping[str, str]], **opening: object
) -> Sealed:
    """A whole return: opened, sent, explained, sealed."""
    item = await opened(context, force, period, **opening)
    await sent(context, item, rows)
    await explained(context, item)
    return await sealed(context, item)


async def all_returns(context: Context, force: str, period: str | None = None) -> list[AnyReturn]:
    """A force's returns, newest first."""
    number = context.force_number(force)
    asked: Period | None = None if period is None else parse_period(period)
    async with context.db.force(number) as tx:
        return list(await returns_of(tx, number, asked))
