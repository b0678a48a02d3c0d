"""What judging again keeps of a whole chain, folded in the database, is what the seals kept, to the last row."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from service.contract.model import PartName
from service.returns.model import Open, Sealed
from service.returns.reconcile import reconcile
from service.returns.rejudge import judge_chain
from service.returns.withdrawals import delete_case
from service.tally.count import Years
from service.terms.calendar import Period
from tests.support.cells import good_rows
from tests.support.judge import kept
from tests.support.moves import after, moved, proposed, renamed, standing, weights_of
from tests.support.postgres import Server
from tests.support.returns import LEAD, a_service, again, explained, opened, sealed, sent
from tests.support.stock import ids_of, years

Cells = list[tuple[dict[str, str], str]]


class Month(Struct, frozen=True):
    """One return: the months since the newest (0: that one again, below it: an older one, sealed before or skipped),
    the years it declares, the cases it sends and takes away, and its cells (None: as before)."""

    on: int
    covers: Years
    rows: dict[str, dict[str, str]]
    gone: list[str]
    cells: Cells | None


names = st.sampled_from([f"K/{number}" for number in range(8)])
shared = st.builds(
    lambda others, lead: {"shared_with": ";".join(sorted(others)), "lead_force": lead},
    st.frozensets(st.sampled_from(["essex", "surrey"]), min_size=1),
    st.sampled_from(["kent", "essex"]),
)
cases = st.builds(lambda row, words: row | words, good_rows(), st.one_of(st.just({}), st.just({}), shared))
cells = st.lists(
    st.tuples(good_rows(exact_stage=False), st.sampled_from(["0", "1", "7", "not_provided", ""])),
    max_size=6,
    unique_by=lambda cell: tuple(cell[0].items()),
)
months = st.builds(
    Month,
    st.sampled_from([1, 1, 2, 0, -1, -2]),
    st.sampled_from(
        [Years(listed=None, unknown=True), years(), years(unknown=True), years(2010, 2014), years(2014, unknown=True)]
    ),
    st.dictionaries(names, cases, min_size=1, max_size=8),
    st.lists(names, max_size=2, unique=True),
    st.none() | cells,
)


def _named(name: str, row: dict[str, str]) -> dict[str, str]:
    """A reference is one case's alone."""
    return row | ({"shared_ref": f"kent:{name}"} if "shared_with" in row else {})


@given(st.lists(months, min_size=2, max_size=5))
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
async def test_a_chain_that_is_judged_again_is_what_its_seals_kept(
    server: Server, template: str, history: list[Month]
) -> None:
    async with server.copy_of(template) as made:
        context = await a_service(made.db, datetime(2030, 6, 1, 9, tzinfo=UTC))
        returns: list[Sealed] = []
        force, newest, revisions = 0, Period(2025, 11), Counter[Period]()
        for month in history:
            period = max(newest.plus(month.on), Period(2025, 11))
            newest = max(newest, period)
            corrected = revisions[period] or None
            item = await opened(context, "kent", str(period), case_years=month.covers, corrects=corrected)
            revisions[period] += 1
            force = item.force
            await sent(context, item, [{"case_ref": name, **_named(name, row)} for name, row in month.rows.items()])
            held = await ids_of(context, item)
            for name in held.keys() & set(month.gone):
                now = await again(context, item)
                assert isinstance(now, Open)
                await delete_case(context, LEAD, now, held[name], "duplicate", None, None)
            if month.cells is not None:
                rows = [{**row, "cases": weight} for row, weight in month.cells]
                await sent(context, item, rows or b"cases\n", part=PartName.AGGREGATE)
            await explained(context, item)
            returns.append(await sealed(context, item))
        for name in ("2025-11-wide", "2026-02-referral"):
            was = await standing(context, name)
            now_too = await proposed(context, renamed(context, was.edition, f"{name}-again"))
            assert await judge_chain(context, force, now_too) == len(history)
            at_seals, now = [await kept(made, each.id) for each in (was, now_too)]
            if was.follows is None:
                at_seals.pop("flip"), now.pop("flip")
            assert now == at_seals
            for each in returns:
                if each.base_id is not None:
                    base = await weights_of(context, force, each.base_id, was.id)
                    transitions = await moved(context, force, each.id, was.id)
                    assert after(base, transitions) == await weights_of(context, force, each.id, was.id)
        done = await reconcile(context)
        assert (done.returns, done.not_judged, done.mismatches) == (len(history), 0, ())
