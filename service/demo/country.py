"""Loads the synthetic country through the front door: every return is opened, uploaded, explained and sealed as a
force would do it, at the moments of ``moments.py``, so that everything that follows from a seal is really there.

Loading may be cut off at any point, and goes on where it was: what is sealed is left alone, and an open return takes
the same rows again, which changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC
from typing import Final
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import text

from service.contract.model import PartName, Role
from service.demo.generate import Withdrawal
from service.demo.moments import Sealing
from service.demo.parcels import CONTRACT, MEDIA, Parcel, parcels
from service.demo.plan import CountryPlan
from service.returns.answers import Words, explain, unanswered_rules
from service.returns.as_read import as_read
from service.returns.context import Actor, Context
from service.returns.current import current_rows
from service.returns.lifecycle import Opening, open_return
from service.returns.model import Open, Sealed, etag_of
from service.returns.seal import Declaration, seal
from service.returns.spool import spool
from service.returns.store import return_by_id, returns_of
from service.returns.upload import Target, upload
from service.returns.withdrawals import delete_case
from service.terms.calendar import Period, parse_period

ACTOR: Final = Actor("demo", "The synthetic country")
_SIGNED: Final = Declaration(declaration=True, name="A. Example", role="Force data lead (synthetic)")
_WORDS: Final = "Checked against the case file; it stands as it was recorded at the time."
_AT_ONCE: Final = 5
"""Returns under way at the same time: while the largest is prepared, the others go on behind it."""

Progress = Callable[[int, int], None]
"""Told after each return: how many are done, and of how many."""


async def load_country(context: Context, plan: CountryPlan, due: Sequence[Sealing], progress: Progress) -> None:
    """Seal every return of ``due``, in exactly that order; several are prepared at a time, each force's in turn."""
    await _Loader(context, plan, due, progress).run()


class _Loader:
    """One run over all returns."""

    def __init__(self, context: Context, plan: CountryPlan, due: Sequence[Sealing], progress: Progress) -> None:
        self._context, self._plan, self._due, self._progress = context, plan, due, progress
        self._waiting = iter(enumerate(due))
        self._done = 0
        self._settled = [asyncio.Event() for _ in due]
        self._turn: dict[str, asyncio.Lock] = {each.force: asyncio.Lock() for each in due}
        self._parcels: dict[str, dict[tuple[str, int], Parcel]] = {}
        self._making = asyncio.Lock()

    async def run(self) -> None:
        self._progress(0, len(self._due))
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        for place, each in self._waiting:
            async with self._turn[each.force]:  # first come, first served: a force's returns stay in order
                await self._settle(place, each)
            self._settled[place].set()
            self._done += 1
            self._progress(self._done, len(self._due))

    async def _settle(self, place: int, sealing: Sealing) -> None:
        number, period = self._context.force_number(sealing.force), parse_period(sealing.period)
        async with self._context.db.force(number) as tx:
            known = await returns_of(tx, number, period)
        if any(isinstance(item, Sealed) and item.revision == sealing.revision for item in known):
            return
        at = sealing.at.astimezone(UTC)
        context = replace(self._context, clock=lambda: at)
        item = await prepare(context, number, period, sealing.revision, await self._parcel(sealing))
        if place:
            await self._settled[place - 1].wait()  # times never step back, so whoever came late would be sealed later
        await seal(context, ACTOR, number, item.id, _SIGNED, etag_of(item))

    async def _parcel(self, sealing: Sealing) -> Parcel:
        """What the force sends; all of a force's returns are made at once, and let go one by one."""
        async with self._making:  # the generator keeps one force in mind
            if sealing.force not in self._parcels:
                made: Mapping[tuple[str, int], Parcel] = await asyncio.to_thread(parcels, sealing.force, self._plan)
                self._parcels[sealing.force] = dict(made)
        return self._parcels[sealing.force].pop((sealing.period, sealing.revision))


async def prepare(context: Context, force: int, period: Period, revision: int, parcel: Parcel) -> Open:
    """One return from its opening to the moment at which it can be sealed."""
    opening = Opening(
        contract_version=CONTRACT, case_years=parcel.years, corrects=revision - 1 if revision > 1 else None
    )
    item, _ = await open_return(context, ACTOR, force, period, opening)
    for part, content in (
        (PartName.CASE, parcel.cases),
        (PartName.AGGREGATE, parcel.aggregates),
        (PartName.WORKFORCE, parcel.workforce),
    ):
        if content is not None:
            await _send(context, item, part, content)
            item = await _again(context, item)
    item = await _withdraw(context, item, parcel.withdrawn)
    return await _explain(context, item)


async def _send(context: Context, item: Open, part: PartName, content: bytes) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield content

    with await spool(body(), len(content)) as file:
        answer = await upload(context, ACTOR, Target(item=item), part, file, MEDIA)
    if answer.held:
        raise AssertionError(f"{answer.held} synthetic rows of part {part} were held")


async def _withdraw(context: Context, item: Open, withdrawn: Sequence[Withdrawal]) -> Open:
    if not withdrawn:
        return item
    key = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role[Role.KEY].name
    current = current_rows((key,), item.laid_over, as_read(context.library, item.contract_version))
    async with context.db.force(item.force) as tx:
        rows = await tx.execute(
            text(f"select cur.{key}, cur.case_id from ({current}) cur where cur.{key} = any(:keys)"),
            {"force": item.force, "return_id": item.id, "keys": [each.case_ref for each in withdrawn]},
        )
        ids: dict[str, UUID] = dict(rows.all())
    for each in withdrawn:
        item = await delete_case(context, ACTOR, item, ids[each.case_ref], each.reason, None, None)
    return item


async def _explain(context: Context, item: Open) -> Open:
    async with context.db.force(item.force) as tx:
        rules = await unanswered_rules(tx, item)
    if not rules:
        return item
    answers = [Words(rule=rule, key=None, words=_WORDS) for rule in rules]
    explained, _ = await explain(context, ACTOR, item, answers, None)
    return explained


async def _again(context: Context, item: Open) -> Open:
    async with context.db.force(item.force) as tx:
        found = await return_by_id(tx, item.force, item.id)
    if not isinstance(found, Open):
        raise TypeError("nobody else seals or withdraws a return while the country is loaded")
    return found
