"""Builders of what the national picture reads: sealed returns with their tallies, written by the product's own roles.

A return is told by its rows (``Row``); its tally is folded from them as a seal would fold it, so a test speaks of cases
and the tables hold sums.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Struct
from sqlalchemy import event, text

from service.storage.database import Database
from service.storage.position import Position, advance
from service.tally.model import Cell, Margin, Tally, with_headline
from service.tally.store import store_tallies
from service.terms.adopt import adopt
from service.terms.check import Published, load_published
from service.terms.model import Terms

PUBLISHED = load_published()
WIDE, REFERRAL = "2025-11-wide", "2026-02-referral"
START = datetime(2025, 11, 1, 9, tzinfo=UTC)


class Row(Struct, frozen=True, kw_only=True):
    """One case (or, with a weight, a cell) as a tally sees it: its ruling and the values of the margins, by ordinal."""

    ruling: int = 0
    stage: int | None = 0
    setting: int | None = 0
    year: int | None = 2014
    weight: int = 1
    shared_ref: str | None = None
    shared_with: tuple[str, ...] = ()
    lead: str | None = None


class Country(Struct):
    """A database into which forces seal returns, one after the other."""

    db: Database
    published: Published
    editions: dict[str, int]
    now: datetime = START

    def number(self, force: str) -> int:
        """The stored number of a force."""
        return self.published.library.lists[self.terms.force_list].by_code[force].ordinal

    @property
    def terms(self) -> Terms:
        """The terms that are in force."""
        return next(iter(self.published.terms.values()))

    async def seals(
        self,
        force: str,
        period: str,
        rows: Sequence[Row] = (Row(),),
        *,
        under: Iterable[str] = (WIDE, REFERRAL),
        revision: int = 1,
        at: datetime | None = None,
        open_cells: int = 0,
        not_counted: int = 0,
    ) -> Position:
        """Seal a return that holds these rows, judged alike under each edition."""
        self.now = at or self.now + timedelta(hours=1)
        number, return_id = self.number(force), uuid4()
        async with self.db.force(number) as tx:
            await tx.execute(
                text(
                    "update case_return set state = 'superseded' "
                    "where period = cast(:period as date) and state = 'sealed'"
                ),
                {"period": first_day(period)},
            )
            await tx.execute(_RETURN, self._sealed(number, return_id, period, revision))
            tally = tally_of(rows, open_cells=open_cells, not_counted=not_counted)
            for name in under:
                key = {"force": number, "return_id": return_id, "edition": self.editions[name]}
                edition = self.editions[name]
                await store_tallies(
                    tx, force=number, return_id=return_id, origin="judged", position=0, tallies={edition: tally}
                )
                for row in rows:
                    if row.shared_ref is not None:
                        await tx.execute(_SHARED, {**key, **self._shared(row)})
            moved = await advance(tx, "return_sealed", self.now, number)
            await tx.execute(_NUMBERED, {"position": moved.position, "id": return_id})
        return moved

    async def withdraws(self, force: str, period: str, revision: int = 1) -> Position:
        """Withdraw a sealed return."""
        self.now += timedelta(hours=1)
        number = self.number(force)
        async with self.db.force(number) as tx:
            moved = await advance(tx, "return_withdrawn", self.now, number)
            await tx.execute(
                _WITHDRAWN,
                {"position": moved.position, "period": first_day(period), "revision": revision, "now": self.now},
            )
        return moved

    async def something_else_happens(self) -> Position:
        """A change that moves no figure."""
        self.now += timedelta(hours=1)
        async with self.db.app() as tx:
            return await advance(tx, "something", self.now)

    def _sealed(self, force: int, return_id: UUID, period: str, revision: int) -> dict[str, object]:
        return {
            "force": force,
            "id": return_id,
            "period": first_day(period),
            "revision": revision,
            "now": self.now,
            "digest": hashlib.sha256(return_id.bytes).digest(),
        }

    def _shared(self, row: Row) -> dict[str, object]:
        return {
            "case_id": uuid4(),
            "shared_ref": row.shared_ref,
            "shared_with": sum(1 << self.number(force) for force in row.shared_with) or None,
            "lead": None if row.lead is None else self.number(row.lead),
            "ruling": row.ruling,
            "stage": row.stage,
            "setting": row.setting,
            "year": row.year,
        }


_RETURN = text(
    "insert into case_return (force, id, period, revision, state, contract_version, opened_at, opened_by, sealed_at, "
    "sealed_position, digest, receipt, line) "
    "select :force, :id, :period, :revision, 'sealed', '2025.1', :now, 'test', :now, 0, :digest, '{}', count(*) + 1 "
    "from case_return where force = :force"
)
_NUMBERED = text("update case_return set sealed_position = :position where id = :id")
_WITHDRAWN = text(
    "update case_return set state = 'withdrawn', withdrawn_at = :now, withdrawn_position = :position "
    "where period = :period and revision = :revision"
)
_SHARED = text(
    "insert into shared_version (force, edition, case_id, line_from, line_to, shared_ref, shared_with, lead, ruling, "
    "stage, setting, year) select force, :edition, :case_id, line, line + 1, :shared_ref, :shared_with, :lead, "
    ":ruling, :stage, :setting, :year from case_return where force = :force and id = :return_id"
)


def first_day(period: str) -> date:
    return date.fromisoformat(f"{period}-01")


def tally_of(rows: Sequence[Row], *, open_cells: int = 0, not_counted: int = 0) -> Tally:
    """The tally that these rows fold to."""
    cells: Counter[tuple[Margin, int, int | None]] = Counter()
    for row in rows:
        for margin, value in ((Margin.STAGE, row.stage), (Margin.SETTING, row.setting), (Margin.YEAR, row.year)):
            cells[margin, row.ruling, value] += row.weight
    return Tally(
        counted=sum(row.weight for row in rows),
        not_counted=not_counted,
        open_cells=open_cells,
        cells=with_headline(Cell(*key, weight) for key, weight in cells.items()),
    )


async def a_country(db: Database, published: Published = PUBLISHED) -> Country:
    """A database that has taken in what is published: the wide scope in force since the first change."""
    await adopt(db, published, next(iter(published.terms.values())), START)
    async with db.owner() as tx:
        rows = (await tx.execute(text("select name, id from scope_edition"))).all()
    return Country(db, published, {row.name: row.id for row in rows})


async def statements_of(db: Database, asking: Callable[[], Awaitable[object]]) -> list[str]:
    """The statements that the national role makes for one question."""
    seen: list[str] = []
    engine = db._national.sync_engine
    listener: Callable[..., None] = lambda *arguments: seen.append(arguments[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", listener)
    try:
        await asking()
    finally:
        event.remove(engine, "before_cursor_execute", listener)
    return seen
