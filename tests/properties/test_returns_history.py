"""Whatever a force sends, corrects and takes back: what was sealed stays, and a stock is what its history says.

The model is a dictionary: cases by reference, each a value and a kind of empty by field. It knows nothing of drafts on
disk, lines or versions; what it does is semantics 15 to 19, 22 and 30.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum, auto
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import text

from service.contract.model import Field, PartName
from service.contract.values import read_cell
from service.returns.cases import CaseRow
from service.returns.context import Context
from service.returns.held import set_aside
from service.returns.lifecycle import withdraw_return
from service.returns.model import Open, Sealed
from service.returns.reconcile import reconcile
from service.returns.rejudge import judge_chain
from service.returns.rejudging import judge_remaining
from service.returns.upload import Mode
from service.scope.store import document_of
from service.storage.position import latest
from service.tally.model import Tally
from service.terms.calendar import Period
from tests.support.bridges import bridge_between, picture_totals, sum_of
from tests.support.moves import (
    after,
    by_ruling,
    flips_of,
    moved,
    proposed,
    renamed,
    side_of,
    standing,
    weights_of,
)
from tests.support.postgres import Server
from tests.support.returns import LEAD, a_service, again, csv_of, explained, opened, sealed, sent
from tests.support.stock import (
    assert_tallies_are_right,
    blocks,
    cases_of,
    comparable,
    counts_of,
    held_at,
    held_in,
    missing_in,
    offline_digest,
    record_of,
    tallies_of,
    versions_of,
    word_on,
)

FORCE = "surrey"
NAMES = [f"K/{number}" for number in range(1, 7)]
CELLS: Mapping[str, tuple[str, ...]] = {
    "stage": ("identified", "assessed"),
    "setting": ("organised", "gang|other", "", "not_provided"),
    "suspect_count": ("1", "2+", "3", ""),
    "nfa_date": ("2014-03", "2013/2014", ""),
    "shared_with": ("", "essex;kent", "not_applicable"),
    "outcome": ("16", "22"),
}
BIRTHS = count()
HOLDS = {"stage": "no such stage"}

Known, Empties = dict[str, Any], dict[str, str]
"""What is known by field, and why what is empty is empty."""


class Case(Struct, frozen=True):
    """A case as it stands; ``born`` tells it from another that bears the same reference at another time."""

    known: Known
    empties: Empties
    born: int


Stock = dict[str, Case]


class Sending(Struct, frozen=True):
    """One upload: rows by reference, those among them that cannot be accepted, which missing cases to keep, and a case
    that bears another reference from now on."""

    mode: Mode
    rows: dict[str, dict[str, str]]
    wrong: frozenset[str]
    keep: frozenset[str]
    renamed: str | None


class Where(StrEnum):
    """Of which period a return is: the next, the one after that, the newest again, an older one again, or one that was
    skipped."""

    NEXT = auto()
    SKIPPING = auto()
    NEWEST = auto()
    OLDER = auto()
    LATE = auto()


class Reporting(Struct, frozen=True):
    """One return; of the newest period, it is perhaps taken back at once. ``which`` older or skipped one is meant."""

    where: Where
    which: int
    sendings: tuple[Sending, ...]
    taken_back: bool


class Draft:
    """An open return as the model has it: its cases, and the word on those that a snapshot lacked."""

    def __init__(self, base: Stock, fields: Mapping[str, Field]) -> None:
        self.cases, self.kept, self._fields = dict(base), dict[str, bool](), fields

    def rows_of(self, sending: Sending) -> dict[str, dict[str, str]]:
        """The rows as they are sent: a case is renamed where it is held and not sent under its old name too."""
        rows = {name: cells | (HOLDS if name in sending.wrong else {}) for name, cells in sending.rows.items()}
        old, new = sending.renamed, f"{sending.renamed}/new"
        if old is not None and old in self.cases and old not in rows and new not in self.cases:
            rows[new] = {"former_case_ref": old, "stage": "assessed"}
        return rows

    def take(self, sending: Sending) -> None:
        rows = self.rows_of(sending)
        for name, cells in rows.items():
            if cells["stage"] != HOLDS["stage"]:
                self._lay(name, cells, whole=sending.mode is Mode.SNAPSHOT)
        if sending.mode is Mode.SNAPSHOT:
            for name in self.cases.keys() - rows.keys():
                self.kept.setdefault(name, name in sending.keep)

    def _lay(self, name: str, cells: dict[str, str], *, whole: bool) -> None:
        reference = cells.get("former_case_ref", name)
        before = self.cases.pop(reference, None) or Case({}, {}, next(BIRTHS))
        self.kept.pop(reference, None)
        known, empties = dict(before.known), dict(before.empties)
        if whole:
            known, empties = {}, dict.fromkeys(self._fields.keys() - {"case_ref"}, "not_provided")
        for field, cell in {"case_ref": name, **cells}.items():
            read = read_cell(self._fields[field], cell)
            known.pop(field, None)
            empties.pop(field, None)
            if read.value is not None:
                known[field] = read.value
            if read.empty is not None:
                empties[field] = read.empty.value
        self.cases[name] = Case(known, empties, before.born)

    def stock(self) -> Stock:
        return {name: case for name, case in self.cases.items() if self.kept.get(name, True)}


def said(stock: Stock) -> dict[str, tuple[Known, Empties]]:
    """A stock without who is who."""
    return {name: (case.known, case.empties) for name, case in stock.items()}


some_fields = st.sets(st.sampled_from(sorted(CELLS)), max_size=4).map(lambda names: sorted(names | {"stage"}))
some_names = st.frozensets(st.sampled_from(NAMES), max_size=2)


def cells_in(fields: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({name: st.sampled_from(CELLS[name]) for name in fields})


@st.composite
def sendings(draw: st.DrawFn) -> Sending:
    """A snapshot has one heading for all rows; objects of changes have keys of their own."""
    mode = draw(st.sampled_from([Mode.CHANGES, Mode.CHANGES, Mode.SNAPSHOT]))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    heading = draw(some_fields)
    rows = {name: draw(cells_in(heading if mode is Mode.SNAPSHOT else draw(some_fields))) for name in names}
    renamed = draw(st.sampled_from([None, *NAMES[:3]])) if mode is Mode.CHANGES else None
    return Sending(mode, rows, draw(some_names), draw(some_names), renamed)


histories = st.lists(
    st.builds(
        Reporting,
        st.sampled_from(Where),
        st.integers(0, 5),
        st.lists(sendings(), min_size=1, max_size=2).map(tuple),
        st.sampled_from([False, False, True]),
    ),
    min_size=3,
    max_size=6,
)


@asynccontextmanager
async def _told(server: Server, template: str, history: list[Reporting]) -> AsyncIterator[Story]:
    """A force whose history happened, in a service of its own."""
    async with server.copy_of(template) as made:
        story = Story(await a_service(made.db, datetime(2030, 6, 1, 9, tzinfo=UTC)))
        for reporting in history:
            await story.report(reporting)
        yield story


@given(histories)
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
async def test_a_stock_is_what_its_history_says_and_what_is_sealed_stays(
    server: Server, template: str, history: list[Reporting]
) -> None:
    async with _told(server, template, history) as story:
        await story.nothing_sealed_has_changed()


@given(histories)
@settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck))
async def test_what_is_judged_again_is_what_was_judged_at_the_seal(
    server: Server, template: str, history: list[Reporting]
) -> None:
    async with _told(server, template, history) as story:
        context = story.context
        was = await standing(context, "2025-11-wide")
        again_ = await proposed(context, renamed(context, was.edition, "2026-09-again"))
        force = story.sealed[0][0].force
        assert await judge_chain(context, force, again_) == len(story.sealed)
        for item, _, tallies in story.sealed:
            now = await tallies_of(context, item)
            assert comparable(now["2026-09-again"]) == comparable(tallies["2025-11-wide"])
            assert await moved(context, force, item.id, again_.id) == await moved(context, force, item.id, was.id)
            flips = await flips_of(context, force, item.id, again_.id)
            assert all(before == after for before, after, _ in flips)
        assert await judge_chain(context, force, again_) == 0
        done = await reconcile(context)
        assert (done.returns, done.not_judged, done.mismatches) == (len(story.sealed), 0, ())


@given(histories)
@settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck))
async def test_a_tally_is_that_of_the_base_and_what_moved_and_either_side_of_flips_is_one(
    server: Server, template: str, history: list[Reporting]
) -> None:
    async with _told(server, template, history) as story:
        context = story.context
        for name in ("2025-11-wide", "2026-02-referral"):
            edition = await standing(context, name)
            for item, _, _ in story.sealed:
                weights = await weights_of(context, item.force, item.id, edition.id)
                transitions = await moved(context, item.force, item.id, edition.id)
                if item.base_id is None:
                    assert transitions == []
                else:
                    base = await weights_of(context, item.force, item.base_id, edition.id)
                    assert after(base, transitions) == weights
                if edition.follows is not None:
                    flips = await flips_of(context, item.force, item.id, edition.id)
                    before = await weights_of(context, item.force, item.id, edition.follows[0])
                    assert (side_of(flips, 0), side_of(flips, 1)) == (by_ruling(before), by_ruling(weights))


@given(histories, st.data())
@settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck))
async def test_the_parts_of_a_bridge_make_up_the_difference_between_any_two_points(
    server: Server, template: str, history: list[Reporting], data: st.DataObject
) -> None:
    async with _told(server, template, history) as story:
        context = story.context
        wide = await standing(context, "2025-11-wide")
        rules = data.draw(st.permutations(document_of(wide.edition)["rules"]).map(lambda all_: all_[:3]))
        await proposed(context, renamed(context, wide.edition, "2026-09-other", rules=rules))
        await judge_remaining(context)
        scopes = ("2025-11-wide", "2026-02-referral", "2026-09-other")
        points = data.draw(
            st.lists(st.tuples(st.sampled_from(story.positions), st.sampled_from(scopes)), min_size=3, max_size=3).map(
                sorted
            )
        )
        first, second, third = points
        whole = await bridge_between(context, first, third)
        halves = [await bridge_between(context, first, second), await bridge_between(context, second, third)]
        assert sum_of(whole) == sum_of(halves[0]) + sum_of(halves[1])
        assert (whole.opening, whole.closing) == (halves[0].opening, halves[1].closing)
        assert (await bridge_between(context, second, second)).parts == ()
        for (position, scope), counts in ((first, whole.opening), (third, whole.closing)):
            assert await picture_totals(context, position, scope) == counts


class Story:
    """A force that reports, beside the model of what it holds: what stands of each period, the last revision last."""

    def __init__(self, context: Context) -> None:
        self.context = context
        contract = next(iter(context.library.contracts.values()))
        self.fields = contract.parts[PartName.CASE].by_name
        self.standing: dict[Period, list[tuple[Sealed, Stock]]] = {}
        self.positions: list[int] = []
        self.sealed: list[tuple[Sealed, dict[str, CaseRow], dict[str, Tally]]] = []

    async def report(self, reporting: Reporting) -> None:
        period = self._period(reporting)
        corrected = self.standing.get(period, [])
        item = await opened(self.context, FORCE, str(period), corrects=corrected[-1][0].revision if corrected else None)
        before, base = self._base(period)
        assert item.base_id == (None if before is None else before.id)
        ahead = await self._newest()
        draft = Draft(base, self.fields)
        for sending in reporting.sendings:
            await self._send(item, sending, draft)
            draft.take(sending)
            assert await self._stock(item) == said(draft.stock())
        await explained(self.context, item)
        done = await sealed(self.context, item)
        await self._sealed_rightly(done, base, draft.stock())
        self.standing.setdefault(period, []).append((done, draft.stock()))
        self.positions.append(done.sealed_position)
        is_branch = period != max(self.standing)
        if is_branch:
            assert await self._newest() == ahead
        elif reporting.taken_back:
            await withdraw_return(self.context, LEAD, done.force, done.id, "Taken back.")
            self.standing[period].pop()
            self.standing = {period: some for period, some in self.standing.items() if some}
            async with self.context.db.national() as tx:
                self.positions.append((await latest(tx)).position)

    def _period(self, reporting: Reporting) -> Period:
        if not self.standing:
            return Period(2025, 12) if reporting.where is Where.SKIPPING else Period(2025, 11)
        known = sorted(self.standing)
        newest = known[-1]
        older = known[:-1]
        months = [Period(2025, 11).plus(n) for n in range(24)]
        skipped = [month for month in months if month < newest and month not in known]
        match reporting.where:
            case Where.NEWEST:
                return newest
            case Where.OLDER if older:
                return older[reporting.which % len(older)]
            case Where.LATE if skipped:
                return skipped[reporting.which % len(skipped)]
            case Where.SKIPPING:
                return newest.plus(2)
            case _:
                return newest.plus(1)

    def _base(self, period: Period) -> tuple[Sealed | None, Stock]:
        """What counts for the period, else for the nearest before."""
        before = [month for month in self.standing if month <= period]
        return self.standing[max(before)][-1] if before else (None, {})

    async def _newest(self) -> Any:
        """The end of the main line, its rows, and what stands at the line's end."""
        if not self.standing:
            return None
        newest, stock = self.standing[max(self.standing)][-1]
        assert await self._stock(newest) == said(stock)
        assert await held_at(self.context, FORCE) == await held_at(self.context, FORCE, newest.line)
        async with self.context.db.national() as tx:
            force = self.context.force_number(FORCE)
            end = text("select return_id from force_line where force = :force")
            assert (await tx.execute(end, {"force": force})).scalar_one() == newest.id
        return newest.id, await cases_of(self.context, newest)

    async def _send(self, item: Open, sending: Sending, draft: Draft) -> None:
        rows = [{"case_ref": name, **cells} for name, cells in draft.rows_of(sending).items()]
        if sending.mode is Mode.SNAPSHOT:
            await sent(self.context, item, csv_of(rows), mode=sending.mode)
        else:
            lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
            await sent(self.context, item, lines, media="application/x-ndjson")
        for held in await held_in(self.context, item):
            if held.set_aside is None:
                now = await again(self.context, item)
                assert isinstance(now, Open)
                await set_aside(self.context, LEAD, now, [held.n], "other", "It cannot be mended.", None)
        waiting = [name for name, one in (await missing_in(self.context, item)).items() if one.answer is None]
        for name in waiting:
            assert name is not None
            if name in sending.keep:
                await word_on(self.context, item, "keep", name)
            else:
                await word_on(self.context, item, "withdraw", name, reason="not_in_search")
        assert (await blocks(self.context, item)).keys() <= {"unanswered-findings"}

    async def _stock(self, item: Open | Sealed) -> dict[str, tuple[Known, Empties]]:
        found = {}
        for name, row in (await cases_of(self.context, item)).items():
            record, _ = record_of(self.fields.values(), row.values)
            known = {field: value for field, value in record.items() if value is not None}
            found[name] = (known, dict(row.empties))
        return found

    async def _sealed_rightly(self, done: Sealed, base: Stock, stock: Stock) -> None:
        """The stock, its tallies and digest are right; only what differs from the base has a new version."""
        assert await self._stock(done) == said(stock)
        await assert_tallies_are_right(self.context, done)
        assert await offline_digest(self.context, done) == done.receipt["digest"]
        (cases,) = await counts_of(self.context, done, "cases")
        assert cases == len(stock)
        new = {name for name, start, _, _ in await versions_of(self.context, FORCE) if start == done.line}
        assert new == {name for name, case in stock.items() if base.get(name) != case}
        rows, tallies = await cases_of(self.context, done), await tallies_of(self.context, done)
        self.sealed.append((done, rows, tallies))

    async def nothing_sealed_has_changed(self) -> None:
        """Every return that was ever sealed shows its own rows and tallies, superseded and withdrawn ones too."""
        for item, rows, tallies in self.sealed:
            assert await cases_of(self.context, item) == rows
            now = await tallies_of(self.context, item)
            assert {name: comparable(one) for name, one in now.items()} == {
                name: comparable(one) for name, one in tallies.items()
            }
